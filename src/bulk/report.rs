//! The output of a bulk run: results, progress and the report, an object of a JavaScript class (report.js).

use super::pace::Meter;
use super::schedule::{Scheduler, Status};
use crate::border::time::{now_since_epoch, timestamp};
use crate::http::outcome::Outcome;
use crate::http::transport::Response;
use crate::kept::Kept;
use js_sys::Array;
use serde::{Serialize, Serializer};
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;

#[cfg_attr(feature = "package", wasm_bindgen(raw_module = "./report.js"))]
#[cfg_attr(not(feature = "package"), wasm_bindgen(module = "/src/bulk/report.js"))]
extern "C" {
    #[wasm_bindgen(js_name = newReport)]
    fn new_report(fields: &JsValue, requests: &JsValue) -> JsValue;
}

/// What is recorded of an item while it is sent.
#[derive(Default)]
pub struct Record {
    /// What is known of the credential.
    pub outcome: Cell<Outcome>,
    /// The number of requests to revoke it.
    pub requests: Cell<u32>,
    /// When the last one was sent, in milliseconds since 1970.
    sent_at: Cell<Option<f64>>,
    /// When the head of its response arrived.
    answered_at: Cell<Option<f64>>,
    /// Its status.
    status: Cell<Option<u16>>,
    /// The server's id of it.
    request_id: RefCell<Option<String>>,
    /// When the credential was deleted, if the API has said so when it was asked.
    pub deleted_at: RefCell<Option<String>>,
}

impl Record {
    /// A request to revoke it is sent.
    pub fn sent(&self) {
        self.requests.set(self.requests.get().saturating_add(1));
        self.sent_at.set(Some(now_since_epoch()));
        self.answered_at.set(None);
        self.status.set(None);
        self.request_id.replace(None);
    }

    /// The head of its response has arrived.
    pub fn answered(&self, response: &Response<'_>) {
        self.answered_at.set(Some(now_since_epoch()));
        self.status.set(Some(response.head.status));
        self.request_id.replace(response.request_id());
    }
}

/// What the API said when it was asked.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Confirmation {
    deleted_at: String,
}

/// `RevokeCredentialsResult`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ItemResult {
    /// Its place in the input.
    pub index: u32,
    /// The request.
    pub request: Kept,
    /// How the item ended.
    pub status: Status,
    /// What that means for the credential.
    #[serde(serialize_with = "name")]
    outcome: Outcome,
    attempts: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<u32>,
    /// Why it failed or was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Kept>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmation: Option<Confirmation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

fn name<S: Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.name())
}

impl ItemResult {
    /// The result of an item that is not a duplicate.
    pub fn new(index: usize, request: JsValue, status: Status, error: Option<JsValue>, record: &Record) -> ItemResult {
        ItemResult {
            index: index as u32,
            request: Kept(request),
            status,
            outcome: record.outcome.get(),
            attempts: record.requests.get(),
            duplicate_of: None,
            status_code: record.status.get().map(u32::from),
            error: error.map(Kept),
            confirmation: record.deleted_at.take().map(|deleted_at| Confirmation { deleted_at }),
            sent_at: record.sent_at.get().and_then(timestamp),
            answered_at: record.answered_at.get().and_then(timestamp),
            request_id: record.request_id.take(),
        }
    }

    /// The result of a duplicate of this item. It ended in the same way.
    pub fn of_duplicate(&self, index: usize, request: JsValue) -> ItemResult {
        ItemResult { index: index as u32, request: Kept(request), attempts: 0, duplicate_of: Some(self.index), ..self.clone() }
    }

    /// What is kept of it for later duplicates if memory is bounded.
    pub fn brief(&self) -> ItemResult {
        ItemResult {
            request: Kept(JsValue::UNDEFINED),
            error: None,
            confirmation: None,
            sent_at: None,
            answered_at: None,
            request_id: None,
            ..*self
        }
    }
}

/// `RevokeCredentialsProgress`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    done: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u32>,
    revoked: u32,
    failed: u32,
    in_flight: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eta_ms: Option<f64>,
}

/// `RevokeCredentialsReport`, during the run and at its end.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    revoked: u32,
    failed: u32,
    skipped: u32,
    /// Of the failed ones.
    unknown: u32,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    results: Array,
    /// The exception of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_error: Option<Kept>,
    /// The requests that another run may revoke, each at its place in the input.
    #[serde(skip)]
    remaining: Array,
    /// Counts items that were revoked or failed.
    #[serde(skip)]
    finished: Meter,
}

impl Report {
    /// Counts an item that has ended.
    pub fn count(&mut self, ItemResult { status, outcome, .. }: &ItemResult, now: f64) {
        let count = match status {
            Status::Revoked => &mut self.revoked,
            Status::Failed => &mut self.failed,
            Status::Skipped => &mut self.skipped,
        };
        *count = count.saturating_add(1);
        if *outcome == Outcome::Unknown {
            self.unknown = self.unknown.saturating_add(1);
        }
        if *status != Status::Skipped {
            self.finished.count(now);
        }
    }

    /// Keeps the result of the item at this place in the input. `remaining`: its request, if another run may revoke it.
    pub fn keep(&self, index: u32, result: JsValue, remaining: Option<JsValue>) {
        self.results.set(index, result);
        if let Some(request) = remaining {
            self.remaining.set(index, request);
        }
    }

    /// The progress as an object. `total`: the number of items, if known.
    pub fn progress(&self, total: Option<usize>, schedule: &Scheduler, now: f64) -> JsValue {
        let Report { revoked, failed, skipped, .. } = *self;
        let done = revoked.saturating_add(failed).saturating_add(skipped);
        let total = total.map(|total| total as u32);
        let pause = schedule.pause_left(now);
        // Over the last ten seconds. After a stop, items end without being sent.
        let period = self.finished.periods(now).next().filter(|(time, _)| *time > 0.0 && !schedule.stopped());
        let rate_per_second = period.map(|(time, items)| items / time * 1000.0);
        let left = total.map(|total| f64::from(total.saturating_sub(done)));
        let eta_ms = rate_per_second.zip(left).map(|(rate, left)| pause.unwrap_or(0.0) + left / rate * 1000.0);
        let paused_until = pause.map(|left| (now_since_epoch() + left).round());
        let in_flight = schedule.in_flight() as u32;
        let progress = Progress { done, total, revoked, failed, in_flight, paused_until, rate_per_second, eta_ms };
        serde_wasm_bindgen::to_value(&progress).unwrap_or_default()
    }

    /// The report as an object.
    pub fn finish(&self) -> JsValue {
        new_report(&serde_wasm_bindgen::to_value(self).unwrap_or_default(), &self.remaining)
    }
}
