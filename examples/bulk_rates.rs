//! Prints as Markdown how well a bulk run uses the limits of simulated servers, compared with other clients: first a summary, then
//! a section for each kind of rate-limit headers. `cargo run --release --example bulk_rates`. An argument selects the servers whose
//! name contains it.

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use simulation::clients::{Client, Halving, Ours, Pool};
use simulation::servers::Headers;
use simulation::table::{cases, Case};
use simulation::{simulate, Outcome, Run};

/// Each client, in the order of the columns.
const CLIENTS: [&str; 4] = ["c1-revoke", "halving", "naive pool", "AWS adaptive"];
const CONCURRENCY: [usize; 2] = [6, 32];
const ITEMS: [usize; 2] = [2_000, 10_000];
const SEED: u64 = 7;

/// One server, one list: the outcome for each client.
struct Row {
    name: String,
    headers: Headers,
    items: usize,
    concurrency: usize,
    outcomes: [Outcome; CLIENTS.len()],
}

impl Row {
    fn new(case: &Case, items: usize, concurrency: usize) -> Row {
        let run = Run::new(&case.server, items, concurrency);
        let outcome = |mut client: Box<dyn Client>| simulate(case.server.clone(), client.as_mut(), &run, SEED);
        let outcomes = [
            outcome(Box::new(Ours::new(items, concurrency))),
            outcome(Box::new(Halving::new(items, concurrency))),
            outcome(Box::new(Pool::naive(items, concurrency))),
            outcome(Box::new(Pool::adaptive(items, concurrency))),
        ];
        Row { name: case.name.clone(), headers: case.server.headers, items, concurrency, outcomes }
    }
}

fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", share * 100.0)
}

/// For one client: the mean share of the limit used, and the mean and the highest share of requests refused.
fn summary(rows: &[&Row], client: usize) -> String {
    if rows.is_empty() {
        return "– | – | –".into();
    }
    let outcomes = || rows.iter().filter_map(|row| row.outcomes.get(client));
    let mean = |share: fn(&Outcome) -> f64| outcomes().map(share).sum::<f64>() / rows.len() as f64;
    // The shortest time is that of a greedy client. Where latency grows with load, another client can be faster.
    let used = mean(|outcome| outcome.used.min(1.0));
    let wasted = mean(|outcome| outcome.wasted);
    let highest = outcomes().map(|outcome| outcome.wasted).fold(0.0, f64::max);
    format!("{} | {} | {}", percent(used, 1), percent(wasted, 2), percent(highest, 2))
}

fn print_summary(rows: &[Row]) {
    let (without, with): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| row.headers == Headers::None);
    println!("| client | no headers: limit used | refused, mean | highest | headers: limit used | refused, mean | highest |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (index, client) in CLIENTS.iter().enumerate() {
        println!("| {client} | {} | {} |", summary(&without, index), summary(&with, index));
    }
}

fn print_table(rows: &[&Row]) {
    println!("| server | items | in flight | {} |", CLIENTS.join(" | "));
    println!("|---|--:|--:|{}", "--:|".repeat(CLIENTS.len()));
    for Row { name, items, concurrency, outcomes, .. } in rows {
        let cells = outcomes.map(|Outcome { used, wasted, stall, .. }| {
            format!("{}, {}, {:.1} s", percent(used, 1), percent(wasted, 2), stall / 1000.0)
        });
        println!("| {name} | {items} | {concurrency} | {} |", cells.join(" | "));
    }
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let rows: Vec<Row> = cases()
        .iter()
        .filter(|case| case.name.contains(&filter))
        .flat_map(|case| CONCURRENCY.into_iter().flat_map(|concurrency| ITEMS.map(|items| Row::new(case, items, concurrency))))
        .collect();
    print_summary(&rows);
    for (headers, title) in [
        (Headers::None, "Without rate-limit headers"),
        (Headers::Draft, "With `RateLimit` headers"),
        (Headers::Custom, "With `X-RateLimit` headers"),
    ] {
        let section: Vec<&Row> = rows.iter().filter(|row| row.headers == headers).collect();
        if !section.is_empty() {
            println!("\n## {title}\n");
            print_table(&section);
        }
    }
}
