//! One request and its response: where a request may go, what the response means, and when to retry.

pub mod attempts;
pub mod log;
pub mod outcome;
pub mod path;
pub mod retry;
pub mod retry_after;
pub mod secret;
pub mod server;
pub mod settings;
pub mod transport;
pub mod verdict;
