//! Sends one request with the platform's `fetch` or the caller's HTTP client, and reads the response.

use super::log::Logger;
use super::outcome::Outcome;
use super::retry_after;
use super::secret::Secret;
use super::server::is_same_server;
use super::settings::CallSettings;
use super::verdict::{Head, MAX_BODY_BYTES, has_content, is_connection_failure, is_never_connected, refusal_message};
use crate::border::time::{http_date, now_since_epoch};
use crate::border::wait::{Interrupt, Wait};
use crate::border::{self, call_method, discard_body, missing_global, peek, peek_text, redact, redact_json};
use crate::error::{Error, Failure, HttpFailure, UNEXPECTED};
use crate::kept::Kept;
use gloo_net::http::Headers;
use js_sys::JsString;
use std::cell::OnceCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::Request;

/// The content type of JSON.
pub const JSON: &str = "application/json";
/// The content type of an HTML form.
pub const FORM: &str = "application/x-www-form-urlencoded";

#[wasm_bindgen]
extern "C" {
    // web-sys binds `fetch` as a method of Window or WorkerGlobalScope. This binding works in every global scope.
    #[wasm_bindgen(catch)]
    fn fetch(request: &Request) -> Result<JsValue, JsValue>;
}

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Asks for a credential.
    Get,
    /// Revokes a credential, or requests a token.
    Post,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

/// A request to send.
pub struct Outgoing<'a> {
    /// Its method.
    pub method: Method,
    /// Its absolute URL.
    pub url: &'a str,
    /// The value of `Authorization`.
    pub authorization: Option<&'a str>,
    /// Keeps the headers, so that the next request with this `authorization` need not build them again. They hold it, and go with it.
    pub headers: Option<&'a OnceCell<web_sys::Headers>>,
    /// The `Content-Type` of its body.
    pub content_type: Option<&'static str>,
    /// Its body, if it has one. Only JSON may be logged: a form contains a secret.
    pub body: Option<&'a str>,
    /// The secret to mask in errors and logs: a server may repeat what it received.
    pub secret: Secret,
}

/// Watches the requests of a call.
pub trait Observer {
    /// Whether a request may be sent now. It is asked just before, and before a token is renewed for another request.
    fn may_send(&self) -> bool {
        true
    }

    /// A request is sent.
    fn sent(&self, _method: Method) {}

    /// The head of its response has arrived.
    fn answered(&self, _method: Method, _response: &Response<'_>) {}
}

/// Nobody watches.
pub struct Unobserved;

impl Observer for Unobserved {}

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
        wait: &Rc<Wait>,
        observer: &dyn Observer,
    ) -> Result<Response<'_>, Error> {
        let Outgoing { method, url, secret, .. } = outgoing;
        let request = self.request(outgoing, settings, wait).map_err(|cause| {
            missing_global(&["Headers", "Request", "AbortController"]).unwrap_or_else(|| Failure::InvalidRequest(cause).into())
        })?;
        if let Some(logger) = &self.logger {
            logger.head(&format!("> Request: {} {url}", method.name()), &request, secret.text());
            let is_form = outgoing.content_type == Some(FORM);
            logger.body(&if is_form { border::mask() } else { outgoing.body.unwrap_or_default().into() });
        }
        observer.sent(*method);
        let sent = match &self.client {
            Some(client) => call_method(client, "request", &request),
            None => fetch(&request),
        };
        let object = wait.race_call(sent).await.map_err(|interrupt| self.failure(interrupt, Some(&request)))?;
        let Some((head, raw)) = read_head(&object, url) else { return Err(Error::not_a_response()) };
        if let Some(logger) = &self.logger {
            logger.head(&format!("< Response: {} {url}", method.name()), &object, secret.text());
        }
        let response = Response { head, object, raw, unread: true, wait: wait.clone(), transport: self, secret: secret.clone() };
        observer.answered(*method, &response);
        Ok(response)
    }

    fn request(&self, outgoing: &Outgoing<'_>, settings: &CallSettings, wait: &Wait) -> Result<Request, JsValue> {
        let headers = self.headers(outgoing, settings)?;
        let (method, signal) = (outgoing.method.name(), wait.signal()?);
        let init = border::request_init(settings.init.as_ref(), method, &headers, outgoing.body, signal.as_ref());
        Request::new_with_str_and_init(outgoing.url, &init)
    }

    /// The headers of a request. Without headers of the caller they are the same for each request with this `Authorization`.
    fn headers(&self, outgoing: &Outgoing<'_>, settings: &CallSettings) -> Result<web_sys::Headers, JsValue> {
        let kept = outgoing.headers.filter(|_| settings.headers.is_none());
        if let Some(headers) = kept.and_then(OnceCell::get) {
            return Ok(headers.clone());
        }
        let headers = self.new_headers(outgoing, settings)?;
        Ok(kept.map_or(&headers, |kept| kept.get_or_init(|| headers.clone())).clone())
    }

    fn new_headers(&self, outgoing: &Outgoing<'_>, settings: &CallSettings) -> Result<web_sys::Headers, JsValue> {
        let headers = match &settings.headers {
            // Engines quote the invalid value in the exception, which may be a secret.
            Some(headers) => web_sys::Headers::new_with_headers(headers.unchecked_ref())
                .map_err(|_| JsValue::from_str("Invalid header name or value in `headers`"))?,
            None => web_sys::Headers::new()?,
        };
        let headers = Headers::from_raw(headers);
        let ours = [
            ("accept", Some(JSON)),
            ("content-type", outgoing.content_type),
            ("authorization", outgoing.authorization),
            ("user-agent", self.user_agent.as_deref()),
        ];
        for (name, value) in ours {
            if let Some(value) = value.filter(|_| settings.headers.is_none() || !headers.has(name)) {
                headers.set(name, value);
            }
        }
        Ok(headers.into_raw())
    }

    /// The error of a request that was sent and has no response, or (without the request) of reading one.
    fn failure(&self, interrupt: Interrupt, request: Option<&Request>) -> Error {
        let Interrupt::Thrown(cause) = interrupt else { return Error::from(interrupt).with_outcome(Outcome::Unknown) };
        if let Some(error) = missing_global(&["fetch"]).filter(|_| self.client.is_none()) {
            return error;
        }
        let text = |name| peek_text(&cause, name);
        // Node's `fetch` puts the connection's error into `cause`. It may be that of a redirect's target, if the caller wants it followed.
        let never_connected = self.client.is_none()
            && request.is_some_and(|request| peek_text(request, "redirect") != "follow")
            && [&cause, &peek(&cause, "cause")].iter().any(|error| is_never_connected(&peek_text(error, "code")));
        let failure = match text("name").as_str() {
            "AbortError" => Failure::Aborted(cause),
            "TimeoutError" => Failure::TimedOut(cause),
            // The platform's `fetch` rejects only if the connection fails, however the engine names it. An error of the caller's
            // HTTP client or hook must look like a connection failure.
            name if self.client.is_none() || name == "ConnectionError" => Failure::Connection(cause),
            _ if is_connection_failure(&text("message"), &text("code")) => Failure::Connection(cause),
            _ => Failure::Unexpected(UNEXPECTED, cause),
        };
        Error::from(failure).with_outcome(if never_connected { Outcome::NotSent } else { Outcome::Unknown })
    }
}

/// Reads the head of a response. `None`: it is not a `Response`. A polyfill or the caller's HTTP client may return anything.
fn read_head(response: &JsValue, url: &str) -> Option<(Head, border::Head)> {
    let raw = border::read_head(response)?;
    let status = raw.status();
    let ok = status == 200;
    let head = Head {
        status,
        content_type: raw.header("content-type").unwrap_or_default(),
        redirected: raw.redirected() || !is_same_server(url, &raw.url()),
        opaque_redirect: raw.is_opaque_redirect(),
        // Reading headers is slow in some runtimes, so these are read only if the status can be a success.
        content_range: ok && raw.header("content-range").is_some(),
        grpc_status: if ok { raw.header("grpc-status") } else { None },
    };
    Some((head, raw))
}

/// A response. Dropping it cancels its body, unless that has been read.
pub struct Response<'a> {
    /// The head.
    pub head: Head,
    /// The object of the platform or of the caller's HTTP client.
    pub object: JsValue,
    raw: border::Head,
    unread: bool,
    wait: Rc<Wait>,
    transport: &'a Transport,
    secret: Secret,
}

/// The text of a body, with the secret masked. It stays in JavaScript's memory.
pub struct Text {
    /// The text.
    pub text: JsString,
    /// Its length before it was masked, in UTF-16 code units.
    pub length: usize,
    /// Whether the body is longer than the limit.
    pub truncated: bool,
}

impl Response<'_> {
    /// The server's id of the request.
    pub fn request_id(&self) -> Option<String> {
        self.raw.request_id()
    }

    /// The value of a header.
    fn header(&self, name: &str) -> Option<String> {
        self.raw.header(name)
    }

    /// How long the server asks to wait, in milliseconds (`Retry-After`). The response's own `Date` says what time it is for the server,
    /// whatever the client's clock shows. Browsers may hide it from a page of another origin.
    pub fn retry_after(&self) -> Option<f64> {
        let value = self.header("retry-after")?;
        let now = self.header("date").and_then(|date| http_date(&date)).unwrap_or_else(now_since_epoch);
        retry_after::parse(&value, now, http_date)
    }

    /// Whether the headers say that the body has content.
    pub fn has_content(&self) -> bool {
        has_content(self.header("content-encoding").as_deref(), self.header("content-length").as_deref())
    }

    /// The `Content-Type`, with the secret masked.
    pub fn content_type(&self) -> JsString {
        self.shown(self.head.content_type.as_str().into(), self.head.content_type.len())
    }

    /// Reads the body.
    ///
    /// # Errors
    /// The connection failed, or the wait ended.
    pub async fn read(mut self) -> Result<(Self, Text), Error> {
        self.unread = false;
        let body = self.wait.read_body(&self.object, MAX_BODY_BYTES).await.map_err(|interrupt| match interrupt {
            Interrupt::Thrown(thrown) if thrown.is_undefined() => Error::not_a_response(),
            interrupt => self.transport.failure(interrupt, None),
        })?;
        self.wait.complete();
        let (text, truncated) = match body {
            Ok(text) => (text, false),
            Err(incomplete) if incomplete.used() => {
                return Err(Error::unexpected(
                    UNEXPECTED,
                    "a hook has read the response body: read response.clone() instead".into(),
                ));
            }
            Err(incomplete) => (incomplete.text(), true),
        };
        let length = text.length() as usize;
        let text = Text { text: self.shown(text, length), length, truncated };
        Ok((self, text))
    }

    /// This response as a failure, with the official SDK's message.
    pub fn failure(&self, body: JsString) -> HttpFailure {
        let content_type = String::from(&self.content_type());
        HttpFailure {
            message: refusal_message(&self.head, &content_type, &String::from(&body)),
            response: Kept(self.object.clone()),
            status: self.head.status,
            redirected: self.head.redirected,
            retry_after: self.retry_after(),
            content_type,
            body: Kept(body.into()),
            ..HttpFailure::default()
        }
    }

    /// Masks the secret in a JSON value.
    pub fn shown_json(&self, value: &JsValue) -> JsValue {
        redact_json(value, self.secret.text())
    }

    /// Masks the secret in a text of this length.
    fn shown(&self, text: JsString, length: usize) -> JsString {
        let secret = self.secret.text();
        // Copying a token to JavaScript takes time, and a shorter text cannot contain it.
        if length < secret.len() { text } else { redact(&text, secret) }
    }
}

impl Drop for Response<'_> {
    fn drop(&mut self) {
        if self.unread {
            discard_body(&self.object);
        }
    }
}
