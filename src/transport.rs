//! One request and its answer: building it, sending it, reading it, judging it, showing it to the debug logger.

use crate::answer::{self, Head, Rejection, Verdict, MAX_BODY_BYTES};
use crate::errors::Failure;
use crate::interrupt::Interrupt;
use crate::js;
use crate::options::{CallOptions, ClientOptions};
use crate::retry_after;
use crate::text::{concat, push_number};
use alloc::string::String;
use js_sys::JsString;
use wasm_bindgen::prelude::*;

/// The request's parts that the caller's options do not say.
pub struct Outgoing {
    /// Absolute URL.
    pub url: String,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The body, or undefined.
    pub body: JsValue,
    /// `Authorization`.
    pub authorization: Option<JsValue>,
    /// The secret that the body holds, if it does. Then the answer's may hold one too.
    pub secret: Option<JsString>,
}

/// An answer whose head has arrived.
pub struct Incoming {
    /// The `Response`.
    pub response: JsValue,
    /// HTTP status; 0 where the platform hides it.
    pub status: u16,
    /// `Content-Type`, empty when there is none.
    pub content_type: String,
    /// What `Retry-After` says, in ms from now.
    pub retry_after: Option<f64>,
    redirected: bool,
    secret: bool,
}

/// Builds the `Request`: the caller's `RequestInit` as it is, and over it what the operation needs.
///
/// # Errors
/// What the platform does not take.
pub fn build(outgoing: &Outgoing, call: &CallOptions, client: &ClientOptions, interrupt: &Interrupt) -> Result<JsValue, Failure> {
    let refused = |thrown: JsValue| Failure::request(&thrown);
    let headers = js::object(&[
        ("accept", &JsValue::from_str("application/json")),
        ("content-type", &JsValue::from_str(outgoing.content_type)),
    ]);
    if let Some(authorization) = &outgoing.authorization {
        js::set(&headers, "authorization", authorization);
    }
    if !client.user_agent.is_undefined() {
        js::set(&headers, "user-agent", &client.user_agent);
    }
    let mut headers = headers;
    if !call.headers.is_undefined() {
        // What the caller sets wins, as in the official SDK.
        let merged = js::Headers::new(&headers).map_err(refused)?;
        // Engines quote the value that they refuse, which may be a credential.
        let own = js::Headers::new(&call.headers);
        let own = own.map_err(|_| Failure::request(&"the option headers holds what no header can be".into()))?;
        for pair in js::array_from(&own).map_err(refused)?.iter() {
            merged.set(&js::peek(&pair, "0"), &js::peek(&pair, "1")).map_err(refused)?;
        }
        headers = merged.into();
    }
    let init = js::assign(&js::bare_object(), &call.init, &JsValue::UNDEFINED).map_err(refused)?;
    js::set(&init, "method", &JsValue::from_str("POST"));
    js::set(&init, "headers", &headers);
    js::set(&init, "body", &outgoing.body);
    if js::peek(&init, "redirect").is_undefined() {
        js::set(&init, "redirect", &JsValue::from_str("manual"));
    }
    let signal = interrupt.request_signal().map_err(refused)?;
    if !signal.is_undefined() {
        js::set(&init, "signal", &signal);
    }
    js::Request::new(&outgoing.url, &init).map(Into::into).map_err(refused)
}

/// Sends the request and waits for the head of the answer.
///
/// # Errors
/// Connection failures, aborts, timeouts, and faults of the caller's own client.
pub async fn send(
    outgoing: &Outgoing,
    call: &CallOptions,
    client: &ClientOptions,
    interrupt: &Interrupt,
) -> Result<Incoming, Failure> {
    let request = build(outgoing, call, client, interrupt)?;
    log_request(&client.logger, &request, outgoing);
    let own_client = !client.http_client.is_undefined();
    let sent = if own_client { js::call_method(&client.http_client, "request", &[&request]) } else { js::fetch(&request) };
    let response = interrupt.wait(sent).await.map_err(|thrown| rejected(&thrown, own_client, interrupt))?;
    let incoming = head(response, outgoing.secret.is_some())?;
    log_response(&client.logger, &incoming, &outgoing.url);
    Ok(incoming)
}

/// What a rejection means. Our own reason is the truer one where an engine reports every abort as the same error.
fn rejected(thrown: &JsValue, own_client: bool, interrupt: &Interrupt) -> Failure {
    if let Some(failure) = interrupt.failure() {
        return failure;
    }
    let field = |name| js::peek_string(thrown, name).unwrap_or_default();
    match answer::classify_rejection(&field("name"), &field("message"), &field("code"), own_client) {
        Rejection::Aborted => Failure::aborted(thrown),
        Rejection::TimedOut => Failure::timed_out(thrown),
        Rejection::Connection => Failure::connection(thrown),
        Rejection::Unexpected => Failure::unexpected("Unexpected HTTP client error", thrown),
    }
}

fn not_a_response() -> Failure {
    Failure::unexpected("Unexpected HTTP client error", &JsValue::from_str("what it gave is not a Response"))
}

/// Reads the head. A page's polyfill or a caller's client may hand over anything: what is no `Response` is said to be none.
fn head(response: JsValue, secret: bool) -> Result<Incoming, Failure> {
    let headers = js::peek(&response, "headers");
    let status = js::peek(&response, "status").as_f64().filter(|status| (0.0..=999.0).contains(status));
    let (Some(status), true) = (status, js::peek(&headers, "get").is_function()) else {
        return Err(not_a_response());
    };
    let header = |name: &str| {
        let value = js::call_method(&headers, "get", &[&JsValue::from_str(name)]);
        value.ok().and_then(|value| value.as_string()).unwrap_or_default()
    };
    Ok(Incoming {
        status: status as u16,
        content_type: header("content-type"),
        retry_after: retry_after::parse(&header("retry-after"), js_sys::Date::now()),
        redirected: js::peek(&response, "redirected").is_truthy(),
        response,
        secret,
    })
}

impl Incoming {
    /// Throws the body away, so that its connection is free again.
    pub fn discard(&self) {
        let body = js::peek(&self.response, "body");
        js::ignore_result(js::call_method(&body, "cancel", &[]));
    }

    /// What the server calls the request, where it says: the headers that gateways commonly use.
    pub fn request_id(&self) -> Option<JsValue> {
        let headers = js::peek(&self.response, "headers");
        ["x-request-id", "x-amzn-requestid", "cf-ray"].iter().find_map(|name| {
            let value = js::call_method(&headers, "get", &[&JsValue::from_str(name)]).ok()?;
            if value.is_string() {
                Some(value)
            } else {
                None
            }
        })
    }

    /// The whole body as text (UTF-8, ill-formed bytes replaced), and whether it was longer than what is read.
    ///
    /// # Errors
    /// A connection that breaks, an abort, a timeout, a body that somebody has already read.
    pub async fn text(&self, interrupt: &Interrupt, client: &ClientOptions) -> Result<(JsString, bool), Failure> {
        let own_client = !client.http_client.is_undefined();
        let failed = |thrown: JsValue| rejected(&thrown, own_client, interrupt);
        let body = js::peek(&self.response, "body");
        let read = if js::peek(&self.response, "bodyUsed").is_truthy() {
            const USED: &str = "the response's body was already read: a hook must read a clone";
            return Err(Failure::unexpected("Unexpected HTTP client error", &JsValue::from_str(USED)));
        } else if body.is_null() {
            (JsString::from(""), false)
        } else if js::peek(&body, "getReader").is_function() {
            self.stream(&body, interrupt, failed).await?
        } else {
            // A polyfill without streams.
            let text = interrupt.wait(js::call_method(&self.response, "text", &[])).await.map_err(failed)?;
            let text = js::as_js_string(&text).ok_or_else(not_a_response)?;
            (text, false)
        };
        interrupt.finish();
        log_body(&client.logger, if self.secret { None } else { Some(&read.0) });
        Ok(read)
    }

    async fn stream(
        &self,
        body: &JsValue,
        interrupt: &Interrupt,
        failed: impl Fn(JsValue) -> Failure,
    ) -> Result<(JsString, bool), Failure> {
        let reader = js::call_method(body, "getReader", &[]).map_err(&failed)?;
        let decoder = js::TextDecoder::new().map_err(&failed)?;
        let options = js::object(&[("stream", &JsValue::TRUE)]);
        let mut text = JsString::from("");
        let mut length = 0.0;
        let cancel = || js::ignore_result(js::call_method(&reader, "cancel", &[]));
        loop {
            let chunk = match interrupt.wait(js::call_method(&reader, "read", &[])).await {
                Ok(chunk) => chunk,
                Err(thrown) => {
                    cancel();
                    return Err(failed(thrown));
                }
            };
            if js::peek(&chunk, "done").is_truthy() {
                let rest = decoder.decode(&JsValue::UNDEFINED, &JsValue::UNDEFINED).map_err(&failed)?;
                return Ok((text.concat(rest.as_ref()), false));
            }
            let value = js::peek(&chunk, "value");
            let size = js::peek(&value, "byteLength").as_f64().ok_or_else(not_a_response)?;
            // An empty chunk counts too: a stream of nothing else must end.
            length += size.max(1.0);
            if length > f64::from(MAX_BODY_BYTES) {
                cancel();
                return Ok((text, true));
            }
            text = text.concat(decoder.decode(&value, &options).map_err(&failed)?.as_ref());
        }
    }

    /// The operation's result, if the answer says that the credential is revoked.
    ///
    /// # Errors
    /// `SDKError` or `ResponseValidationError` for every other answer.
    pub fn judge(&self, body: &JsString, truncated: bool) -> Result<(), Failure> {
        let head = Head { status: self.status, content_type: &self.content_type, redirected: self.redirected };
        match answer::judge(head, body.length() == 0 && !truncated) {
            Verdict::Unexpected => Err(self.unexpected(body)),
            Verdict::Revoked => Ok(()),
            Verdict::RevokedIfJson if truncated => {
                let cause = JsValue::from_str("the body is longer than 1 MiB");
                Err(Failure::response(&cause, &JsValue::UNDEFINED, &self.response, body))
            }
            Verdict::RevokedIfJson => match js::parse_json(body) {
                Err(thrown) => Err(Failure::response(&thrown, body, &self.response, body)),
                Ok(value) if value.is_object() && !js::is_array(&value) => Ok(()),
                Ok(value) => {
                    let cause = JsValue::from_str("the body is not a JSON object");
                    Err(Failure::response(&cause, &value, &self.response, body))
                }
            },
        }
    }

    /// The `SDKError`, with the official SDK's message.
    fn unexpected(&self, body: &JsString) -> Failure {
        let mut message = String::from(if self.is_redirect() {
            "Redirected, so nothing was revoked: Status "
        } else {
            "Unexpected Status or Content-Type: Status "
        });
        push_number(&mut message, u64::from(self.status));
        if self.content_type != "application/json" {
            let content_type = match self.content_type.as_str() {
                "" => String::from("\"\""),
                quoted if quoted.contains(' ') => concat(&["\"", quoted, "\""]),
                plain => String::from(plain),
            };
            message.push_str(" Content-Type ");
            message.push_str(&content_type);
        }
        let length = body.length();
        message.push_str(if length > 100 { "\nBody: " } else { ". Body: " });
        let mut message = JsString::from(message);
        if length == 0 {
            message = message.concat(&"\"\"".into());
        } else if length > 10_000 {
            let mut more = String::from("...and ");
            push_number(&mut more, u64::from(length.saturating_sub(10_000)));
            more.push_str(" more chars");
            message = message.concat(&body.substring(0, 10_000)).concat(&more.into());
        } else {
            message = message.concat(body);
        }
        Failure::status(&message.trim(), &self.response, body)
    }

    /// Whether the answer is a redirect, or comes from where one led.
    pub fn is_redirect(&self) -> bool {
        self.redirected
            || (300..400).contains(&self.status) && self.status != 304
            || js::peek_string(&self.response, "type").as_deref() == Some("opaqueredirect")
    }

    /// The `TokenRequestError` for an answer that is not success (RFC 6749, 5.2).
    pub fn token_refused(&self, body: &JsValue, error: Option<JsValue>, description: Option<JsValue>) -> Failure {
        let mut message = String::from("Token request failed: Status ");
        push_number(&mut message, u64::from(self.status));
        let mut message = JsString::from(message);
        for part in [&error, &description].into_iter().flatten() {
            message = message.concat(&": ".into()).concat(part);
        }
        let or_undefined = |part: Option<JsValue>| part.unwrap_or(JsValue::UNDEFINED);
        let meta = js::object(&[
            ("response", &self.response),
            ("body", body),
            ("error", &or_undefined(error)),
            ("errorDescription", &or_undefined(description)),
        ]);
        Failure::token_request(&message, &meta)
    }

    /// The `TokenRequestError` for a 200 that holds no token to use.
    pub fn token_unusable(&self, why: &str) -> Failure {
        let message = concat(&["Token request failed: the answer ", why]);
        let meta = js::object(&[("response", &self.response), ("body", &JsValue::from_str(js::MASK))]);
        Failure::token_request(&JsValue::from_str(&message), &meta)
    }

    /// The operation's result.
    pub fn success(&self) -> JsValue {
        js::object(&[
            ("contentType", &JsValue::from_str(&self.content_type)),
            ("statusCode", &JsValue::from(self.status)),
            ("rawResponse", &self.response),
            ("connectorServiceRevokeCredentialResponse", &js_sys::Object::new()),
        ])
    }
}

// The debug logger. What it throws must not change the call, so every result is dropped.

fn log(logger: &JsValue, method: &str, message: &str) {
    let _ = js::call_method(logger, method, &[&JsValue::from_str(message)]);
}

fn log_headers(logger: &JsValue, headers: &JsValue) {
    log(logger, "group", "Headers:");
    for pair in js::array_from(headers).unwrap_or_default().iter() {
        let name = js::peek_string(&pair, "0").unwrap_or_default();
        let secret = ["authorization", "proxy-authorization", "cookie", "set-cookie"].contains(&name.as_str());
        let value = if secret { String::from(js::MASK) } else { js::peek_string(&pair, "1").unwrap_or_default() };
        log(logger, "log", &concat(&[&name, ": ", &value]));
    }
    log(logger, "groupEnd", "");
}

fn log_request(logger: &JsValue, request: &JsValue, outgoing: &Outgoing) {
    if logger.is_undefined() {
        return;
    }
    log(logger, "group", &concat(&["> Request: POST ", &outgoing.url]));
    log_headers(logger, &js::peek(request, "headers"));
    log_body(logger, if outgoing.secret.is_some() { None } else { outgoing.body.dyn_ref() });
    log(logger, "groupEnd", "");
}

fn log_response(logger: &JsValue, incoming: &Incoming, url: &str) {
    if logger.is_undefined() {
        return;
    }
    let mut status = String::from("Status Code: ");
    push_number(&mut status, u64::from(incoming.status));
    log(logger, "group", &concat(&["< Response: POST ", url]));
    log(logger, "log", &status);
    log_headers(logger, &js::peek(&incoming.response, "headers"));
    log(logger, "groupEnd", "");
}

fn log_body(logger: &JsValue, body: Option<&JsString>) {
    if logger.is_undefined() {
        return;
    }
    log(logger, "group", "Body:");
    let mask = JsValue::from_str(js::MASK);
    let _ = js::call_method(logger, "log", &[body.map_or(&mask, |body| body.as_ref())]);
    log(logger, "groupEnd", "");
}
