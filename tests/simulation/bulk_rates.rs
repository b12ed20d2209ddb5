//! Prints as Markdown how well a bulk run uses the limits of simulated servers, compared with a pool of workers:
//! `cargo run --release --example bulk_rates`. An argument selects the servers whose name contains it.

#[path = "mod.rs"]
mod simulation;

use simulation::clients::{Client, Ours, Pool};
use simulation::table::{Case, cases};
use simulation::{Outcome, simulate};

/// Each client, in the order of the columns.
const CLIENTS: [&str; 2] = ["c1-revoke", "naive pool"];
const CONCURRENCY: [usize; 2] = [6, 32];
const ITEMS: [usize; 2] = [2_000, 10_000];
const SEED: u64 = 7;

/// One server, one list: what to call them, and the outcome for each client.
type Row = (String, [Outcome; CLIENTS.len()]);

fn row(Case { name, server }: &Case, items: usize, concurrency: usize) -> Row {
    let run = |client: &mut dyn Client| simulate(server, client, items, concurrency, SEED);
    let outcomes = [run(&mut Ours::new(items, concurrency)), run(&mut Pool::new(items, concurrency))];
    (format!("{name} | {items} | {concurrency}"), outcomes)
}

fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", share * 100.0)
}

/// For each client: the mean share of the limit used, and the mean and the highest share of requests refused.
fn print_summary(rows: &[Row]) {
    println!("| client | limit used | refused, mean | highest |");
    println!("|---|--:|--:|--:|");
    for (index, client) in CLIENTS.iter().enumerate() {
        let outcomes = || rows.iter().filter_map(|(_, outcomes)| outcomes.get(index));
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
    for (name, outcomes) in rows {
        let cells = outcomes.map(|Outcome { used, wasted, stall, .. }| {
            format!("{}, {}, {:.1} s", percent(used, 1), percent(wasted, 2), stall / 1000.0)
        });
        println!("| {name} | {} |", cells.join(" | "));
    }
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let cases: Vec<Case> = cases().into_iter().filter(|case| case.name.contains(&filter)).collect();
    let rows: Vec<Row> = cases
        .iter()
        .flat_map(|case| CONCURRENCY.into_iter().flat_map(|concurrency| ITEMS.map(|items| row(case, items, concurrency))))
        .collect();
    print_summary(&rows);
    println!("\n## Each server\n");
    print_table(&rows);
}
