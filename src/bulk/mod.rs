//! Many calls: the schedule of a bulk run, and the rate it keeps.
//!
//! | module | its work |
//! |---|---|
//! | [`schedule`] | what to do next: pull, send, settle, wait, stop |
//! | [`pace`] | how fast: learns the rate that the server accepts |
//! | [`limits`] | reads what an answer says of the server's limits |
//!
//! All of it is pure: the caller gives time (in milliseconds), random numbers and answers. Tests and `examples/bulk_rates.rs`
//! play whole runs in virtual time.

mod duplicates;
mod input;
pub mod limits;
pub mod pace;
mod report;
pub(crate) mod run;
pub mod schedule;

pub use limits::Limits;
pub use schedule::{
    Action, Options, Outcome, Progress, Pulled, Scheduler, Settled, Status, Stop, DEFAULT_CONCURRENCY, MAX_ATTEMPTS, MAX_PAUSE,
};
