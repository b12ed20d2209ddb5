//! Revokes a C1 (ConductorOne) connector credential, from a browser's page or a Cloudflare Worker.
//!
//! The crate is the core of the npm package `c1-revoke`. Its whole exported surface is [`Client`]. Dependencies point down this list:
//!
//! | module | its work |
//! |---|---|
//! | `client` | the exported class: reads its arguments, starts a call, returns a promise |
//! | `options` | what callers may say: `SDKProps` and `RequestOptions` as structs |
//! | [`bulk`] | many calls: the schedule, its pace, its driver, its report |
//! | `call` | one call: attempts, the judgement of the answer, the result |
//! | [`auth`] | where `Authorization` comes from |
//! | [`http`] | one request and its answer; when to try again |
//! | `border` | JavaScript values that are not ours: reading, waiting, clocks |
//! | `error` | every failure, and the JavaScript class that it becomes |
//!
//! Modules that are public know nothing of JavaScript, and are tested natively.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

pub mod auth;
pub mod bulk;
pub mod http;

mod border;
mod call;
mod client;
mod error;
mod options;
#[cfg(all(feature = "test-trap", target_arch = "wasm32"))]
pub mod trap;

pub use client::Client;

/// Takes 3 KB (gzip) less of the download than std's allocator.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();
