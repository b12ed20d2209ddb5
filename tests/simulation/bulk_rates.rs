//! Prints as Markdown how well a bulk run uses the limits of simulated servers, compared with other clients, and what becomes of
//! lists with items that are always refused. `cargo run --release --example bulk_rates`. An argument selects the servers whose name
//! contains it.

#[path = "mod.rs"]
mod simulation;

use simulation::clients::{Client, Ours, Pool};
use simulation::servers::Server;
use simulation::table::{cases, lists, Case};
use simulation::{simulate, Outcome, Run};

/// Each client, in the order of the columns.
const CLIENTS: [&str; 3] = ["c1-revoke", "naive pool", "AWS adaptive"];
const CONCURRENCY: [usize; 2] = [6, 32];
const ITEMS: [usize; 2] = [2_000, 10_000];
const SEED: u64 = 7;

/// One server, one list: the outcome for each client.
struct Row {
    name: &'static str,
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
            outcome(Box::new(Pool::naive(items, concurrency))),
            outcome(Box::new(Pool::adaptive(items, concurrency))),
        ];
        Row { name: case.name, items, concurrency, outcomes }
    }
}

fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", share * 100.0)
}

/// For each client: the mean share of the limit used, and the mean and the highest share of requests refused.
fn print_summary(rows: &[Row]) {
    println!("| client | limit used | refused, mean | highest |");
    println!("|---|--:|--:|--:|");
    for (index, client) in CLIENTS.iter().enumerate() {
        let outcomes = || rows.iter().filter_map(|row| row.outcomes.get(index));
        let mean = |share: fn(&Outcome) -> f64| outcomes().map(share).sum::<f64>() / rows.len() as f64;
        // The shortest time is that of a greedy client. Where latency grows with load, another client can be faster.
        let used = mean(|outcome| outcome.used.min(1.0));
        let wasted = mean(|outcome| outcome.wasted);
        let highest = outcomes().map(|outcome| outcome.wasted).fold(0.0, f64::max);
        println!("| {client} | {} | {} | {} |", percent(used, 1), percent(wasted, 2), percent(highest, 2));
    }
}

fn print_table(rows: &[Row]) {
    println!("| server | items | in flight | {} |", CLIENTS.join(" | "));
    println!("|---|--:|--:|{}", "--:|".repeat(CLIENTS.len()));
    for Row { name, items, concurrency, outcomes } in rows {
        let cells = outcomes.map(|Outcome { used, wasted, stall, .. }| {
            format!("{}, {}, {:.1} s", percent(used, 1), percent(wasted, 2), stall / 1000.0)
        });
        println!("| {name} | {items} | {concurrency} | {} |", cells.join(" | "));
    }
}

/// Lists of 1,000 items, 6 in flight. Some items are always refused, with `Retry-After: 1`.
fn print_lists(case: &Case) {
    let concurrency = CONCURRENCY[0];
    for (name, always_refused) in lists() {
        let run = Run::new(&case.server, 1_000, concurrency);
        let server = Server { always_refused, refused_for: Some(1_000.0), ..case.server.clone() };
        let valid = (0..1_000).filter(|item| !always_refused(*item)).count();
        let Outcome { accepted, last_accepted, time, .. } = simulate(server, &mut Ours::new(1_000, concurrency), &run, SEED);
        let (last, end) = (last_accepted / 1000.0, time / 1000.0);
        println!("| {} | {name} | {accepted} of {valid} | {last:.0} s | {end:.0} s |", case.name);
    }
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.name.contains(&filter)).collect();
    let rows: Vec<Row> = cases
        .iter()
        .flat_map(|case| CONCURRENCY.into_iter().flat_map(|concurrency| ITEMS.map(|items| Row::new(case, items, concurrency))))
        .collect();
    print_summary(&rows);
    println!("\n## Each server\n");
    print_table(&rows);
    println!("\n## Lists of 1,000 with items that are always refused\n");
    println!("| server | always refused | valid items revoked | the last one after | end of the run |");
    println!("|---|---|--:|--:|--:|");
    for case in cases.iter().filter(|case| ["no limit, 25 ms", "bucket 50/s, burst 50, 25 ms"].contains(&case.name)) {
        print_lists(case);
    }
}
