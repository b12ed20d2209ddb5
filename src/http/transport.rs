//! Sends one request with the platform's `fetch` or the caller's HTTP client, and reads the response.

use super::answer::{is_connection_failure, refusal_message, Head, MAX_BODY_BYTES};
use super::log::Logger;
use super::retry_after;
use super::secret::Secret;
use super::server::is_same_server;
use super::settings::CallSettings;
use crate::border::time::now_since_epoch;
use crate::border::wait::{Cancellation, Interrupt, Wait};
use crate::border::{self, call_method, discard_body, missing_global, peek, peek_text, redact, redact_json};
use crate::error::{Error, Failure, HttpFailure, UNEXPECTED};
use gloo_net::http::Headers;
use js_sys::JsString;
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Request, RequestInit, RequestRedirect};

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

    /// A `Headers`, or an object of the caller's HTTP client in its place.
    type AnyHeaders;
    #[wasm_bindgen(method, catch)]
    fn get(this: &AnyHeaders, name: &str) -> Result<JsValue, JsValue>;
}

/// A request to send: always a POST.
pub struct Outgoing<'a> {
    /// Its absolute URL.
    pub url: &'a str,
    /// The value of `Authorization`.
    pub authorization: Option<&'a str>,
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
        header(&peek(self.answer.borrow().as_ref()?, "headers"), name)
    }
}

fn header(headers: &JsValue, name: &str) -> Option<String> {
    headers.unchecked_ref::<AnyHeaders>().get(name).ok()?.as_string()
}

/// How long a response asks to wait, in milliseconds (`Retry-After`).
pub fn retry_after_of(response: &JsValue) -> Option<f64> {
    retry_after::parse(&header(&peek(response, "headers"), "retry-after")?, now_since_epoch())
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
        trace: &Trace,
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
        trace.sent();
        let sent = match &self.client {
            Some(client) => call_method(client, "request", &request),
            None => fetch(&request),
        };
        let response = wait.race_call(sent).await.map_err(|interrupt| self.failure(interrupt))?;
        let head = read_head(&response, outgoing.url).ok_or_else(Error::not_a_response)?;
        trace.answered(&response, head.status);
        if let Some(logger) = &self.logger {
            logger.head(&format!("< Response: POST {}", outgoing.url), &response, outgoing.secret.text());
        }
        Ok(Answer { head, response, wait: Some(wait), transport: self, secret: outgoing.secret.clone() })
    }

    fn request(&self, outgoing: &Outgoing<'_>, settings: &CallSettings, wait: &Wait) -> Result<Request, JsValue> {
        // A copy for each request, without a prototype, because a page may have added fields to one.
        let init: RequestInit = border::request_init(&JsValue::UNDEFINED, &settings.init)?.unchecked_into();
        init.set_method("POST");
        init.set_headers(&self.headers(outgoing, settings)?.into_raw());
        init.set_body(&outgoing.body.map(JsValue::from_str).unwrap_or_default());
        if peek(&init, "redirect").is_undefined() {
            init.set_redirect(RequestRedirect::Manual);
        }
        let signal = wait.signal()?;
        if !signal.is_undefined() {
            init.set_signal(Some(signal.unchecked_ref()));
        }
        Request::new_with_str_and_init(outgoing.url, &init)
    }

    fn headers(&self, outgoing: &Outgoing<'_>, settings: &CallSettings) -> Result<Headers, JsValue> {
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
            set("authorization", authorization);
        }
        if let Some(user_agent) = &self.user_agent {
            set("user-agent", user_agent);
        }
        Ok(headers)
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

/// Reads the head of a response with checked getters, because a polyfill or the caller's HTTP client may return anything. `None`:
/// it is not a `Response`.
fn read_head(response: &JsValue, url: &str) -> Option<Head> {
    let status = peek(response, "status").as_f64()?;
    let headers = peek(response, "headers");
    if !(0.0..=999.0).contains(&status) || status.fract() != 0.0 || !peek(&headers, "get").is_function() {
        return None;
    }
    let ok = status == 200.0;
    Some(Head {
        status: status as u16,
        content_type: header(&headers, "content-type").unwrap_or_default(),
        redirected: peek(response, "redirected").as_bool() == Some(true) || !is_same_server(url, &peek_text(response, "url")),
        opaque_redirect: peek_text(response, "type") == "opaqueredirect",
        // Reading headers is slow in some runtimes, so these are read only if the status can be a success.
        content_range: ok && header(&headers, "content-range").is_some(),
        grpc_status: if ok { header(&headers, "grpc-status") } else { None },
    })
}

/// A response whose body has not been read. Dropping it cancels the body.
pub struct Answer<'a> {
    /// The head.
    pub head: Head,
    /// The object of the platform or of the caller's HTTP client.
    pub response: JsValue,
    wait: Option<Wait>,
    transport: &'a Transport,
    secret: Secret,
}

impl Answer<'_> {
    /// The `Content-Type`, with the secret masked.
    pub fn content_type(&self) -> String {
        String::from(self.shown(&self.head.content_type.as_str().into()))
    }

    /// Reads the body. Returns its text with the secret masked, and whether the body is longer than the limit. The text stays in
    /// JavaScript's memory.
    ///
    /// # Errors
    /// The connection failed, or the wait ended.
    pub async fn text(&mut self) -> Result<(JsString, bool), Error> {
        let unread = self.wait.take().filter(|_| peek(&self.response, "bodyUsed").as_bool() != Some(true));
        let wait = unread.ok_or_else(|| {
            Error::unexpected(UNEXPECTED, "a hook has read the response body: read response.clone() instead".into())
        })?;
        let body = wait.read_body(&self.response, MAX_BODY_BYTES).await.map_err(|interrupt| match interrupt {
            Interrupt::Thrown(thrown) if thrown.is_undefined() => Error::not_a_response(),
            interrupt => self.transport.failure(interrupt),
        })?;
        wait.complete();
        Ok((self.shown(&body.text()), body.truncated()))
    }

    /// This response as a failure, with the official SDK's message.
    pub fn failure(&self, body: JsString) -> HttpFailure {
        let content_type = self.content_type();
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

    /// Masks the secret in a JSON value.
    pub fn shown_json(&self, value: &JsValue) -> JsValue {
        redact_json(value, self.secret.text())
    }

    /// Masks the secret in a text.
    fn shown(&self, text: &JsString) -> JsString {
        let secret = self.secret.text();
        // Copying a token to JavaScript takes time, and a shorter text cannot contain it.
        if (text.length() as usize) < secret.len() {
            text.clone()
        } else {
            redact(text, secret)
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
