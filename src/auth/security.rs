//! Where a request's `Authorization` comes from.

use super::bearer::{Authorization, TokenError};
use super::oauth::OAuth;
use crate::border::fields::Fields;
use crate::border::wait::{Cancellation, Interrupt, Wait};
use crate::border::{is_record, secret_text};
use crate::error::Error;
use js_sys::{Function, JsString};
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// How a client authorizes its requests.
pub enum Security {
    /// It does not: requests go without `Authorization`.
    None,
    /// Always with this.
    Fixed(Authorization),
    /// With the `Security` that the caller's function returns, or promises, for each request.
    Function(Function),
    /// With a token for client credentials or for an ID token.
    OAuth(Rc<OAuth>),
}

impl Security {
    /// Reads the property `security`.
    ///
    /// # Errors
    /// It is neither a `Security` nor a function, or the token is none.
    pub fn read(props: &Fields) -> Result<Security, Error> {
        let Some(value) = props.value("security")? else { return Ok(Security::None) };
        match value.dyn_into::<Function>() {
            Ok(function) => Ok(Security::Function(function)),
            Err(value) => Ok(read_tokens(&value)?.map_or(Security::None, Security::Fixed)),
        }
    }

    /// The `Authorization` of the next request, if there is to be one.
    ///
    /// # Errors
    /// No token could be obtained, or the wait for it ended after `limit` milliseconds.
    pub async fn authorization(&self, cancellation: &Cancellation, limit: Option<f64>) -> Result<Option<Authorization>, Error> {
        match self {
            Security::None => Ok(None),
            Security::Fixed(authorization) => Ok(Some(authorization.clone())),
            Security::Function(function) => {
                let wait = Wait::begin(cancellation, limit)?;
                let value = call_source(&wait, function, "The security function failed").await?;
                read_tokens(&value)
            }
            Security::OAuth(oauth) => oauth.authorization(cancellation, limit).await.map(Some),
        }
    }

    /// The API refused this token. True: the next one may be another.
    pub fn renew(&self, refused: Option<&Authorization>) -> bool {
        match (self, refused) {
            (Security::OAuth(oauth), Some(refused)) => {
                oauth.forget(refused);
                true
            }
            _ => false,
        }
    }

    /// The token at hand that is still good.
    pub fn current(&self) -> Option<Authorization> {
        match self {
            Security::Fixed(authorization) => Some(authorization.clone()),
            Security::OAuth(oauth) => oauth.current(),
            Security::None | Security::Function(_) => None,
        }
    }
}

/// What a function of the caller's returns or promises. `fault`: the message of the error when it throws or rejects.
///
/// # Errors
/// It throws, it rejects, or the wait ends.
pub async fn call_source(wait: &Wait, source: &Function, fault: &'static str) -> Result<JsValue, Error> {
    let promised = source.call0(&JsValue::UNDEFINED).map_err(Interrupt::Thrown);
    let result = match promised {
        Ok(promise) => wait.race(&promise).await,
        Err(thrown) => Err(thrown),
    };
    result.map_err(|interrupt| match interrupt {
        Interrupt::Thrown(cause) => Error::unexpected(fault, cause),
        interrupt => interrupt.into(),
    })
}

/// The tokens of a `Security`: `oauth` where both are there, as in the official SDK.
fn read_tokens(security: &JsValue) -> Result<Option<Authorization>, Error> {
    if security.is_object() && !is_record(security) {
        return Err(Error::invalid("security must be an object or a function, not an array"));
    }
    let fields = Fields::with_path(security, "security", "security.")?;
    let bearer = read_token(&fields, "bearerAuth")?;
    Ok(read_token(&fields, "oauth")?.or(bearer))
}

fn read_token(fields: &Fields, name: &str) -> Result<Option<Authorization>, Error> {
    let Some(token) = fields.js_string(name)? else { return Ok(None) };
    bearer(&token).map(Some).map_err(|error| fields.wrong(name, &error.to_string()))
}

/// The `Authorization` for a token of the caller's or of a token endpoint.
///
/// # Errors
/// It is no bearer token.
pub fn bearer(token: &JsString) -> Result<Authorization, TokenError> {
    let text = secret_text(token).map_err(|index| TokenError::character(char::REPLACEMENT_CHARACTER, index))?;
    Authorization::bearer(&text)
}
