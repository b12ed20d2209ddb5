//! The output of a bulk run: results, progress and the report.

use super::schedule::{Progress, Status};
use crate::border::time::timestamp;
use crate::border::with_remaining;
use crate::http::transport::Trace;
use serde::{Serialize, Serializer};
use wasm_bindgen::JsValue;

/// A JavaScript value that is passed on unchanged.
#[derive(Clone, Serialize)]
#[serde(transparent)]
struct Kept(#[serde(with = "serde_wasm_bindgen::preserve")] JsValue);

/// How an item ended. A duplicate has the same ending as its original.
#[derive(Clone)]
pub struct Ending {
    /// How it ended.
    pub status: Status,
    status_code: Option<u16>,
    error: Option<JsValue>,
    sent_at: Option<String>,
    answered_at: Option<String>,
    request_id: Option<String>,
}

impl Ending {
    /// The end of an item that was not a duplicate.
    pub fn new(status: Status, error: Option<JsValue>, trace: &Trace) -> Ending {
        // Common headers for the id of a request.
        let names = ["x-request-id", "x-amzn-requestid", "cf-ray"];
        Ending {
            status,
            status_code: trace.status.get(),
            error,
            sent_at: trace.sent_at.get().and_then(timestamp),
            answered_at: trace.answered_at.get().and_then(timestamp),
            request_id: names.into_iter().find_map(|name| trace.header(name).filter(|id| !id.is_empty())),
        }
    }
}

/// `RevokeCredentialsResult`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemResult<'a> {
    index: usize,
    request: Kept,
    #[serde(serialize_with = "status")]
    status: Status,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
}

fn status<S: Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match status {
        Status::Revoked => "revoked",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    })
}

/// `RevokeCredentialsProgress`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProgressObject {
    done: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    revoked: usize,
    failed: usize,
    in_flight: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_ms: Option<f64>,
}

/// The progress as an object. `paused_until`: in milliseconds since 1970.
pub fn progress_object(progress: &Progress, total: Option<usize>, paused_until: Option<f64>) -> JsValue {
    let Progress { revoked, failed, skipped, in_flight, rate_per_second, eta_ms, .. } = *progress;
    let done = revoked.saturating_add(failed).saturating_add(skipped);
    let object = ProgressObject { done, total, revoked, failed, in_flight, paused_until, rate_per_second, eta_ms };
    serde_wasm_bindgen::to_value(&object).unwrap_or_default()
}

/// `RevokeCredentialsReport`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportObject {
    revoked: usize,
    failed: usize,
    skipped: usize,
    results: Vec<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_error: Option<Kept>,
}

/// The report during the run.
#[derive(Default)]
pub struct Report {
    /// Whether results are kept.
    collect: bool,
    /// By index.
    results: Vec<Option<Kept>>,
    /// Requests for another run, by index.
    remaining: Vec<Option<Kept>>,
    /// The exception of the input.
    pub input_error: Option<JsValue>,
}

impl Report {
    /// `collect`: whether to keep results, or only count.
    pub fn new(collect: bool) -> Report {
        Report { collect, ..Report::default() }
    }

    /// Adds an item's result, and returns it as an object. `duplicate_of`: the index of the original.
    pub fn add(
        &mut self,
        index: usize,
        request: JsValue,
        attempts: u32,
        ending: &Ending,
        duplicate_of: Option<usize>,
    ) -> JsValue {
        let result = ItemResult {
            index,
            request: Kept(request),
            status: ending.status,
            attempts,
            duplicate_of,
            status_code: ending.status_code,
            error: ending.error.clone().map(Kept),
            sent_at: ending.sent_at.as_deref(),
            answered_at: ending.answered_at.as_deref(),
            request_id: ending.request_id.as_deref(),
        };
        let object = serde_wasm_bindgen::to_value(&result).unwrap_or_default();
        if self.collect {
            put(&mut self.results, index, object.clone());
        }
        object
    }

    /// Adds a request that another run may revoke.
    pub fn add_remaining(&mut self, index: usize, request: JsValue) {
        if self.collect {
            put(&mut self.remaining, index, request);
        }
    }

    /// The report as an object.
    pub fn finish(self, progress: &Progress) -> JsValue {
        let remaining: Vec<Kept> = self.remaining.into_iter().flatten().collect();
        let object = ReportObject {
            revoked: progress.revoked,
            failed: progress.failed,
            skipped: progress.skipped,
            results: self.results.into_iter().flatten().collect(),
            input_error: self.input_error.map(Kept),
        };
        let [object, remaining] = [serde_wasm_bindgen::to_value(&object), serde_wasm_bindgen::to_value(&remaining)];
        with_remaining(&object.unwrap_or_default(), &remaining.unwrap_or_default())
    }
}

fn put(list: &mut Vec<Option<Kept>>, index: usize, value: JsValue) {
    if list.len() <= index {
        list.resize(index.saturating_add(1), None);
    }
    if let Some(place) = list.get_mut(index) {
        *place = Some(Kept(value));
    }
}
