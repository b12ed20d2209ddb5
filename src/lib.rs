//! Revokes a C1 (ConductorOne) connector credential, from a browser's page or a Cloudflare Worker.
//!
//! The crate is the core of the npm package `c1-revoke`. Pure modules, which know nothing of JavaScript and are tested natively,
//! hold the decisions; the others bind them to the platform. The whole exported surface is [`Client`].

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::panic))]

extern crate alloc;

// Pure.
pub mod answer;
pub mod assertion;
pub mod base64url;
pub mod bearer;
pub mod bulk;
pub mod client_id;
pub mod client_secret;
pub mod csv;
pub mod path;
pub mod retry;
pub mod retry_after;
pub mod server;
mod text;
pub mod token;

// Bound to the platform.
// mod call;
// mod client;
// mod oauth;
// mod options;
// mod platform;
// mod run;
// mod security;
#[cfg(all(feature = "test-trap", target_arch = "wasm32"))]
pub mod trap;

// pub use client::Client;

#[cfg(feature = "package")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// No code of this crate panics. Should one of a dependency's do, the trap is all that is wanted: the package's loader turns it
/// into an `UnexpectedClientError` for every call that is pending. A message would cost kilobytes and reach nobody.
#[cfg(any())]
#[panic_handler]
fn trap(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
