//! The client: what it is constructed with, and the functions that it exports.

use crate::call::{Call, Operation, Prepared};
use crate::oauth::OAuth;
use crate::options::{self, CallOptions, ClientOptions};
use crate::path::{push_segment, MAX_ID_LENGTH};
use crate::platform::{check, is_record, rejected, Input};
use crate::run;
use crate::security::{token_of, Security};
use crate::server;
use alloc::rc::Rc;
use alloc::string::String;
use wasm_bindgen::prelude::*;

/// The tenant that the API's own document names by default.
const DEFAULT_TENANT: &str = "example";

/// All that calls need of a client. Calls hold their own reference, so that freeing the client never disturbs one on its way.
pub struct Core {
    /// Base URL, without trailing slash.
    pub server: String,
    /// How requests are authenticated.
    pub security: Security,
    /// The rest.
    pub options: ClientOptions,
    /// The options of a call that was given none.
    pub defaults: Rc<CallOptions>,
}

impl Core {
    fn new(props: &JsValue) -> Result<Core, JsValue> {
        let input = Input::new(props, "props");
        let options = ClientOptions::read(&input);
        let tenant = input.text("tenantDomain", "a string", server::MAX_URL_LENGTH);
        let security = OAuth::read(&input).map_or_else(|| Security::read(&input), Security::OAuth);
        let server = options::server(&input, options.allow_insecure);
        // NaN: there is none.
        if input.number("serverIdx").abs() > 0.0 {
            input.wrong("serverIdx", " must be 0: there is one server");
        }
        let server = match (server, &tenant, security.oauth()) {
            (Some(server), ..) => server,
            (None, None, Some(oauth)) => String::from(oauth.origin()),
            _ => server::parse_tenant(tenant.as_deref().unwrap_or(DEFAULT_TENANT)).unwrap_or_else(|error| {
                input.wrong("tenantDomain", error.message());
                String::new()
            }),
        };
        check(&input)?;
        let defaults = CallOptions::read(&Input::new(&JsValue::UNDEFINED, ""), &options);
        Ok(Core { server, security, options, defaults: Rc::new(defaults) })
    }

    /// Checks the options of a call.
    fn call_options(&self, options: &JsValue) -> Result<Rc<CallOptions>, JsValue> {
        if options.is_undefined() {
            return Ok(self.defaults.clone());
        }
        let input = Input::new(options, "options");
        let options = CallOptions::read(&input, &self.options);
        check(&input)?;
        Ok(Rc::new(options))
    }

    fn revoke(self: &Rc<Self>, request: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        let options = self.call_options(options)?;
        let prepared = self.prepare(request, &options)?;
        Ok(Call::start(self, Operation::Revoke(Rc::new(prepared)), &options))
    }

    /// Checks a request.
    ///
    /// # Errors
    /// By name, the field that is wrong.
    pub fn prepare(&self, request: &JsValue, options: &CallOptions) -> Result<Prepared, JsValue> {
        const BODY: &str = "connectorServiceRevokeCredentialRequest";
        let input = Input::new(request, "the request");
        let mut url = String::from(options.server.as_ref().unwrap_or(&self.server));
        url.push_str("/api/v1");
        for (collection, name) in [("/apps/", "appId"), ("/connectors/", "connectorId"), ("/credentials/", "id")] {
            url.push_str(collection);
            match input.text(name, "a string", MAX_ID_LENGTH) {
                None => input.wrong(name, " is missing"),
                Some(id) => {
                    if let Err(error) = push_segment(&mut url, &id) {
                        input.wrong(name, error.message());
                    }
                }
            }
        }
        let mut body = input.value(BODY, "");
        if is_record(&body) {
            body = JsValue::from_str("{}");
        } else if !body.is_undefined() {
            input.mistyped(BODY, "an object", &body);
        }
        check(&input)?;
        Ok(Prepared { url, body })
    }
}

/// A client of the C1 API's operation "Revoke Credential".
#[wasm_bindgen]
pub struct Client {
    core: Rc<Core>,
}

#[wasm_bindgen]
impl Client {
    /// A client with these `SDKProps`.
    ///
    /// # Errors
    /// `SDKValidationError`: an option is wrong.
    #[wasm_bindgen(constructor)]
    pub fn new(props: JsValue) -> Result<Client, JsValue> {
        Core::new(&props).map(|core| Client { core: Rc::new(core) })
    }

    /// Revokes one credential: `POST /api/v1/apps/{app_id}/connectors/{connector_id}/credentials/{id}`. Gives a promise.
    #[wasm_bindgen(js_name = revokeCredential)]
    pub fn revoke_credential(&self, request: JsValue, options: JsValue) -> JsValue {
        self.core.revoke(&request, &options).unwrap_or_else(|error| rejected(&error))
    }

    /// Revokes many credentials; its promise gives the report, and rejects for bad options only.
    #[wasm_bindgen(js_name = revokeCredentials)]
    pub fn revoke_credentials(&self, requests: JsValue, options: JsValue) -> JsValue {
        run::revoke_all(&self.core, &requests, &options).unwrap_or_else(|error| rejected(&error))
    }

    /// The promise of the token that the next request would carry, fetched if need be.
    #[wasm_bindgen(js_name = getValidToken)]
    pub fn get_valid_token(&self) -> JsValue {
        Call::start(&self.core, Operation::Authorize, &self.core.defaults)
    }

    /// The token at hand that is still good, or null.
    #[wasm_bindgen(js_name = getCurrentToken)]
    pub fn get_current_token(&self) -> JsValue {
        match &self.core.security {
            Security::Fixed(authorization) => token_of(authorization),
            Security::OAuth(oauth) => oauth.current().as_ref().map_or(JsValue::NULL, token_of),
            Security::None | Security::Function(_) => JsValue::NULL,
        }
    }

    /// Forgets the cached token; the next request fetches a new one.
    #[wasm_bindgen(js_name = clearToken)]
    pub fn clear_token(&self) {
        if let Some(oauth) = self.core.security.oauth() {
            oauth.clear();
        }
    }
}
