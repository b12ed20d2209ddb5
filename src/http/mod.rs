//! One request and its answer: where a request may go, what its answer means, and when it is tried again.

pub mod answer;
pub mod attempts;
pub mod log;
pub mod path;
pub mod retry;
pub mod retry_after;
pub mod secret;
pub mod server;
pub mod transport;
