//! Prints how well a bulk run uses the limits of simulated servers, as Markdown: `cargo run --release --example bulk_rates`.
//! An argument selects the servers whose name contains it.

#[path = "../tests/simulation/mod.rs"]
mod simulation;

use simulation::clients::{Client, Halving, Ours, Pool};
use simulation::table::cases;
use simulation::{simulate, Outcome, Run};

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    println!("Each cell: share of the limit used, share of requests refused, longest stall.\n");
    println!("| server | items | at once | c1-revoke | before | naive pool | AWS adaptive |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for case in cases().into_iter().filter(|case| case.name.contains(&filter)) {
        for concurrency in [6, 32] {
            for items in [2_000, 10_000] {
                let run = Run::new(&case.server, items, concurrency);
                let cell = |client: &mut dyn Client| {
                    let Outcome { used, wasted, stall, .. } = simulate(case.server.clone(), client, &run, 7);
                    format!("{:.1} %, {:.2} %, {:.1} s", used * 100.0, wasted * 100.0, stall / 1000.0)
                };
                println!(
                    "| {} | {items} | {concurrency} | {} | {} | {} | {} |",
                    case.name,
                    cell(&mut Ours::new(items, concurrency)),
                    cell(&mut Halving::new(items, concurrency)),
                    cell(&mut Pool::naive(items, concurrency)),
                    cell(&mut Pool::adaptive(items, concurrency)),
                );
            }
        }
    }
}
