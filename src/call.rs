//! One call: attempts, retries and waits, until there is a result.

use crate::client::Core;
use crate::errors::{Failure, Kind};
use crate::interrupt::{sleep, Interrupt};
use crate::js;
use crate::options::CallOptions;
use crate::retry::{self, Next};
use crate::security;
use crate::transport::{self, Outgoing};
use alloc::rc::Rc;
use alloc::string::String;
use core::cell::Cell;
use wasm_bindgen::prelude::*;

/// A token of fewer characters guards nothing, and masking it would mangle every body.
const SECRET_LENGTH: u32 = 12;

/// A request that has been checked and can be sent any number of times.
pub struct Prepared {
    /// Absolute URL.
    pub url: String,
    /// `{}` or undefined.
    pub body: JsValue,
}

/// What is known of a call besides its result: kept for audit records.
#[derive(Default)]
pub struct Trail {
    /// Requests sent.
    pub attempts: u32,
    /// Status of the last answer.
    pub status: Option<u16>,
    /// What its `Retry-After` says, in ms.
    pub retry_after: Option<f64>,
    /// When the last request was sent, in ms since 1970.
    pub sent: Option<f64>,
    /// When the head of the last answer arrived.
    pub answered: Option<f64>,
    /// What the server calls the request, when it says.
    pub request_id: Option<JsValue>,
}

/// What a call does.
pub enum Operation {
    /// Revokes a credential.
    Revoke(Prepared),
    /// Asks for a token, as of this generation of tokens.
    Token {
        /// See `OAuth`.
        generation: u32,
    },
}

/// Sends the request once; after a 401 with a token that can be renewed, once more. `again` is asked, with status and
/// Retry-After, whether the answer is to be thrown away for another try; then the failure is [`Kind::Again`]. Once `stopped`, nothing
/// is sent; if nothing was, the failure is the same.
///
/// # Errors
/// Everything but success.
pub async fn attempt(
    core: &Rc<Core>,
    operation: &Operation,
    options: &CallOptions,
    trail: &mut Trail,
    again: &dyn Fn(u16, Option<f64>) -> bool,
    stopped: &dyn Fn() -> bool,
) -> Result<JsValue, Failure> {
    let mut renewable = core.security.oauth();
    loop {
        if stopped() {
            return Err(Failure::again());
        }
        // Getting a token has a time limit of its own, so that it does not use up the request's.
        let interrupt = Interrupt::new(&options.signal, options.timeout);
        if let Some(failure) = interrupt.failure() {
            return Err(failure);
        }
        let outgoing = match operation {
            Operation::Revoke(prepared) => Outgoing {
                url: prepared.url.clone(),
                content_type: "application/json",
                body: prepared.body.clone(),
                authorization: core.security.authorization(core, &interrupt).await?,
                secret: None,
            },
            Operation::Token { .. } => match core.security.oauth() {
                Some(oauth) => oauth.outgoing(&core.server, &interrupt).await?,
                None => return Err(Failure::unexpected("There are no client credentials", &JsValue::UNDEFINED)),
            },
        };
        drop(interrupt);
        let interrupt = Interrupt::new(&options.signal, options.timeout);
        if let Some(failure) = interrupt.failure() {
            return Err(failure);
        }
        if stopped() {
            return Err(Failure::again());
        }
        trail.attempts = trail.attempts.saturating_add(1);
        let sent = js_sys::Date::now();
        trail.sent = Some(sent);
        trail.answered = None;
        trail.status = None;
        trail.request_id = None;
        let incoming = transport::send(&outgoing, options, &core.options, &interrupt).await?;
        trail.answered = Some(js_sys::Date::now());
        trail.status = Some(incoming.status);
        trail.retry_after = incoming.retry_after;
        trail.request_id = incoming.request_id();
        let revoke = matches!(operation, Operation::Revoke(_)) && !stopped();
        if let (401, true, Some(oauth)) = (incoming.status, revoke, renewable.take()) {
            incoming.discard();
            if let Some(authorization) = &outgoing.authorization {
                oauth.reject(authorization);
            }
            continue;
        }
        if again(incoming.status, incoming.retry_after) {
            incoming.discard();
            return Err(Failure::again());
        }
        let (body, truncated) = incoming.text(&interrupt, &core.options).await?;
        return match (operation, core.security.oauth(), &outgoing.secret) {
            (Operation::Token { generation }, Some(oauth), Some(secret)) => {
                oauth.conclude(&incoming, &body, truncated, secret, sent, *generation)
            }
            _ => {
                // Should the API repeat the token, no error shows it.
                let token = outgoing.authorization.as_ref().map(security::token_of);
                let body =
                    token.filter(|token| token.length() >= SECRET_LENGTH).map_or(body.clone(), |token| js::mask(&body, &token));
                incoming.judge(&body, truncated).map(|()| incoming.success())
            }
        };
    }
}

/// Sends the request until there is a result, or the retry budget is used up: then the last answer is the result.
///
/// # Errors
/// Everything but success.
pub async fn run(core: &Rc<Core>, operation: &Operation, options: &CallOptions, trail: &mut Trail) -> Result<JsValue, Failure> {
    let begun = js_sys::Date::now();
    let connection_errors = options.retry.as_ref().is_some_and(|retry| retry.connection_errors);
    let mut retry = 0u32;
    loop {
        let wait = Cell::new(0.0);
        let may_wait = |retry_after| {
            let Some(backoff) = options.retry.as_ref().and_then(|retry| retry.backoff.as_ref()) else { return false };
            match retry::next(backoff, retry, js_sys::Date::now() - begun, retry_after, js_sys::Math::random()) {
                Next::Wait(ms) => {
                    wait.set(ms);
                    true
                }
                Next::GiveUp => false,
            }
        };
        let again = |status, retry_after| options.codes.contains(status) && may_wait(retry_after);
        match attempt(core, operation, options, trail, &again, &|| false).await {
            Err(failure) if failure.kind == Kind::Again => {}
            Err(failure) if failure.kind == Kind::Connection && connection_errors && may_wait(None) => {}
            result => return result,
        }
        sleep(wait.get(), &options.signal).await?;
        retry = retry.saturating_add(1);
    }
}
