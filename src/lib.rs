//! Revokes a C1 (ConductorOne) connector credential, from a browser's page or a Cloudflare Worker.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

pub mod auth;
pub mod bulk;
pub mod http;
