//! The exported class. It reads its arguments synchronously, starts a call and returns a promise.

use crate::auth::credentials::Credentials;
use crate::auth::oauth::OAuth;
use crate::auth::security::Security;
use crate::border::fields::Fields;
use crate::border::is_record;
use crate::border::task::promise;
use crate::border::wait::Wait;
use crate::bulk::run::Run;
use crate::call::{Caller, Revocation};
use crate::error::Error;
use crate::http::path::{MAX_ID_LENGTH, encode_id, revoke_path};
use crate::http::settings::CallSettings;
use crate::options::{BulkOptions, CALL, PROPS, read_call, read_defaults, read_server, read_transport, server_of};
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;

/// A client of the C1 API's operation "Revoke Credential".
#[wasm_bindgen]
pub struct Client {
    /// Calls hold their own reference, so that freeing the client does not affect calls in progress.
    caller: Rc<Caller>,
    /// The base URL, without trailing slash.
    server: String,
    /// The settings of calls without options.
    settings: Rc<CallSettings>,
    allow_insecure: bool,
}

impl Client {
    /// The settings and the server of a call.
    fn settings(&self, options: &Fields) -> Result<(Rc<CallSettings>, String), Error> {
        if options.object_value().is_none() {
            return Ok((self.settings.clone(), self.server.clone()));
        }
        let settings = Rc::new(read_call(options, &self.settings)?);
        let server = read_server(options, self.allow_insecure)?;
        Ok((settings, server.unwrap_or_else(|| self.server.clone())))
    }

    fn revoke(&self, request: &JsValue, options: &JsValue) -> Result<Promise, Error> {
        let (settings, server) = self.settings(&Fields::of(options, "options")?.named(&CALL)?)?;
        let revocation = read_request(request, &server)?;
        let caller = self.caller.clone();
        Ok(promise(async move { caller.revoke(&revocation, &settings).await }))
    }

    fn revoke_all(&self, requests: &JsValue, options: &JsValue) -> Result<Promise, Error> {
        let options = Fields::of(options, "options")?.named(&CALL)?;
        let (settings, server) = self.settings(&options)?;
        let read = Box::new(move |request: &JsValue| read_request(request, &server));
        let run = Run::new(self.caller.clone(), settings, BulkOptions::read(&options)?, requests, read)?;
        Ok(promise(async move { Ok(run.drive().await) }))
    }
}

#[wasm_bindgen]
extern "C" {
    /// A caller's request. Its getters may throw.
    type Request;
    #[wasm_bindgen(method, getter, catch, js_name = appId)]
    fn app_id(this: &Request) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch, js_name = connectorId)]
    fn connector_id(this: &Request) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch)]
    fn id(this: &Request) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, getter, catch, js_name = connectorServiceRevokeCredentialRequest)]
    fn body(this: &Request) -> Result<JsValue, JsValue>;
}

/// Checks a request.
fn read_request(request: &JsValue, server: &str) -> Result<Revocation, Error> {
    const BODY: &str = "connectorServiceRevokeCredentialRequest";
    let fields = Fields::of(request, "the request")?;
    let id = |name: &str, value: Result<JsValue, JsValue>| {
        let id = fields.text(name, &value.map_err(Error::validation)?, MAX_ID_LENGTH)?;
        let encoded = encode_id(&id).map_err(|error| fields.wrong(name, error))?;
        Ok::<_, Error>((id, encoded))
    };
    let Some(request) = fields.object_value() else { return Err(fields.wrong("appId", "is missing")) };
    let request: &Request = request.unchecked_ref();
    let app_id = id("appId", request.app_id())?.1;
    let connector_id = id("connectorId", request.connector_id())?.1;
    let (own_id, encoded_id) = id("id", request.id())?;
    let path = revoke_path(&app_id, &connector_id, &encoded_id);
    let body = request.body().map_err(Error::validation)?;
    let body = match () {
        () if body.is_null_or_undefined() => None,
        () if is_record(&body) => Some("{}"),
        () => return Err(fields.type_error(BODY, "an object", &body)),
    };
    Ok(Revocation { url: [server, &path].concat(), id: own_id, body })
}

#[wasm_bindgen]
impl Client {
    /// Creates a client from `SDKProps`.
    ///
    /// # Errors
    /// `SDKValidationError`: an option is invalid.
    #[wasm_bindgen(constructor)]
    pub fn new(props: &JsValue) -> Result<Client, Error> {
        let props = Fields::of(props, "props")?.named(&PROPS)?;
        let transport = Rc::new(read_transport(&props)?);
        let settings = Rc::new(read_defaults(&props)?);
        let allow_insecure = props.flag("allowInsecureHTTP")?.unwrap_or(false);
        let credentials = Credentials::read(&props)?;
        let named = credentials.as_ref().map(|credentials| credentials.origin.as_str());
        let server = server_of(&props, named, allow_insecure)?;
        let security = match credentials {
            Some(credentials) => {
                Security::OAuth(Rc::new(OAuth::new(credentials, transport.clone(), server.clone(), settings.clone())))
            }
            None => Security::read(&props)?,
        };
        Ok(Client { caller: Rc::new(Caller { transport, security }), server, settings, allow_insecure })
    }

    /// Revokes one credential: `POST /api/v1/apps/{app_id}/connectors/{connector_id}/credentials/{id}`.
    #[wasm_bindgen(js_name = revokeCredential)]
    pub fn revoke_credential(&self, request: &JsValue, options: &JsValue) -> Promise {
        self.revoke(request, options).unwrap_or_else(|error| promise(async { Err(error) }))
    }

    /// Revokes many credentials. The promise resolves to the report. It rejects only for invalid arguments.
    #[wasm_bindgen(js_name = revokeCredentials)]
    pub fn revoke_credentials(&self, requests: &JsValue, options: &JsValue) -> Promise {
        self.revoke_all(requests, options).unwrap_or_else(|error| promise(async { Err(error) }))
    }

    /// Returns the token of the next request, and fetches one if needed.
    #[wasm_bindgen(js_name = getValidToken)]
    pub fn get_valid_token(&self) -> Promise {
        let (caller, settings) = (self.caller.clone(), self.settings.clone());
        promise(async move {
            let cancellation = settings.cancellation();
            let wait = Wait::begin(&cancellation, settings.limit)?;
            let authorization = caller.security.authorization(&wait).await?;
            let authorization = authorization.ok_or_else(|| Error::invalid("this client has no credentials"))?;
            Ok(authorization.token().text().into())
        })
    }

    /// Returns the cached token, if it has not expired.
    #[wasm_bindgen(js_name = getCurrentToken)]
    pub fn get_current_token(&self) -> Option<JsValue> {
        self.caller.security.current().map(|authorization| authorization.token().text().into())
    }

    /// Removes the cached token. The next request fetches a new one.
    #[wasm_bindgen(js_name = clearToken)]
    pub fn clear_token(&self) {
        if let Security::OAuth(oauth) = &self.caller.security {
            oauth.clear();
        }
    }
}
