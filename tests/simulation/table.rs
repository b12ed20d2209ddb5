//! The servers that are compared.

use super::servers::{Limit, Server};

/// A server, and what to call it.
pub struct Case {
    pub name: &'static str,
    pub server: Server,
}

/// What others leave of a shared limit, at a time in milliseconds.
fn moving(at: f64) -> f64 {
    [160.0, 60.0, 120.0, 180.0, 90.0][(at / 30_000.0) as usize % 5]
}

/// All servers whose limit is of a kind.
pub fn cases() -> Vec<Case> {
    let bucket = |rate, burst| Limit::TokenBucket { rate, burst, left: None };
    let window = |quota, window| Limit::FixedWindow { quota, window, phase: 0.37 * window };
    let storms = |retry_after| Limit::Storms { period: 5_000.0, length: 1_500.0, retry_after };
    let silent = Server { says_when: false, ..Server::new(bucket(200.0, 20.0), 25.0) };
    let of_limits = [
        ("bucket 200/s, burst 20, 25 ms", bucket(200.0, 20.0), 25.0),
        ("bucket 50/s, burst 50, 25 ms", bucket(50.0, 50.0), 25.0),
        ("bucket 20/s, burst 5, 100 ms", bucket(20.0, 5.0), 100.0),
        ("window 200 a second, 25 ms", window(200, 1000.0), 25.0),
        ("window 1200 a minute, 25 ms", window(1200, 60_000.0), 25.0),
        ("shared, 60 to 180/s left", Limit::TokenBucket { rate: 200.0, burst: 20.0, left: Some(moving) }, 25.0),
        ("4 at once, 25 ms", Limit::Concurrency(4), 25.0),
        ("503 for 1.5 s of 5, Retry-After: 1", storms(Some(1000.0)), 25.0),
        ("503 for 1.5 s of 5", storms(None), 25.0),
        ("latency grows beyond 4 at once", Limit::Load(4.0), 25.0),
        ("no limit, 25 ms", Limit::Unlimited, 25.0),
    ]
    .map(|(name, limit, latency)| Case { name, server: Server::new(limit, latency) });
    of_limits.into_iter().chain([Case { name: "bucket 200/s, no Retry-After", server: silent }]).collect()
}

/// Whether an item of a list is always refused.
type IsRefused = fn(usize) -> bool;

/// Lists with items that are always refused: what to call each, and which items of 1,000 they are.
pub fn lists() -> [(&'static str, IsRefused); 7] {
    [
        ("one", |item| item == 500),
        ("the last one", |item| item == 999),
        ("the first 50", |item| item < 50),
        ("the last 50", |item| item >= 950),
        ("1 in 100", |item| item % 100 == 50),
        ("1 in 10", |item| item % 10 == 3),
        ("1 in 3", |item| item % 3 == 0),
    ]
}
