//! The output of a bulk run: results and the report.

use super::schedule::{Progress, Status};
use crate::border::time::timestamp;
use crate::border::with_remaining;
use crate::http::transport::Trace;
use js_sys::Array;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// A JavaScript value that is passed on unchanged.
#[derive(Clone, Serialize)]
#[serde(transparent)]
struct Kept(#[serde(with = "serde_wasm_bindgen::preserve")] JsValue);

/// `RevokeCredentialsResult`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemResult {
    index: usize,
    request: Kept,
    /// How the item ended.
    pub status: Status,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl ItemResult {
    /// The result of an item that is not a duplicate.
    pub fn new(index: usize, request: JsValue, status: Status, error: Option<JsValue>, trace: &Trace) -> ItemResult {
        // Common headers for the id of a request.
        let names = ["x-request-id", "x-amzn-requestid", "cf-ray"];
        ItemResult {
            index,
            request: Kept(request),
            status,
            attempts: trace.requests.get(),
            duplicate_of: None,
            status_code: trace.status.get(),
            error: error.map(Kept),
            sent_at: trace.sent_at.get().and_then(timestamp),
            answered_at: trace.answered_at.get().and_then(timestamp),
            request_id: names.into_iter().find_map(|name| trace.header(name).filter(|id| !id.is_empty())),
        }
    }

    /// The result of a duplicate of this item. It ended in the same way.
    pub fn of_duplicate(&self, index: usize, request: JsValue) -> ItemResult {
        ItemResult { index, request: Kept(request), attempts: 0, duplicate_of: Some(self.index), ..self.clone() }
    }

    /// The result as an object.
    pub fn to_object(&self) -> JsValue {
        serde_wasm_bindgen::to_value(self).unwrap_or_default()
    }
}

/// `RevokeCredentialsReport`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportObject {
    revoked: usize,
    failed: usize,
    skipped: usize,
    results: Kept,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_error: Option<Kept>,
}

/// The report during the run.
#[derive(Default)]
pub struct Report {
    /// Results, by index, each with the request if another run may revoke it.
    items: Vec<Option<(JsValue, Option<JsValue>)>>,
    /// The exception of the input.
    pub input_error: Option<JsValue>,
}

impl Report {
    /// Adds the result of an item. `remaining`: its request, if another run may revoke it.
    pub fn add(&mut self, index: usize, result: JsValue, remaining: Option<JsValue>) {
        if self.items.len() <= index {
            self.items.resize(index.saturating_add(1), None);
        }
        if let Some(item) = self.items.get_mut(index) {
            *item = Some((result, remaining));
        }
    }

    /// The report as an object.
    pub fn finish(self, progress: &Progress) -> JsValue {
        let [results, requests] = [Array::new(), Array::new()];
        for (result, remaining) in self.items.into_iter().flatten() {
            results.push(&result);
            remaining.iter().for_each(|request| {
                requests.push(request);
            });
        }
        let Progress { revoked, failed, skipped, .. } = *progress;
        let input_error = self.input_error.map(Kept);
        let report = ReportObject { revoked, failed, skipped, results: Kept(results.into()), input_error };
        with_remaining(&serde_wasm_bindgen::to_value(&report).unwrap_or_default(), &requests)
    }
}
