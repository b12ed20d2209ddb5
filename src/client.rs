//! The client: what it is constructed with, and the functions that it exports.

use crate::call::{self, Operation, Prepared, Trail};
use crate::errors::Failure;
use crate::input::{Faults, Input, Type};
use crate::interrupt::Interrupt;
use crate::js;
use crate::oauth::OAuth;
use crate::options::{self, CallOptions, ClientOptions};
use crate::path::{push_segment, MAX_ID_LENGTH};
use crate::run;
use crate::security::{token_of, Security};
use crate::server;
use crate::text;
use alloc::rc::Rc;
use alloc::string::String;
use js_sys::Promise;
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
}

impl Core {
    fn new(props: &JsValue) -> Result<Core, Failure> {
        let faults = Faults::default();
        let input = Input::new(props, "props", "", &faults);
        let options = ClientOptions::read(&input);
        let tenant = input.string("tenantDomain", server::MAX_URL_LENGTH);
        let security = OAuth::read(&input).map_or_else(|| Security::read(&input), Security::OAuth);
        let server = options::server(&input, options.allow_insecure);
        if input.number("serverIdx").is_some_and(|index| index != 0.0) {
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
        faults.check()?;
        Ok(Core { server, security, options })
    }

    /// Checks a request.
    ///
    /// # Errors
    /// By name, the field that is wrong.
    pub fn prepare(&self, request: &JsValue, options: &CallOptions) -> Result<Prepared, Failure> {
        const BODY: &str = "connectorServiceRevokeCredentialRequest";
        let faults = Faults::default();
        let input = Input::new(request, "the request", "", &faults);
        let mut url = String::from(options.server.as_ref().unwrap_or(&self.server));
        url.push_str("/api/v1");
        for (collection, name) in [("/apps/", "appId"), ("/connectors/", "connectorId"), ("/credentials/", "id")] {
            url.push_str(collection);
            push_id(&mut url, &input, name);
        }
        let field = input.read(BODY, Type::Any);
        let body = if field.is_undefined() {
            field
        } else {
            if !field.is_object() || js::is_array(&field) {
                input.wrong_type(BODY, "an object", &field);
            }
            JsValue::from_str("{}")
        };
        faults.check()?;
        Ok(Prepared { url, body })
    }
}

/// The first byte of U+FFFD in UTF-8, which stands in a copy for what was no character.
const REPLACEMENT: u8 = 0xef;

/// Appends an id of the request to its URL. Its string is checked where it lies before it is copied, for the copy would hide lone
/// surrogates.
fn push_id(url: &mut String, input: &Input<'_>, name: &str) {
    let value = input.read(name, Type::String);
    let Some(text) = js::as_js_string(&value) else { return input.wrong(name, " is missing") };
    if text.length() > MAX_ID_LENGTH {
        return input.wrong(name, " is too long for an id");
    }
    let id = String::from(&text);
    if text::find(id.as_bytes(), REPLACEMENT).is_some() && !text.is_valid_utf16() {
        return input.wrong(name, " holds a lone surrogate, which no URL can carry");
    }
    if let Err(error) = push_segment(url, &id) {
        input.wrong(name, error.message());
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
    pub fn new(props: &JsValue) -> Result<Client, JsValue> {
        match Core::new(props) {
            Ok(core) => Ok(Client { core: Rc::new(core) }),
            Err(failure) => Err(failure.error),
        }
    }

    /// Revokes one credential: `POST /api/v1/apps/{app_id}/connectors/{connector_id}/credentials/{id}`.
    #[wasm_bindgen(js_name = revokeCredential)]
    pub fn revoke_credential(&self, request: JsValue, options: JsValue) -> Promise {
        let core = self.core.clone();
        js::promise(async move { revoke(&core, &request, &options).await })
    }

    /// The same, but its promise never rejects: `{ ok: true, value }` or `{ ok: false, error }`.
    #[wasm_bindgen(js_name = tryRevokeCredential)]
    pub fn try_revoke_credential(&self, request: JsValue, options: JsValue) -> Promise {
        let core = self.core.clone();
        js::promise(async move {
            Ok(match revoke(&core, &request, &options).await {
                Ok(value) => js::object(&[("ok", &JsValue::TRUE), ("value", &value)]),
                Err(failure) => js::object(&[("ok", &JsValue::FALSE), ("error", &failure.error)]),
            })
        })
    }

    /// Revokes many credentials; its promise gives the report, and rejects for bad options only.
    #[wasm_bindgen(js_name = revokeCredentials)]
    pub fn revoke_credentials(&self, requests: JsValue, options: JsValue) -> Promise {
        let core = self.core.clone();
        js::promise(run::revoke_all(core, requests, options))
    }

    /// The token that the next request would carry, fetched if need be; null without credentials.
    #[wasm_bindgen(js_name = getValidToken)]
    pub fn get_valid_token(&self) -> Promise {
        let core = self.core.clone();
        js::promise(async move {
            let interrupt = Interrupt::new(&JsValue::UNDEFINED, options::limit(core.options.timeout));
            let authorization = core.security.authorization(&core, &interrupt).await?;
            let missing = || Failure::input("this client has no credentials to get a token with", &JsValue::UNDEFINED);
            authorization.as_ref().map(|value| token_of(value).into()).ok_or_else(missing)
        })
    }

    /// The token at hand that is still good, or null.
    #[wasm_bindgen(js_name = getCurrentToken)]
    pub fn get_current_token(&self) -> JsValue {
        match &self.core.security {
            Security::Fixed(authorization) => token_of(authorization).into(),
            Security::OAuth(oauth) => oauth.current().map_or(JsValue::NULL, Into::into),
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

async fn revoke(core: &Rc<Core>, request: &JsValue, options: &JsValue) -> Result<JsValue, Failure> {
    let faults = Faults::default();
    let options = CallOptions::read(&Input::new(options, "options", "", &faults), options, &core.options);
    faults.check()?;
    let prepared = core.prepare(request, &options)?;
    call::run(core, &Operation::Revoke(prepared), &options, &mut Trail::default()).await
}
