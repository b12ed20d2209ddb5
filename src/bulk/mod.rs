//! Bulk runs: the schedule, the rate, the driver and the report.
//!
//! | module | purpose |
//! |---|---|
//! | [`schedule`] | decides what to do next: pull, send, settle, wait, stop |
//! | [`pace`] | decides how fast: learns the rate that the server accepts |
//!
//! These modules are pure: the caller passes time (in milliseconds), random numbers and outcomes. Tests and
//! `tests/simulation` play whole runs in virtual time.

mod duplicates;
mod input;
pub mod pace;
mod report;
pub(crate) mod run;
pub mod schedule;

pub use schedule::{Action, Outcome, Pulled, Scheduler, Settled, Status};
