//! Servers: what each accepts, and what it says of its limit.

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
#[derive(Clone, Debug)]
pub struct Reply {
    pub verdict: Verdict,
    /// Milliseconds; whole seconds, as in the header.
    pub retry_after: Option<f64>,
    pub headers: Vec<(&'static str, String)>,
}

/// Which headers a server sends of its limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Headers {
    None,
    /// `RateLimit` and `RateLimit-Policy`.
    Draft,
    /// `X-RateLimit-Remaining` and `-Reset`.
    Custom,
}

/// The limit of a server.
#[derive(Clone, Debug)]
pub enum Limit {
    /// `rate` a second, after `burst` at once. With `others`, so many a second are left at a time (in ms).
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
    pub headers: Headers,
    /// Whether refusals say `Retry-After`.
    pub says_when: bool,
    pub in_service: usize,
    tokens: f64,
    at: f64,
    used: u32,
}

impl Server {
    pub fn new(limit: Limit, latency: f64, headers: Headers) -> Server {
        let tokens = if let Limit::TokenBucket { burst, .. } = limit { burst } else { 0.0 };
        Server { limit, latency, headers, says_when: true, in_service: 0, tokens, at: 0.0, used: 0 }
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

    /// Takes a request.
    pub fn arrive(&mut self, now: f64) -> Reply {
        let accepted = self.would_accept(now);
        if accepted {
            self.tokens -= 1.0;
            self.used += 1;
        }
        let whole = |ms: f64| (ms / 1000.0).ceil().max(1.0) * 1000.0;
        let mut wait = None;
        let mut headers = Vec::new();
        let draft = self.headers == Headers::Draft;
        match &self.limit {
            Limit::TokenBucket { rate, burst, left } => {
                let rate = left.map_or(*rate, |left| left(now)).max(0.1);
                let until_full = (burst - self.tokens) / rate * 1000.0;
                wait = Some(whole((1.0 - self.tokens) / rate * 1000.0));
                let remaining = self.tokens.max(0.0).floor();
                if draft {
                    headers.push(("ratelimit-policy", format!("\"default\";q={rate:.0};w=1")));
                    headers.push(("ratelimit", format!("\"default\";r={remaining};t={}", (until_full / 1000.0).ceil())));
                } else {
                    headers.push(("x-ratelimit-limit", format!("{burst}")));
                    headers.push(("x-ratelimit-remaining", format!("{remaining}")));
                    headers.push(("x-ratelimit-reset", format!("{}", (until_full / 1000.0).ceil())));
                }
            }
            Limit::FixedWindow { quota, window, phase } => {
                let left = window - (now + phase) % window;
                wait = Some(whole(left));
                let (remaining, reset) = (quota - self.used, (left / 1000.0).ceil());
                if draft {
                    headers.push(("ratelimit-policy", format!("\"default\";q={quota};w={}", (window / 1000.0).ceil())));
                    headers.push(("ratelimit", format!("\"default\";r={remaining};t={reset}")));
                } else {
                    headers.push(("x-ratelimit-limit", format!("{quota}")));
                    headers.push(("x-ratelimit-remaining", format!("{remaining}")));
                    headers.push(("x-ratelimit-reset", format!("{reset}")));
                }
            }
            Limit::Storms { retry_after, .. } => wait = *retry_after,
            Limit::Concurrency(_) | Limit::Load(_) | Limit::Unlimited => {}
        }
        if self.headers == Headers::None {
            headers.clear();
        }
        let retry_after = wait.filter(|_| self.says_when && !accepted);
        let verdict = match (accepted, &self.limit) {
            (true, _) => Verdict::Accepted,
            (false, Limit::Storms { retry_after: None, .. }) => Verdict::Unavailable,
            (false, _) => Verdict::Refused,
        };
        Reply { verdict, retry_after, headers }
    }
}
