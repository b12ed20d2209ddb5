//! Revokes a C1 (ConductorOne) connector credential, from a browser's page or a Cloudflare Worker.
//!
//! The crate is the core of the npm package `c1-revoke`. Pure modules, which know nothing of JavaScript and are tested natively,
//! hold the decisions; the others bind them to the platform. The whole exported surface is [`Client`].

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

// Pure.
pub mod answer;
pub mod bearer;
pub mod path;
pub mod retry;
pub mod retry_after;
pub mod server;
mod text;

// Bound to the platform.
mod call;
mod client;
mod errors;
mod input;
mod interrupt;
mod js;
mod options;
mod security;
mod transport;

pub use client::Client;
