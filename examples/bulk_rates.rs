//! Prints how well a bulk run uses the rate limits of simulated servers, as Markdown: `cargo run --release --example bulk_rates`.

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use simulation::clients::{Client, Halving, Ours, Pool};
use simulation::servers::{Headers, Limit, Server};
use simulation::{simulate, Outcome};

fn moving(at: f64) -> f64 {
    [160.0, 60.0, 120.0, 180.0, 90.0][(at / 30_000.0) as usize % 5]
}

fn servers() -> Vec<(String, Server)> {
    let bucket = |rate, burst| Limit::TokenBucket { rate, burst, left: None };
    let window = |quota, window| Limit::FixedWindow { quota, window, phase: 0.37 * window };
    let storms = |retry_after| Limit::Storms { period: 20_000.0, length: 3_000.0, retry_after };
    let mut all = Vec::new();
    for (headers, suffix) in [(Headers::None, ""), (Headers::Draft, ", RateLimit"), (Headers::Custom, ", X-RateLimit")] {
        for (name, limit, latency) in [
            ("token bucket 200/s, burst 20, 25 ms", bucket(200.0, 20.0), 25.0),
            ("token bucket 50/s, burst 50, 25 ms", bucket(50.0, 50.0), 25.0),
            ("token bucket 20/s, burst 5, 100 ms", bucket(20.0, 5.0), 100.0),
            ("token bucket 10/s, burst 20, 25 ms", bucket(10.0, 20.0), 25.0),
            ("window 200 a second, 25 ms", window(200, 1000.0), 25.0),
            ("window 1,200 a minute, 25 ms", window(1200, 60_000.0), 25.0),
            ("shared, 60 to 180/s left, burst 20", Limit::TokenBucket { rate: 200.0, burst: 20.0, left: Some(moving) }, 25.0),
        ] {
            all.push((format!("{name}{suffix}"), Server::new(limit, latency, headers)));
        }
    }
    for (name, limit) in [
        ("4 at once, 25 ms", Limit::Concurrency(4)),
        ("503 for 3 s of 20, Retry-After", storms(Some(1000.0))),
        ("503 for 3 s of 20", storms(None)),
        ("latency grows beyond 4 at once", Limit::Load(4.0)),
        ("no limit, 25 ms", Limit::Unlimited),
    ] {
        all.push((name.into(), Server::new(limit, 25.0, Headers::None)));
    }
    let mut silent = Server::new(bucket(200.0, 20.0), 25.0, Headers::None);
    silent.says_when = false;
    all.push(("token bucket 200/s, no Retry-After".into(), silent));
    all
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    println!("| server | items | at once | ours | before | naive pool | AWS adaptive |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (name, server) in servers().into_iter().filter(|(name, _)| name.contains(&filter)) {
        for concurrency in [6, 32] {
            for items in [2_000, 10_000] {
                let run = |client: &mut dyn Client| simulate(server.clone(), client, items, concurrency, 7);
                let cell = |outcome: Outcome| {
                    format!("{:.1} % {:.2} % {:.1} s", outcome.used * 100.0, outcome.wasted * 100.0, outcome.stall / 1000.0)
                };
                let ours = run(&mut Ours::new(items, concurrency));
                assert_eq!((ours.accepted, ours.disobeyed), (items, 0));
                println!(
                    "| {name} | {items} | {concurrency} | {} | {} | {} | {} |",
                    cell(ours),
                    cell(run(&mut Halving::new(items, concurrency))),
                    cell(run(&mut Pool::naive(items, concurrency))),
                    cell(run(&mut Pool::adaptive(items, concurrency))),
                );
            }
        }
    }
}
