//! The exported class on a real JavaScript platform (Node, headless Chromium), with `fetch` replaced: the crate works by itself.
//! What the npm package makes of it is tested in JavaScript, in every runtime.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used)]

use c1_revoke::Client;
use js_sys::{Array, Function, Object, Reflect, global};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;

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

fn ids(id: &str) -> JsValue {
    object(&[("appId", "a b".into()), ("connectorId", "c".into()), ("id", id.into())])
}

fn client() -> Client {
    let security = object(&[("bearerAuth", "tok".into())]);
    Client::new(&object(&[("security", security), ("tenantDomain", "acme".into())])).unwrap()
}

/// Has `fetch` return what `response` (the body of a JavaScript function) does; gives the requests.
fn stub_fetch(response: &str) -> Array {
    let requests = Array::new();
    let body = format!("requests.push(request); {response}");
    let fetch = Function::new_with_args("requests, request", &body).bind1(&JsValue::UNDEFINED, &requests);
    Reflect::set(&global(), &"fetch".into(), &fetch).unwrap();
    requests
}

const REVOKED: &str = r#"return Promise.resolve(new Response("{}", { headers: { "content-type": "application/json" } }))"#;

async fn revoke(client: &Client, id: &str) -> Result<JsValue, JsValue> {
    JsFuture::from(client.revoke_credential(&ids(id), &JsValue::UNDEFINED)).await
}

#[wasm_bindgen_test]
async fn revokes_with_one_authorised_post() {
    let requests = stub_fetch(REVOKED);
    let result = revoke(&client(), "i").await.unwrap();
    assert_eq!((get(&result, "statusCode"), text(&result, "contentType")), (200.into(), "application/json".to_owned()));
    assert_eq!(requests.length(), 1);
    let request = requests.get(0).unchecked_into::<web_sys::Request>();
    let url = "https://acme.conductor.one/api/v1/apps/a%20b/connectors/c/credentials/i";
    assert_eq!((request.method(), request.url()), ("POST".to_owned(), url.to_owned()));
    assert_eq!(request.headers().get("authorization").unwrap().as_deref(), Some("Bearer tok"));
}

#[wasm_bindgen_test]
async fn failures_are_errors_of_their_classes() {
    for (id, response, name, sent) in [
        ("i", r#"return Promise.resolve(new Response("gone", { status: 404 }))"#, "SDKError", 1),
        ("i", r#"return Promise.reject(new TypeError("Load failed"))"#, "ConnectionError", 1),
        ("..", REVOKED, "SDKValidationError", 0),
    ] {
        let requests = stub_fetch(response);
        let error = revoke(&client(), id).await.unwrap_err();
        assert!(error.is_instance_of::<js_sys::Error>());
        assert_eq!((text(&error, "name").as_str(), requests.length()), (name, sent));
    }
    let error = JsValue::from(Client::new(&object(&[("tenantDomain", "evil.com#".into())])).map(|_| ()).unwrap_err());
    assert_eq!(text(&error, "name"), "SDKValidationError");
    assert!(text(&error, "message").contains("tenantDomain"));
}
