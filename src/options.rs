//! The options of a client, of a call and of a bulk run.

use crate::border::fields::{Fields, Names};
use crate::border::{global, merged_options, peek_text};
use crate::error::Error;
use crate::http::log::Logger;
use crate::http::retry::{Backoff, StatusCodes};
use crate::http::server::{MAX_URL_LENGTH, check_server_url, tenant_url};
use crate::http::settings::{CallSettings, Retry};
use crate::http::transport::Transport;
use js_sys::Function;
use web_sys::Url;

/// The server of the default tenant in the API's document.
const DEFAULT_SERVER: &str = "https://example.conductor.one";

/// `SDKProps`.
pub const PROPS: Names = Names {
    all: "allowInsecureHTTP clientID clientSecret debugLogger defaultClient httpClient oidcToken retryConfig security serverIdx \
          serverURL tenantDomain timeoutMs userAgent",
    set: &["clientID", "clientSecret", "oidcToken", "serverURL", "tenantDomain"],
};

/// The options of a call or a bulk run. An unset `serverURL` means the client's server, which was named on purpose. The rest of
/// `RequestInit` is the platform's.
pub const CALL: Names = Names {
    all: "collect concurrency dryRun fetchOptions headers onProgress onResult retries retryCodes serverURL signal stopOnError \
          timeoutMs",
    set: &[],
};

/// `RetryConfig`.
const RETRY: Names = Names { all: "backoff retryConnectionErrors strategy", set: &[] };

/// `BackoffStrategy`.
const BACKOFF: Names = Names { all: "exponent initialInterval maxElapsedTime maxInterval", set: &[] };

/// Longest `userAgent`, in UTF-16 code units.
const MAX_USER_AGENT: u32 = 1024;

/// The maximum length of `retryCodes`: more than there are status codes.
const MAX_CODES: u32 = 1000;

/// The default number of requests in flight in a bulk run: a Worker may have six connections that wait for headers.
const DEFAULT_CONCURRENCY: f64 = 6.0;

/// The maximum. More requests would only queue in the platform.
const MAX_CONCURRENCY: f64 = 1000.0;

/// Reads how a client sends requests.
///
/// # Errors
/// An option is invalid.
pub fn read_transport(props: &Fields) -> Result<Transport, Error> {
    const CLIENT: &str = "an object with a method request(Request): Promise<Response>";
    const LOGGER: &str = "an object with the methods group, groupEnd and log";
    let http_client = props.object_with_methods("httpClient", &["request"], CLIENT)?;
    let default_client = props.object_with_methods("defaultClient", &["request"], CLIENT)?;
    let logger = props.object_with_methods("debugLogger", &["group", "groupEnd", "log"], LOGGER)?.map(Logger);
    let user_agent = match props.string("userAgent", MAX_USER_AGENT)? {
        Some(agent) if agent.is_empty() || !agent.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
            return Err(props.wrong("userAgent", "must be printable ASCII"));
        }
        Some(agent) => agent,
        None => String::from(concat!("c1-revoke/", env!("CARGO_PKG_VERSION"))),
    };
    // Browsers set their own, and a custom one would need a CORS preflight.
    let in_browser = peek_text(&global("navigator"), "userAgent").starts_with("Mozilla/");
    Ok(Transport { client: http_client.or(default_client), logger, user_agent: (!in_browser).then_some(user_agent) })
}

/// Reads the settings of calls without options.
///
/// # Errors
/// An option is invalid.
pub fn read_defaults(props: &Fields) -> Result<CallSettings, Error> {
    Ok(CallSettings {
        limit: read_limit(props, None)?,
        retry: read_retry(props, "retryConfig", "retryConfig.", "retryConfig.backoff.")?,
        codes: StatusCodes::default_set(),
        confirm: props.flag("confirm")?.unwrap_or(false),
        ..CallSettings::default()
    })
}

/// Reads the settings of a call.
///
/// # Errors
/// An option is invalid.
pub fn read_call(options: &Fields, defaults: &CallSettings) -> Result<CallSettings, Error> {
    let deprecated = options.object("fetchOptions", "fetchOptions.")?;
    let init =
        merged_options(deprecated.as_ref().and_then(Fields::object_value), options.object_value()).map_err(Error::validation)?;
    let merged = Fields::of(&init, "options")?;
    Ok(CallSettings {
        headers: merged.value("headers")?,
        limit: read_limit(options, defaults.limit)?,
        signal: merged.object_with_methods("signal", &["addEventListener"], "an AbortSignal")?,
        retry: read_retry(options, "retries", "retries.", "retries.backoff.")?.or(defaults.retry),
        codes: read_codes(options)?.unwrap_or_else(|| defaults.codes.clone()),
        confirm: options.flag("confirm")?.unwrap_or(defaults.confirm),
        init: Some(init),
    })
}

/// Zero or less means no limit, as in the official SDK.
fn read_limit(fields: &Fields, default: Option<f64>) -> Result<Option<f64>, Error> {
    Ok(fields.number("timeoutMs")?.or(default).filter(|limit| *limit > 0.0))
}

/// Returns the base URL of a client's server: `serverURL`, else `tenantDomain`, else `fallback`, else the default tenant.
///
/// # Errors
/// An option is invalid.
pub fn server_of(props: &Fields, fallback: Option<&str>, allow_insecure: bool) -> Result<String, Error> {
    let server = read_server(props, allow_insecure)?;
    let tenant = props.string("tenantDomain", MAX_URL_LENGTH)?;
    if props.number("serverIdx")?.is_some_and(|index| index != 0.0) {
        return Err(props.wrong("serverIdx", "must be 0: there is one server"));
    }
    let tenant = tenant.map(|tenant| tenant_url(&tenant)).transpose().map_err(|invalid| props.wrong("tenantDomain", invalid))?;
    Ok(server.or(tenant).unwrap_or_else(|| fallback.unwrap_or(DEFAULT_SERVER).to_owned()))
}

/// Reads the option `serverURL`.
///
/// # Errors
/// It is not the URL of an allowed server.
pub fn read_server(fields: &Fields, allow_insecure: bool) -> Result<Option<String>, Error> {
    const NAME: &str = "serverURL";
    let Some(text) = fields.url(NAME, MAX_URL_LENGTH)? else { return Ok(None) };
    let href = Url::new(&text).ok().map(|url| peek_text(&url, "href"));
    check_server_url(&text, href.as_deref(), allow_insecure).map(Some).map_err(|invalid| fields.wrong(NAME, invalid))
}

fn read_retry(fields: &Fields, name: &str, path: &'static str, backoff_path: &'static str) -> Result<Option<Retry>, Error> {
    let Some(config) = fields.object(name, path)? else { return Ok(None) };
    let config = config.named(&RETRY)?;
    let backoff = match config.string("strategy", 16)?.as_deref() {
        Some("none") => None,
        Some("backoff") => Some(match config.object("backoff", backoff_path)? {
            None => Backoff::DEFAULT,
            Some(backoff) => {
                let backoff = backoff.named(&BACKOFF)?;
                let or = |name: &str, default: f64| match backoff.number(name)? {
                    Some(number) if number < 0.0 => Err(backoff.wrong(name, "must not be negative")),
                    number => Ok(number.unwrap_or(default)),
                };
                Backoff {
                    initial_interval: or("initialInterval", Backoff::DEFAULT.initial_interval)?,
                    max_interval: or("maxInterval", Backoff::DEFAULT.max_interval)?,
                    exponent: or("exponent", Backoff::DEFAULT.exponent)?,
                    max_elapsed: or("maxElapsedTime", Backoff::DEFAULT.max_elapsed)?,
                }
            }
        }),
        _ => return Err(config.wrong("strategy", "must be \"none\" or \"backoff\"")),
    };
    Ok(Some(Retry { backoff, connection_errors: config.flag("retryConnectionErrors")?.unwrap_or(false), timeouts: false }))
}

fn read_codes(fields: &Fields) -> Result<Option<StatusCodes>, Error> {
    const NAME: &str = "retryCodes";
    const EXPECTED: &str = "an array of codes such as \"429\" and \"5XX\"";
    let Some(given) = fields.strings(NAME, MAX_CODES, EXPECTED)? else { return Ok(None) };
    StatusCodes::parse(&given).map(Some).ok_or_else(|| fields.wrong(NAME, format!("must be {EXPECTED}")))
}

/// The options of a bulk run, in addition to those of its calls.
pub struct BulkOptions {
    /// The maximum number of requests in flight.
    pub concurrency: usize,
    /// Whether the report contains the results.
    pub collect: bool,
    /// Whether the first failure stops the run. Not in a dry run, which checks the whole input.
    pub stop_on_error: bool,
    /// Whether to validate only.
    pub dry_run: bool,
    /// Called with the progress.
    pub on_progress: Option<Function>,
    /// Called with each result.
    pub on_result: Option<Function>,
}

impl BulkOptions {
    /// Reads them.
    ///
    /// # Errors
    /// An option is invalid.
    pub fn read(options: &Fields) -> Result<BulkOptions, Error> {
        let concurrency = options.number("concurrency")?.unwrap_or(DEFAULT_CONCURRENCY);
        if concurrency < 1.0 {
            return Err(options.wrong("concurrency", "must be 1 or more"));
        }
        let dry_run = options.flag("dryRun")?.unwrap_or(false);
        Ok(BulkOptions {
            concurrency: concurrency.min(MAX_CONCURRENCY) as usize,
            collect: options.flag("collect")?.unwrap_or(true),
            stop_on_error: options.flag("stopOnError")?.unwrap_or(false) && !dry_run,
            dry_run,
            on_progress: options.function("onProgress")?,
            on_result: options.function("onResult")?,
        })
    }
}
