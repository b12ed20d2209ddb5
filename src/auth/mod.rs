//! Where `Authorization` comes from: bearer tokens, and client credentials that are exchanged for one.

pub mod assertion;
pub mod bearer;
pub mod client_id;
pub mod client_secret;
pub(crate) mod credentials;
pub mod oauth;
pub mod security;
mod source;
pub mod token;
