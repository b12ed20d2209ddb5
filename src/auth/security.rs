//! Where a request's `Authorization` comes from.

use super::bearer::Authorization;
use super::oauth::OAuth;
use super::source::{bearer, call_source};
use crate::border::fields::{Fields, Names};
use crate::border::is_record;
use crate::border::wait::Wait;
use crate::error::Error;
use js_sys::Function;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};

/// `Security`.
const NAMES: Names = Names { all: "bearerAuth oauth", set: &["bearerAuth", "oauth"] };

/// How a client authorizes its requests.
pub enum Security {
    /// A fixed token, or none: then requests have no `Authorization`.
    Fixed(Option<Authorization>),
    /// The caller's function, which returns a `Security` or a promise of one for each request.
    Function(Function),
    /// A token for client credentials or for an ID token.
    OAuth(Rc<OAuth>),
}

impl Security {
    /// Reads the property `security`.
    ///
    /// # Errors
    /// It is neither a `Security` nor a function, or the token is invalid.
    pub fn read(props: &Fields) -> Result<Security, Error> {
        let Some(value) = props.value("security")? else { return Ok(Security::Fixed(None)) };
        match value.dyn_into::<Function>() {
            Ok(function) => Ok(Security::Function(function)),
            Err(value) => read_tokens(&value).map(Security::Fixed),
        }
    }

    /// The `Authorization` of the next request, if there is one.
    ///
    /// # Errors
    /// No token could be fetched, or the wait ended.
    pub async fn authorization(&self, wait: &Wait) -> Result<Option<Authorization>, Error> {
        match self {
            Security::Fixed(authorization) => Ok(authorization.clone()),
            Security::Function(function) => {
                let value = call_source(wait, function, "The security function failed").await?;
                if value.is_null_or_undefined() {
                    return Err(Error::invalid(
                        "the security function returned undefined or null: return an object with the token",
                    ));
                }
                read_tokens(&value)
            }
            Security::OAuth(oauth) => oauth.authorization(wait).await.map(Some),
        }
    }

    /// Call this after the API refused a token. Returns whether a new token can be fetched.
    pub fn renew(&self, refused: Option<&Authorization>) -> bool {
        let (Security::OAuth(oauth), Some(refused)) = (self, refused) else { return false };
        oauth.forget(refused);
        true
    }

    /// Returns the cached token, if it has not expired.
    pub fn current(&self) -> Option<Authorization> {
        match self {
            Security::Fixed(authorization) => authorization.clone(),
            Security::OAuth(oauth) => oauth.current(),
            Security::Function(_) => None,
        }
    }
}

/// The token of a `Security`: `oauth` if both are present, as in the official SDK.
fn read_tokens(security: &JsValue) -> Result<Option<Authorization>, Error> {
    if security.is_object() && !is_record(security) {
        return Err(Error::invalid("security must be an object or a function, not an array"));
    }
    let fields = Fields::with_path(security, "security", "security.")?.named(&NAMES)?;
    let bearer = read_token(&fields, "bearerAuth")?;
    Ok(read_token(&fields, "oauth")?.or(bearer))
}

fn read_token(fields: &Fields, name: &str) -> Result<Option<Authorization>, Error> {
    let Some(token) = fields.js_string(name)? else { return Ok(None) };
    bearer(&token).map(Some).map_err(|error| fields.wrong(name, error))
}
