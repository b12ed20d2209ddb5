//! Revokes a C1 (ConductorOne) connector credential from a web page or a Cloudflare Worker.
//!
//! This crate is the core of the npm package `c1-revoke`. It exports [`Client`] only. Modules depend on those below them:
//!
//! | module | purpose |
//! |---|---|
//! | `client` | the exported class: reads its arguments, starts a call, returns a promise |
//! | `options` | the options of clients, calls and bulk runs as structs |
//! | [`bulk`] | bulk runs: schedule, rate control, driver, report |
//! | `call` | one revocation: attempts, evaluation of the response, result |
//! | [`auth`] | where `Authorization` comes from |
//! | [`http`] | one request and its response; retries |
//! | `border` | foreign JavaScript values: reading, waiting, clocks |
//! | `error` | every failure and its JavaScript error class |
//! | [`invalid`] | why an input is invalid |
//! | `kept` | JavaScript values inside what is serialized |
//!
//! The pure modules among them use no JavaScript and are tested natively; `CONTRIBUTING.md` lists them.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

pub mod auth;
pub mod bulk;
pub mod http;
pub mod invalid;

mod border;
mod call;
mod client;
mod error;
mod kept;
mod options;

pub use client::Client;

/// It is 3 KB smaller (gzip) than std's allocator.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
