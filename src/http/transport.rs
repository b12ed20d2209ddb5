//! Sends one request with the platform's `fetch` or the caller's HTTP client, and reads the response.

use super::answer::{has_content, is_connection_failure, refusal_message, Head, MAX_BODY_BYTES};
use super::log::Logger;
use super::retry_after;
use super::secret::Secret;
use super::server::is_same_server;
use super::settings::CallSettings;
use crate::auth::bearer::Authorization;
use crate::border::time::{http_date, now_since_epoch};
use crate::border::wait::{Cancellation, Interrupt, Wait};
use crate::border::{self, call_method, discard_body, header_of, missing_global, peek_text, redact, redact_json};
use crate::error::{Error, Failure, HttpFailure, UNEXPECTED};
use gloo_net::http::Headers;
use js_sys::JsString;
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Request;

/// The content type of JSON.
pub const JSON: &str = "application/json";
/// The content type of an HTML form.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Replaces a body that may contain a secret.
pub const MASK: &str = "***";

#[wasm_bindgen]
extern "C" {
    // web-sys binds `fetch` as a method of Window or WorkerGlobalScope. This binding works in every global scope.
    #[wasm_bindgen(catch)]
    fn fetch(request: &Request) -> Result<JsValue, JsValue>;
}

/// A request to send: always a POST.
pub struct Outgoing<'a> {
    /// Its absolute URL.
    pub url: &'a str,
    /// The `Authorization`.
    pub authorization: Option<&'a Authorization>,
    /// The `Content-Type` of its body.
    pub content_type: &'static str,
    /// Its body, if it has one. Only JSON may be logged: a form contains a secret.
    pub body: Option<&'a str>,
    /// The secret to mask in errors and logs: a server may repeat what it received.
    pub secret: Secret,
}

/// A record of the requests of one call.
#[derive(Default)]
pub struct Trace {
    /// The number of requests sent.
    pub requests: Cell<u32>,
    /// When the last one was sent, in milliseconds since 1970.
    pub sent_at: Cell<Option<f64>>,
    /// When the head of its response arrived.
    pub answered_at: Cell<Option<f64>>,
    /// Its response.
    pub answer: RefCell<Option<JsValue>>,
    /// Its status.
    pub status: Cell<Option<u16>>,
}

impl Trace {
    fn sent(&self) {
        self.requests.set(self.requests.get().saturating_add(1));
        self.sent_at.set(Some(now_since_epoch()));
        self.answered_at.set(None);
        self.status.set(None);
        self.answer.replace(None);
    }

    fn answered(&self, response: &JsValue, status: u16) {
        self.answered_at.set(Some(now_since_epoch()));
        self.status.set(Some(status));
        self.answer.replace(Some(response.clone()));
    }

    /// Returns a header of the last response.
    pub fn header(&self, name: &str) -> Option<String> {
        header_of(self.answer.borrow().as_ref()?, name)
    }
}

/// How long a response asks to wait, in milliseconds (`Retry-After`). The response's own `Date` says what time it is for the server,
/// whatever the client's clock shows. Browsers may hide it from a page of another origin.
pub fn retry_after_of(response: &JsValue) -> Option<f64> {
    let value = header_of(response, "retry-after")?;
    let now = header_of(response, "date").and_then(|date| http_date(&date)).unwrap_or_else(now_since_epoch);
    retry_after::parse(&value, now, http_date)
}

/// Sends the requests of a client.
pub struct Transport {
    /// The caller's HTTP client: an object with a method `request`.
    pub client: Option<JsValue>,
    /// The caller's logger.
    pub logger: Option<Logger>,
    /// The `User-Agent`. Browsers set their own.
    pub user_agent: Option<String>,
}

impl Transport {
    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// There is no response.
    pub async fn send(
        &self,
        outgoing: &Outgoing<'_>,
        settings: &CallSettings,
        cancellation: &Cancellation,
        trace: Option<&Trace>,
    ) -> Result<Answer<'_>, Error> {
        let wait = Wait::begin(cancellation, settings.limit)?;
        let request = self.request(outgoing, settings, &wait).map_err(|cause| {
            missing_global(&["Headers", "Request", "AbortController"]).unwrap_or_else(|| Failure::InvalidRequest(cause).into())
        })?;
        if let Some(logger) = &self.logger {
            logger.head(&format!("> Request: POST {}", outgoing.url), &request, outgoing.secret.text());
            let body = if outgoing.content_type == JSON { outgoing.body.unwrap_or_default() } else { MASK };
            logger.body(&body.into());
        }
        if let Some(trace) = trace {
            trace.sent();
        }
        let sent = match &self.client {
            Some(client) => call_method(client, "request", &request),
            None => fetch(&request),
        };
        let response = wait.race_call(sent).await.map_err(|interrupt| self.failure(interrupt))?;
        let (head, content_type) = read_head(&response, outgoing.url).ok_or_else(Error::not_a_response)?;
        if let Some(trace) = trace {
            trace.answered(&response, head.status);
        }
        if let Some(logger) = &self.logger {
            logger.head(&format!("< Response: POST {}", outgoing.url), &response, outgoing.secret.text());
        }
        Ok(Answer { head, content_type, response, wait: Some(wait), transport: self, secret: outgoing.secret.clone() })
    }

    fn request(&self, outgoing: &Outgoing<'_>, settings: &CallSettings, wait: &Wait) -> Result<Request, JsValue> {
        let headers = self.headers(outgoing, settings)?;
        let init = border::request_init(settings.init.as_ref(), &headers, outgoing.body, wait.signal()?.as_ref());
        Request::new_with_str_and_init(outgoing.url, &init)
    }

    /// The headers of a request. Without headers of the caller they are the same for each request with this `Authorization`.
    fn headers(&self, outgoing: &Outgoing<'_>, settings: &CallSettings) -> Result<web_sys::Headers, JsValue> {
        let Some(kept) = outgoing.authorization.map(Authorization::headers).filter(|_| settings.headers.is_none()) else {
            return self.new_headers(outgoing, settings);
        };
        if let Some(headers) = kept.get() {
            return Ok(headers.clone());
        }
        let headers = self.new_headers(outgoing, settings)?;
        let _ = kept.set(headers.clone());
        Ok(headers)
    }

    fn new_headers(&self, outgoing: &Outgoing<'_>, settings: &CallSettings) -> Result<web_sys::Headers, JsValue> {
        let headers = match &settings.headers {
            // Engines quote the invalid value in the exception, which may be a secret.
            Some(headers) => web_sys::Headers::new_with_headers(headers.unchecked_ref())
                .map_err(|_| JsValue::from_str("Invalid header name or value in `headers`"))?,
            None => web_sys::Headers::new()?,
        };
        let headers = Headers::from_raw(headers);
        let set = |name: &str, value: &str| {
            if settings.headers.is_none() || !headers.has(name) {
                headers.set(name, value);
            }
        };
        set("accept", JSON);
        set("content-type", outgoing.content_type);
        if let Some(authorization) = outgoing.authorization {
            set("authorization", authorization.header().text());
        }
        if let Some(user_agent) = &self.user_agent {
            set("user-agent", user_agent);
        }
        Ok(headers.into_raw())
    }

    /// The error of a request without a response.
    fn failure(&self, interrupt: Interrupt) -> Error {
        let Interrupt::Thrown(cause) = interrupt else { return interrupt.into() };
        if let Some(error) = missing_global(&["fetch"]).filter(|_| self.client.is_none()) {
            return error;
        }
        let text = |name| peek_text(&cause, name);
        let failure = match text("name").as_str() {
            "AbortError" => Failure::Aborted(cause),
            "TimeoutError" => Failure::TimedOut(cause),
            // The platform's `fetch` rejects only if the connection fails, however the engine names it. An error of the caller's
            // HTTP client or hook must look like a connection failure.
            name if self.client.is_none() || name == "ConnectionError" => Failure::Connection(cause),
            _ if is_connection_failure(&text("message"), &text("code")) => Failure::Connection(cause),
            _ => Failure::Unexpected(UNEXPECTED, cause),
        };
        failure.into()
    }
}

/// Reads the head of a response and its `Content-Type` as it is. `None`: it is not a `Response`. A polyfill or the caller's HTTP
/// client may return anything.
fn read_head(response: &JsValue, url: &str) -> Option<(Head, JsString)> {
    let mut read = None;
    border::read_head(
        response,
        &mut |status, content_type: JsString, redirected, answered: String, opaque_redirect, content_range, grpc_status| {
            let redirected = redirected || !is_same_server(url, &answered);
            let text = String::from(&content_type);
            let head = Head { status, content_type: text, redirected, opaque_redirect, content_range, grpc_status };
            read = Some((head, content_type));
        },
    );
    read
}

/// A response whose body has not been read. Dropping it cancels the body.
pub struct Answer<'a> {
    /// The head.
    pub head: Head,
    /// The `Content-Type` as it is.
    content_type: JsString,
    /// The object of the platform or of the caller's HTTP client.
    pub response: JsValue,
    wait: Option<Wait>,
    transport: &'a Transport,
    secret: Secret,
}

/// How much of a body was read.
pub struct Extent {
    /// The length of its text before the secret was masked, in UTF-16 code units.
    pub length: u32,
    /// Whether the body is longer than the limit.
    pub truncated: bool,
}

impl Answer<'_> {
    /// The `Content-Type`, with the secret masked.
    pub fn content_type(&self) -> JsString {
        self.shown(self.content_type.clone(), self.head.content_type.len())
    }

    /// Reads the body. Returns its text with the secret masked, and what is to know of it. The text stays in JavaScript's memory.
    ///
    /// # Errors
    /// The connection failed, or the wait ended.
    pub async fn text(&mut self) -> Result<(JsString, Extent), Error> {
        let used = || Error::unexpected(UNEXPECTED, "a hook has read the response body: read response.clone() instead".into());
        let wait = self.wait.take().ok_or_else(used)?;
        let body = wait.read_body(&self.response, MAX_BODY_BYTES).await.map_err(|interrupt| match interrupt {
            Interrupt::Thrown(thrown) if thrown.is_undefined() => Error::not_a_response(),
            interrupt => self.transport.failure(interrupt),
        })?;
        wait.complete();
        let (text, truncated) = match body {
            Ok(text) => (text, false),
            Err(incomplete) if incomplete.used() => return Err(used()),
            Err(incomplete) => (incomplete.text(), true),
        };
        let length = text.length();
        Ok((self.shown(text, length as usize), Extent { length, truncated }))
    }

    /// This response as a failure, with the official SDK's message.
    pub fn failure(&self, body: JsString) -> HttpFailure {
        let content_type = String::from(&self.content_type());
        HttpFailure {
            message: refusal_message(&self.head, &content_type, &String::from(&body)),
            response: self.response.clone(),
            status: self.head.status,
            redirected: self.head.redirected,
            content_type,
            body,
            ..HttpFailure::default()
        }
    }

    /// Whether the headers say that the body has content.
    pub fn has_content(&self) -> bool {
        let header = |name| header_of(&self.response, name);
        has_content(header("content-encoding").as_deref(), header("content-length").as_deref())
    }

    /// Masks the secret in a JSON value.
    pub fn shown_json(&self, value: &JsValue) -> JsValue {
        redact_json(value, self.secret.text())
    }

    /// Masks the secret in a text of this length.
    fn shown(&self, text: JsString, length: usize) -> JsString {
        let secret = self.secret.text();
        // Copying a token to JavaScript takes time, and a shorter text cannot contain it.
        if length < secret.len() {
            text
        } else {
            redact(&text, secret)
        }
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        if self.wait.is_some() {
            discard_body(&self.response);
        }
    }
}
