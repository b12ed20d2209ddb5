//! The client: what it is constructed with, and the functions that it exports.

use crate::call::{Call, Operation, Prepared};
use crate::oauth::OAuth;
use crate::options::{self, CallOptions, ClientOptions};
use crate::path::{push_segment, MAX_ID_LENGTH};
use crate::platform::{check, is_record, Faults, Input};
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
        let faults = Faults::new();
        let input = Input::new(props, "props", "", &faults);
        let options = ClientOptions::read(&input);
        let tenant = input.text("tenantDomain", server::MAX_URL_LENGTH);
        let security = OAuth::read(&input, &faults).map_or_else(|| Security::read(&input, &faults), Security::OAuth);
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
        check(&faults)?;
        let none = JsValue::UNDEFINED;
        let defaults = CallOptions::read(&Input::new(&none, "", "", &faults), &none, &options, &faults);
        Ok(Core { server, security, options, defaults: Rc::new(defaults) })
    }

    /// Checks the options of a call.
    fn call_options(&self, options: &JsValue) -> Result<Rc<CallOptions>, JsValue> {
        if options.is_undefined() {
            return Ok(self.defaults.clone());
        }
        let faults = Faults::new();
        let options = CallOptions::read(&Input::new(options, "options", "", &faults), options, &self.options, &faults);
        check(&faults)?;
        Ok(Rc::new(options))
    }

    /// Checks a request.
    ///
    /// # Errors
    /// By name, the field that is wrong.
    pub fn prepare(&self, request: &JsValue, options: &CallOptions) -> Result<Prepared, JsValue> {
        const BODY: &str = "connectorServiceRevokeCredentialRequest";
        let faults = Faults::new();
        let input = Input::new(request, "the request", "", &faults);
        let mut url = String::from(options.server.as_ref().unwrap_or(&self.server));
        url.push_str("/api/v1");
        for (collection, name) in [("/apps/", "appId"), ("/connectors/", "connectorId"), ("/credentials/", "id")] {
            url.push_str(collection);
            match input.id(name, MAX_ID_LENGTH) {
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
        check(&faults)?;
        Ok(Prepared { url, body })
    }
}

/// A client of the C1 API's operation "Revoke Credential". What is wrong with their arguments, its methods throw.
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
    pub fn new(props: &JsValue) -> Result<Client, JsValue> {
        Core::new(props).map(|core| Client { core: Rc::new(core) })
    }

    /// Revokes one credential: `POST /api/v1/apps/{app_id}/connectors/{connector_id}/credentials/{id}`. Gives a promise.
    ///
    /// # Errors
    /// `SDKValidationError`: an argument is wrong.
    #[wasm_bindgen(js_name = revokeCredential)]
    pub fn revoke_credential(&self, request: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        let options = self.core.call_options(options)?;
        let prepared = self.core.prepare(request, &options)?;
        Ok(Call::start(&self.core, Operation::Revoke(Rc::new(prepared)), &options))
    }

    /// Revokes many credentials; its promise gives the report.
    ///
    /// # Errors
    /// `SDKValidationError`: an option is wrong, or `requests` cannot be iterated.
    #[wasm_bindgen(js_name = revokeCredentials)]
    pub fn revoke_credentials(&self, requests: &JsValue, options: &JsValue) -> Result<JsValue, JsValue> {
        run::revoke_all(&self.core, requests, options)
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
            Security::OAuth(oauth) => oauth.current().unwrap_or(JsValue::NULL),
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
