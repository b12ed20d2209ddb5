//! The exported class against a real JavaScript platform: Node and headless Chromium, with `fetch` replaced.
//! What the npm package makes of it is tested in JavaScript; this shows that the crate works by itself.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use c1_revoke::Client;
use gloo_net::http::{Method, Request};
use js_sys::{global, Array, Function, Object, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;

const URL: &str = "https://acme.conductor.one/api/v1/apps/a%20b/connectors/c/credentials/i";

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).unwrap();
    }
    object.into()
}

fn get(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap()
}

fn text(value: &JsValue, name: &str) -> String {
    get(value, name).as_string().unwrap()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ids<'a> {
    app_id: &'a str,
    connector_id: &'a str,
    id: &'a str,
}

fn ids(id: &str) -> JsValue {
    serde_wasm_bindgen::to_value(&Ids { app_id: "a b", connector_id: "c", id }).unwrap()
}

/// What a caller reads of a result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revoked {
    status_code: u16,
    content_type: String,
}

fn client() -> Client {
    let security = object(&[("bearerAuth", "tok".into())]);
    Client::new(&object(&[("security", security), ("tenantDomain", "acme".into())])).unwrap()
}

/// `fetch` for as long as this lives: it answers with what `answer` (the body of a JavaScript function of `request`) returns, and
/// keeps the requests.
struct Fetch {
    before: JsValue,
    requests: Array,
}

impl Fetch {
    fn stub(answer: &str) -> Fetch {
        let requests = Array::new();
        let body = format!("requests.push(request); {answer}");
        let fetch = Function::new_with_args("requests, request", &body).bind1(&JsValue::UNDEFINED, &requests);
        let before = get(&global(), "fetch");
        Reflect::set(&global(), &"fetch".into(), &fetch).unwrap();
        Fetch { before, requests }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        Reflect::set(&global(), &"fetch".into(), &self.before).unwrap();
    }
}

/// Replies as the API does when it has revoked.
const REVOKED: &str = r#"return Promise.resolve(new Response("{}", { headers: { "content-type": "application/json" } }))"#;

/// Revokes a credential.
async fn revoke(client: &Client, id: &str) -> Result<JsValue, JsValue> {
    JsFuture::from(client.revoke_credential(&ids(id), &JsValue::UNDEFINED)).await
}

#[wasm_bindgen_test]
async fn revokes_with_one_authorised_post() {
    let fetch = Fetch::stub(REVOKED);
    let result = revoke(&client(), "i").await.unwrap();
    let Revoked { status_code, content_type } = serde_wasm_bindgen::from_value(result.clone()).unwrap();
    assert_eq!((status_code, content_type.as_str()), (200, "application/json"));
    let keys: Vec<String> = Object::keys(result.unchecked_ref::<Object>()).iter().map(|key| key.as_string().unwrap()).collect();
    assert_eq!(keys, ["contentType", "statusCode", "rawResponse", "connectorServiceRevokeCredentialResponse"]);

    assert_eq!(fetch.requests.length(), 1);
    let request = Request::from(fetch.requests.get(0).unchecked_into::<web_sys::Request>());
    assert_eq!((request.method(), request.url().as_str()), (Method::POST, URL));
    assert_eq!(request.headers().get("authorization").as_deref(), Some("Bearer tok"));
}

#[wasm_bindgen_test]
async fn a_refusal_is_an_sdk_error() {
    let _fetch = Fetch::stub(r#"return Promise.resolve(new Response("gone", { status: 404 }))"#);
    let error = revoke(&client(), "i").await.unwrap_err();
    assert!(error.is_instance_of::<js_sys::Error>());
    assert_eq!(text(&error, "name"), "SDKError");
    assert_eq!(get(&error, "statusCode"), 404);
    assert_eq!(text(&error, "body"), "gone");
}

#[wasm_bindgen_test]
async fn no_answer_is_a_connection_error() {
    let _fetch = Fetch::stub(r#"return Promise.reject(new TypeError("Load failed"))"#);
    let error = revoke(&client(), "i").await.unwrap_err();
    assert_eq!(text(&error, "name"), "ConnectionError");
}

#[wasm_bindgen_test]
async fn a_bad_id_is_refused_before_any_request() {
    let fetch = Fetch::stub(REVOKED);
    for id in ["", ".", ".."] {
        let error = revoke(&client(), id).await.unwrap_err();
        assert_eq!(text(&error, "name"), "SDKValidationError");
    }
    assert_eq!(fetch.requests.length(), 0);
}

#[wasm_bindgen_test]
fn a_bad_option_is_thrown_by_name() {
    let error = Client::new(&object(&[("tenantDomain", "evil.com#".into())])).map(|_| ()).unwrap_err();
    let error = JsValue::from(error);
    assert_eq!(text(&error, "name"), "SDKValidationError");
    assert!(text(&error, "message").contains("tenantDomain"));
}

#[wasm_bindgen_test]
async fn a_client_may_be_dropped_while_its_call_is_pending() {
    let _fetch = Fetch::stub(REVOKED);
    let client = client();
    let pending = client.revoke_credential(&ids("i"), &JsValue::UNDEFINED);
    drop(client);
    assert_eq!(get(&JsFuture::from(pending).await.unwrap(), "statusCode"), 200);
}
