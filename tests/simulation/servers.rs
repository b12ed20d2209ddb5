//! Servers: what each accepts.

/// What a server does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    Accepted,
    /// 429, or 503 with `Retry-After`.
    Refused,
    /// 503 without it.
    Unavailable,
}

/// The answer to a request.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    pub verdict: Verdict,
    /// Milliseconds; whole seconds, as in the header.
    pub retry_after: Option<f64>,
}

/// The limit of a server.
#[derive(Clone, Debug)]
pub enum Limit {
    /// `rate` a second, after `burst` at once. With `left`, so many a second are left at a time (in ms).
    TokenBucket {
        rate: f64,
        burst: f64,
        left: Option<fn(f64) -> f64>,
    },
    /// So many in each window; the first one began `phase` ms before the run.
    FixedWindow {
        quota: u32,
        window: f64,
        phase: f64,
    },
    /// So many at once.
    Concurrency(usize),
    /// Answers 503 for `length` ms of each `period`.
    Storms {
        period: f64,
        length: f64,
        retry_after: Option<f64>,
    },
    /// Latency grows with the load beyond so many at once.
    Load(f64),
    Unlimited,
}

#[derive(Clone, Debug)]
pub struct Server {
    pub limit: Limit,
    /// The mean time of a request, in milliseconds: a fifth each way, the rest in the server.
    pub latency: f64,
    /// Whether refusals say `Retry-After`.
    pub says_when: bool,
    /// Which items are always refused, and what their `Retry-After` says.
    pub always_refused: fn(usize) -> bool,
    pub refused_for: Option<f64>,
    pub in_service: usize,
    pub tokens: f64,
    pub at: f64,
    pub used: u32,
}

impl Server {
    pub fn new(limit: Limit, latency: f64) -> Server {
        let tokens = if let Limit::TokenBucket { burst, .. } = limit { burst } else { 0.0 };
        Server {
            limit,
            latency,
            says_when: true,
            always_refused: |_| false,
            refused_for: None,
            in_service: 0,
            tokens,
            at: 0.0,
            used: 0,
        }
    }

    /// How much longer than usual a request takes.
    pub fn slowness(&self) -> f64 {
        match self.limit {
            Limit::Load(comfortable) => (self.in_service as f64 / comfortable).max(1.0),
            _ => 1.0,
        }
    }

    fn tick(&mut self, now: f64) {
        match &self.limit {
            Limit::TokenBucket { rate, burst, left } => {
                let rate = left.map_or(*rate, |left| left(self.at));
                self.tokens = (self.tokens + rate * (now - self.at) / 1000.0).min(*burst);
            }
            Limit::FixedWindow { window, phase, .. } => {
                let begun = ((now + phase) / window).floor() > ((self.at + phase) / window).floor();
                self.used = if begun { 0 } else { self.used };
            }
            _ => {}
        }
        self.at = now;
    }

    /// Whether a request would be accepted now.
    pub fn would_accept(&mut self, now: f64) -> bool {
        self.tick(now);
        match self.limit {
            Limit::TokenBucket { .. } => self.tokens >= 1.0,
            Limit::FixedWindow { quota, .. } => self.used < quota,
            Limit::Concurrency(limit) => self.in_service < limit,
            Limit::Storms { period, length, .. } => now % period < period - length,
            Limit::Load(_) | Limit::Unlimited => true,
        }
    }

    /// Takes the request of an item.
    pub fn arrive(&mut self, item: usize, now: f64) -> Reply {
        if (self.always_refused)(item) {
            return Reply { verdict: Verdict::Refused, retry_after: self.refused_for };
        }
        if self.would_accept(now) {
            self.tokens -= 1.0;
            self.used += 1;
            return Reply { verdict: Verdict::Accepted, retry_after: None };
        }
        let whole = |ms: f64| Some((ms / 1000.0).ceil().max(1.0) * 1000.0);
        let wait = match &self.limit {
            Limit::TokenBucket { rate, left, .. } => {
                let rate = left.map_or(*rate, |left| left(now)).max(0.1);
                whole((1.0 - self.tokens) / rate * 1000.0)
            }
            Limit::FixedWindow { window, phase, .. } => whole(window - (now + phase) % window),
            Limit::Storms { retry_after, .. } => *retry_after,
            Limit::Concurrency(_) | Limit::Load(_) | Limit::Unlimited => None,
        };
        let verdict = match self.limit {
            Limit::Storms { retry_after: None, .. } => Verdict::Unavailable,
            _ => Verdict::Refused,
        };
        Reply { verdict, retry_after: wait.filter(|_| self.says_when) }
    }
}
