//! How a bulk run uses the limits of simulated servers: the aims, and what must hold for any server.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used)]

#[path = "simulation/mod.rs"]
mod simulation;

use proptest::prelude::*;
use simulation::clients::{Ours, Pool};
use simulation::servers::{Limit, Server};
use simulation::table::{Case, cases, lists};
use simulation::{Outcome, simulate};

fn server(name: &str) -> Server {
    cases().into_iter().find(|case| case.name == name).unwrap().server
}

/// A run of this crate's schedule, which sends each item once with success, and nothing while it was asked to wait.
fn ours(server: &Server, items: usize, concurrency: usize, seed: u64) -> Outcome {
    let outcome = simulate(server, &mut Ours::new(items, concurrency), items, concurrency, seed);
    assert_eq!((outcome.accepted, outcome.disobeyed), (items, 0));
    outcome
}

fn pool(server: &Server, items: usize, concurrency: usize) -> Outcome {
    simulate(server, &mut Pool::new(items, concurrency), items, concurrency, 1)
}

#[test]
fn limits_are_used_well_and_hardly_ever_overrun() {
    // The least share used and the greatest share wasted, with so many items and so many at once.
    for (name, items, concurrency, used, wasted) in [
        ("bucket 200/s, burst 20, 25 ms", 2_000, 6, 0.80, 0.005),
        ("bucket 200/s, burst 20, 25 ms", 10_000, 6, 0.90, 0.002),
        ("bucket 200/s, burst 20, 25 ms", 2_000, 32, 0.72, 0.02),
        ("bucket 200/s, burst 20, 25 ms", 10_000, 32, 0.87, 0.005),
        ("bucket 50/s, burst 50, 25 ms", 2_000, 6, 0.95, 0.02),
        ("bucket 20/s, burst 5, 100 ms", 2_000, 6, 0.87, 0.02),
        ("window 1200 a minute, 25 ms", 2_000, 6, 0.97, 0.01),
        ("window 1200 a minute, 25 ms", 2_000, 32, 0.97, 0.01),
        ("window 1200 a minute, 25 ms", 10_000, 6, 0.97, 0.008),
        ("window 1200 a minute, 25 ms", 10_000, 32, 0.97, 0.008),
        ("shared, 60 to 180/s left", 10_000, 6, 0.75, 0.01),
    ] {
        for seed in 1..3 {
            let outcome = ours(&server(name), items, concurrency, seed);
            assert!(outcome.used >= used && outcome.wasted <= wasted, "{name}, {items}, {concurrency}: {outcome:?}");
        }
    }
}

#[test]
fn nothing_is_slowed_without_a_limit() {
    for server in ["no limit, 25 ms", "latency grows beyond 4 at once"].map(server) {
        for (concurrency, least) in [(6, 0.995), (32, 0.985)] {
            let (ours, pool) = (ours(&server, 2_000, concurrency, 1), pool(&server, 2_000, concurrency));
            assert!(pool.time / ours.time >= least && ours.wasted == 0.0, "{server:?}: {ours:?}, {pool:?}");
        }
    }
}

#[test]
fn fewer_requests_are_wasted_than_by_a_naive_pool() {
    // A 503 without `Retry-After` is a failure of its item. While it waits, others are tried: more requests, but no less speed.
    for Case { name, server } in cases().into_iter().filter(|case| case.name != "503 for 1.5 s of 5") {
        let (ours, pool) = (ours(&server, 2_000, 6, 1), pool(&server, 2_000, 6));
        assert!(ours.wasted <= pool.wasted * 0.6 + 0.002, "{name}: {ours:?}, {pool:?}");
        assert!(ours.used >= pool.used * 0.85, "{name}: {ours:?}, {pool:?}");
    }
}

#[test]
fn lists_with_items_that_are_always_refused_revoke_every_valid_one() {
    for limit in [Limit::Unlimited, Limit::TokenBucket { rate: 50.0, burst: 50.0, left: None }] {
        for (name, always_refused) in lists() {
            for refused_for in [None, Some(1_000.0)] {
                let server = Server { always_refused, refused_for, ..Server::new(limit.clone(), 25.0) };
                let outcome = simulate(&server, &mut Ours::new(1_000, 6), 1_000, 6, 1);
                let valid = (0..1_000).filter(|item| !always_refused(*item)).count();
                assert_eq!((outcome.accepted, outcome.disobeyed), (valid, 0), "{name}, {refused_for:?}");
                assert!(outcome.last_accepted < 1_800_000.0, "{name}, {refused_for:?}: {outcome:?}");
            }
        }
    }
}

fn limits() -> impl Strategy<Value = Limit> {
    prop_oneof![
        (1.0..500.0, 1.0..100.0).prop_map(|(rate, burst)| Limit::TokenBucket { rate, burst, left: None }),
        (5_u32..500, 1.0..60.0, 0.0..1.0).prop_map(|(quota, seconds, phase)| Limit::FixedWindow {
            quota,
            window: seconds * 1000.0,
            phase: phase * seconds * 1000.0
        }),
        (1_usize..20).prop_map(Limit::Concurrency),
        // Storms that come in step with their own Retry-After of a second (1.05 to 1.35 s apart) can meet an item each time: it is
        // refused until it fails, and remains for another run.
        (2.0..30.0, 0.1..0.4).prop_map(|(seconds, share)| Limit::Storms {
            period: seconds * 1000.0,
            length: seconds * share * 1000.0,
            retry_after: Some(1000.0)
        }),
        Just(Limit::Unlimited),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    /// `simulate` and `ours` check that no more is in flight than allowed, that a `Retry-After` is obeyed, that each item is
    /// accepted once, and that the run ends.
    #[test]
    fn whatever_the_limit_every_item_is_revoked(
        limit in limits(), latency in 1.0..500.0, concurrency in 1_usize..40, seed: u64
    ) {
        ours(&Server::new(limit, latency), 150, concurrency, seed);
    }
}
