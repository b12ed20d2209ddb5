var __defProp = Object.defineProperty;
var __export = (target, all) => {
  for (var name in all)
    __defProp(target, name, { get: all[name], enumerable: true });
};

// src/client.js
import { SDKValidationError, UnexpectedClientError as UnexpectedClientError2 } from "../errors.js";

// src/wasm-edge.js
import wasm from "../c1_revoke.wasm?module";
function wasmNow() {
  return wasm instanceof WebAssembly.Module ? wasm : Object.setPrototypeOf(wasm, WebAssembly.Module.prototype);
}
var wasmSoon = wasmNow;

// dist/glue.js
import * as z_ from "../errors.js";

// border.js
var border_exports = {};
__export(border_exports, {
  Cancellation: () => Cancellation,
  Wait: () => Wait,
  copyAscii: () => copyAscii,
  discardBody: () => discardBody,
  hasGlobal: () => hasGlobal,
  headerLines: () => headerLines,
  isArray: () => isArray,
  isRecord: () => isRecord,
  notify: () => notify,
  notifyMethod: () => notifyMethod,
  peek: () => peek,
  readBody: () => readBody,
  redact: () => redact,
  redactJson: () => redactJson,
  requestInit: () => requestInit,
  steadyTime: () => steadyTime,
  systemTime: () => systemTime,
  timestamp: () => timestamp,
  withRemaining: () => withRemaining
});
var MAX_TIMER = 2 ** 31 - 1;
var MASK = "***";
var SECRET_HEADERS = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
var isObject = (value) => typeof value === "object" ? value !== null : typeof value === "function";
function attempt(action) {
  try {
    return action();
  } catch {
    return void 0;
  }
}
var promiseOf = (value) => new Promise((resolve) => resolve(value));
function ignore(action) {
  const value = attempt(action);
  if (isObject(value)) {
    promiseOf(value).then(void 0, () => {
    });
  }
}
var peek = (target, key) => isObject(target) ? attempt(() => target[key]) : void 0;
var isArray = (value) => attempt(() => Array.isArray(value)) === true;
var isRecord = (value) => typeof value === "object" && value !== null && attempt(() => !Array.isArray(value)) === true;
var requestInit = (deprecated, options) => ({ __proto__: null, ...deprecated, ...options });
function copyAscii(text, bytes) {
  let copied = 0;
  for (; copied < bytes.length && text.charCodeAt(copied) < 128; copied++) {
    bytes[copied] = text.charCodeAt(copied);
  }
  return copied;
}
var hasGlobal = (name) => typeof peek(globalThis, name) === "function";
function redact(text, secret) {
  if (text.length < secret.length) {
    return text;
  }
  const shown = attempt(() => {
    const encoded = encodeURIComponent(secret);
    const escaped = JSON.stringify(secret).slice(1, -1);
    const forms = [secret, escaped, escaped.replaceAll("/", "\\/"), encoded, encoded.replace(/%../g, (code) => code.toLowerCase())];
    return forms.reduce((rest, form) => rest.replaceAll(form, MASK), text);
  });
  return shown ?? MASK;
}
function redactJson(value, secret) {
  if (typeof value === "string") {
    return redact(value, secret);
  }
  return isObject(value) ? attempt(() => {
    const shown = Object.entries(value).map(([name, member]) => [redact(name, secret), redactJson(member, secret)]);
    return Array.isArray(value) ? shown.map(([, member]) => member) : Object.fromEntries(shown);
  }) : value;
}
function headerLines(headers, secret) {
  const lines = [];
  ignore(
    () => headers.forEach((value, name) => {
      lines[lines.length] = `${name}: ${SECRET_HEADERS.includes(name) ? MASK : redact(value, secret)}`;
    })
  );
  return lines;
}
function systemTime() {
  const now = attempt(() => Date.now());
  return typeof now === "number" ? now : Number.NaN;
}
function steadyTime() {
  const now = attempt(() => performance.now());
  return typeof now === "number" ? now : systemTime();
}
var timestamp = (time) => attempt(() => new Date(time).toISOString());
var Cancellation = class {
  /** @type {Interruption | undefined} */
  interruption;
  signal;
  #listener;
  /** @type {Set<Wait>} */
  #waits = /* @__PURE__ */ new Set();
  /** @param {any} signal the caller's, or undefined */
  constructor(signal) {
    this.signal = signal;
    if (isObject(signal)) {
      this.#listener = () => this.cancel(peek(signal, "reason"));
      if (peek(signal, "aborted")) {
        this.#listener();
      } else {
        attempt(() => signal.addEventListener("abort", this.#listener));
      }
    }
  }
  /** Interrupts every wait. `AbortSignal.timeout()` tells of a timeout by its reason (DOM, 3.2). */
  cancel(reason) {
    if (!this.interruption) {
      const interruption = { timedOut: peek(reason, "name") === "TimeoutError", reason };
      this.interruption = interruption;
      attempt(() => this.#waits.forEach((wait) => wait.interrupt(interruption)));
    }
  }
  /** Removes the listener. A signal that keeps it all the same finds nothing to do. */
  close() {
    this.interruption ??= { timedOut: false, reason: void 0 };
    if (this.#listener) {
      attempt(() => this.signal.removeEventListener("abort", this.#listener));
    }
  }
  /** @param {Wait} wait */
  add(wait) {
    attempt(() => this.#waits.add(wait));
  }
  /** @param {Wait} wait */
  remove(wait) {
    attempt(() => this.#waits.delete(wait));
  }
};
var Wait = class {
  /** @type {Interruption | undefined} */
  interruption;
  #cancellation;
  #timer;
  #limited = false;
  #reject;
  #controller;
  /**
   * Throws where timers do not work.
   * @param {Cancellation} cancellation
   * @param {number | undefined} limit milliseconds; undefined, or more than a timer can hold: none
   */
  constructor(cancellation, limit) {
    this.#cancellation = cancellation;
    if (limit <= MAX_TIMER) {
      const reason = () => new DOMException("The operation was aborted due to timeout", "TimeoutError");
      this.#timer = setTimeout(() => this.interrupt({ timedOut: true, reason: attempt(reason) }), limit);
      this.#limited = true;
    }
    cancellation.add(this);
  }
  /** The signal for a request: the caller's own, unless there is more to follow. Throws where AbortController is missing. */
  signal(cancellable) {
    if (!cancellable && !this.#limited) {
      return this.#cancellation.signal;
    }
    this.#controller = new AbortController();
    return this.#controller.signal;
  }
  /** Settles as `value` does, or rejects when the wait is interrupted first. A value that arrives at the same time counts. */
  race(value) {
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      promiseOf(value).then(resolve, reject);
      if (this.interruption) {
        this.#rejectSoon();
      }
    });
  }
  /** Rejects when the wait is over. */
  pause() {
    return this.race(new Promise(() => {
    }));
  }
  /** @param {Interruption} interruption */
  interrupt(interruption) {
    if (!this.interruption) {
      this.interruption = interruption;
      this.#rejectSoon();
      attempt(() => this.#controller?.abort(interruption.reason));
    }
  }
  /** Ends the wait: clears its timer, and aborts the request that is on its way, unless it is complete. */
  end(complete) {
    const controller = this.#controller;
    this.#controller = void 0;
    this.interrupt({ timedOut: false, reason: void 0 });
    attempt(() => clearTimeout(this.#timer));
    this.#cancellation.remove(this);
    if (!complete) {
      attempt(() => controller?.abort());
    }
  }
  #rejectSoon() {
    promiseOf().then(() => this.#reject?.(this.interruption.reason));
  }
};
async function readBody(response, max, wait) {
  const body = peek(response, "body");
  if (body === null) {
    return { text: "", truncated: false };
  }
  if (typeof peek(body, "getReader") === "function") {
    return readStream(body.getReader(), max, wait);
  }
  const text = await wait.race(response.text());
  if (typeof text !== "string") {
    throw void 0;
  }
  return { text, truncated: false };
}
async function readStream(reader, max, wait) {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  try {
    for (; ; ) {
      const chunk = await wait.race(reader.read());
      if (peek(chunk, "done")) {
        return { text: text + decoder.decode(), truncated: false };
      }
      const size = peek(peek(chunk, "value"), "byteLength");
      if (typeof size !== "number") {
        throw void 0;
      }
      length += Math.max(size, 1);
      if (length > max) {
        ignore(() => reader.cancel());
        return { text, truncated: true };
      }
      text += decoder.decode(chunk.value, { stream: true });
    }
  } catch (thrown) {
    ignore(() => reader.cancel());
    throw thrown;
  }
}
var discardBody = (response) => ignore(() => response.body.cancel());
var notify = (callback, argument) => ignore(() => callback(argument));
var notifyMethod = (target, method) => ignore(() => target[method]());
var withRemaining = (report, requests) => Object.assign(report, { remaining: () => requests.slice() });

// dist/glue.js
var q = { "../errors.js": z_, "../border.js": border_exports };
function H_() {
  const S = {}, I = (e) => q[e];
  var O = Object.defineProperty, D = Object.getOwnPropertyDescriptor, U = Object.getOwnPropertyNames, N = Object.prototype.hasOwnProperty, B = (e, _) => {
    for (var t in _) O(e, t, { get: _[t], enumerable: true });
  }, F = (e, _, t, n) => {
    if (_ && typeof _ == "object" || typeof _ == "function") for (let r of U(_)) !N.call(e, r) && r !== t && O(e, r, { get: () => _[r], enumerable: !(n = D(_, r)) || n.enumerable });
    return e;
  }, V = (e) => F(O({}, "__esModule", { value: true }), e), R = {};
  B(R, { Client: () => E, __wbg_Error_30c8987f7c2ed4e2: () => P, __wbg_Number_14af1003b8dd5ead: () => W, __wbg___wbindgen_boolean_get_5b446f51afd21013: () => G, __wbg___wbindgen_is_falsy_16bd49b68658263e: () => J, __wbg___wbindgen_is_function_1f9d30630b8b1d3d: () => z, __wbg___wbindgen_is_null_e343b7d08827ba72: () => K, __wbg___wbindgen_is_object_3c45d4f2dde4e749: () => H, __wbg___wbindgen_is_string_90b56bc79aad6f6c: () => X, __wbg___wbindgen_is_undefined_8865fb403f8fe9d8: () => Y, __wbg___wbindgen_number_get_2e0e7dee9f701a71: () => Q, __wbg___wbindgen_string_get_0380ccaa2f57f0d9: () => Z, __wbg___wbindgen_throw_41e9ee4f547fc59a: () => $, __wbg___wbindgen_typeof_e777a26e115d416b: () => ee, __wbg__wbg_cb_unref_dcc1a90847f04c41: () => _e, __wbg_asyncIterator_a6ee5b0e4aee2db8: () => te, __wbg_call_187d372bd5fdd4aa: () => ne, __wbg_call_6137034ef55c9d0f: () => re, __wbg_cancel_35391bca9244e4dc: () => ce, __wbg_charCodeAt_bbfbcedfafe34880: () => oe, __wbg_close_de690d26e40ced15: () => be, __wbg_copyAscii_005e3241f2050943: () => ae, __wbg_end_1801ab0f595e1aa4: () => fe, __wbg_fetch_b7863204235b9b8f: () => ie, __wbg_getRandomValues_ab563b7a43326d6e: () => ue, __wbg_get_277cc347e450fff1: () => se, __wbg_get_31af05bd4842a84f: () => de, __wbg_hasGlobal_101513e50e3d8c67: () => we, __wbg_has_143f29d9d4480b70: () => ge, __wbg_has_5d6706e5209576c1: () => le, __wbg_headerLines_fbe1c8b942022f3a: () => pe, __wbg_importKey_5955a809402df9c3: () => me, __wbg_instanceof_Set_3b384cb03733893a: () => he, __wbg_interruption_15cec10792ac85f2: () => ye, __wbg_interruption_2ae393278e2f16f8: () => ve, __wbg_iterator_e3c31c892080e444: () => ke, __wbg_length_78dac82682e59660: () => Oe, __wbg_length_7f3c00c40364105e: () => Ee, __wbg_new_02caaaae986393c9: () => Ae, __wbg_new_17ddd6f06709b93a: () => Te, __wbg_new_1cd144a33aff9d43: () => xe, __wbg_new_1dbf7428bba60a42: () => Se, __wbg_new_2a7defdac9626e21: () => Ie, __wbg_new_2bdcdfcebdfc34d2: () => Re, __wbg_new_30e9cf9dc073a251: () => Ce, __wbg_new_5a6305c225775ac1: () => Me, __wbg_new_5cff84f31c7b425d: () => Le, __wbg_new_617a8cdb8bb1130e: () => je, __wbg_new_70ba1398120eba25: () => qe, __wbg_new_820eb53f620ccf82: () => De, __wbg_new_83ca405eae412a62: () => Ue, __wbg_new_9a3f86dd62cfba4e: () => Ne, __wbg_new_b4ef79c684ce89a8: () => Be, __wbg_new_dafd9f0dc1889e7c: () => Fe, __wbg_new_ee2291f50781bf1d: () => Ve, __wbg_new_f6d159247903e6c2: () => Pe, __wbg_new_from_slice_9a868026ffa4208a: () => We, __wbg_new_typed_b01cb72a8af741a3: () => Ge, __wbg_new_with_headers_7eaf3e64bd3f0a23: () => Je, __wbg_new_with_length_3da0ad195f6f63ba: () => ze, __wbg_new_with_str_and_init_4618dee4e950224f: () => Ke, __wbg_notifyMethod_5d63b333351d2232: () => He, __wbg_of_d5dbecdc59e02e34: () => Xe, __wbg_parse_0fc53dead14b3b42: () => Ye, __wbg_parse_dd71156ec1c8d341: () => Qe, __wbg_pause_884d47f6d48e9e0c: () => Ze, __wbg_peek_a99dbbd306cbbdb6: () => $e, __wbg_prototypesetcall_bc27214492979395: () => e_, __wbg_push_2baf45db356cf468: () => __, __wbg_queueMicrotask_9833f9a49df95a49: () => t_, __wbg_queueMicrotask_a72f977e97f23c5f: () => n_, __wbg_race_5224710a168f1d71: () => r_, __wbg_random_5a4cafd2f02395ff: () => c_, __wbg_readBody_9bb7af3ae953f49d: () => o_, __wbg_reason_0bfd0f020d510336: () => b_, __wbg_redactJson_2fbef31093749944: () => a_, __wbg_redact_c090e7ad9a7cb5af: () => f_, __wbg_requestInit_f1b94680cdb448b3: () => i_, __wbg_resolve_0076e10020304ede: () => u_, __wbg_set_6be42768c690e380: () => s_, __wbg_set_af5932e3f78b5648: () => d_, __wbg_set_bea140a88be9b277: () => w_, __wbg_set_body_1fb0f1008bfc7df6: () => g_, __wbg_set_headers_40ad33dcf016613f: () => l_, __wbg_set_method_dcb32343247ec427: () => p_, __wbg_set_redirect_cc128ab2411da334: () => m_, __wbg_set_signal_2dbd377604627f26: () => h_, __wbg_set_wasm: () => J_, __wbg_sign_37437c4f6451f05b: () => y_, __wbg_signal_67ad04c6214a0bb1: () => v_, __wbg_static_accessor_GLOBAL_266715b9d96ba635: () => k_, __wbg_static_accessor_GLOBAL_THIS_10fb7dc1ae063179: () => O_, __wbg_static_accessor_SELF_0b583911f537483a: () => E_, __wbg_static_accessor_WINDOW_d7f903d1508cbdc4: () => A_, __wbg_stringify_52ff602c1cc4fbb6: () => T_, __wbg_text_d1403ad3261e4112: () => x_, __wbg_then_c949d5a25a4e78f8: () => S_, __wbg_then_e71170d78fcf8954: () => I_, __wbg_timedOut_696763e132d0aede: () => R_, __wbg_timestamp_65eb1dc369aa7101: () => C_, __wbg_truncated_1b95bd21fb831d7a: () => M_, __wbindgen_generic_0000000000000001: () => L_, __wbindgen_generic_0000000000000002: () => j_, __wbindgen_generic_0000000000000003: () => q_, __wbindgen_generic_0000000000000004: () => D_, __wbindgen_init_externref_table: () => U_ }), S.exports = V(R);
  var i = I("../border.js"), d = I("../errors.js"), E = class {
    __destroy_into_raw() {
      const e = this.__wbg_ptr;
      return this.__wbg_ptr = 0, C.unregister(this), e;
    }
    free() {
      const e = this.__destroy_into_raw();
      o.__wbg_client_free(e, 0);
    }
    clearToken() {
      o.client_clearToken(this.__wbg_ptr);
    }
    getCurrentToken() {
      return o.client_getCurrentToken(this.__wbg_ptr);
    }
    getValidToken() {
      return o.client_getValidToken(this.__wbg_ptr);
    }
    constructor(e) {
      const _ = o.client_new(e);
      if (_[2]) throw j(_[1]);
      return this.__wbg_ptr = _[0], C.register(this, this.__wbg_ptr, this), this;
    }
    revokeCredential(e, _) {
      return o.client_revokeCredential(this.__wbg_ptr, e, _);
    }
    revokeCredentials(e, _) {
      return o.client_revokeCredentials(this.__wbg_ptr, e, _);
    }
  };
  Symbol.dispose && (E.prototype[Symbol.dispose] = E.prototype.free);
  function P(e, _) {
    return Error(c(e, _));
  }
  function W(e) {
    return Number(e);
  }
  function G(e) {
    const _ = e, t = typeof _ == "boolean" ? _ : void 0;
    return s(t) ? 16777215 : t ? 1 : 0;
  }
  function J(e) {
    return !e;
  }
  function z(e) {
    return typeof e == "function";
  }
  function K(e) {
    return e === null;
  }
  function H(e) {
    const _ = e;
    return typeof _ == "object" && _ !== null;
  }
  function X(e) {
    return typeof e == "string";
  }
  function Y(e) {
    return e === void 0;
  }
  function Q(e, _) {
    const t = _, n = typeof t == "number" ? t : void 0;
    w().setFloat64(e + 8, s(n) ? 0 : n, true), w().setInt32(e + 0, !s(n), true);
  }
  function Z(e, _) {
    const t = _, n = typeof t == "string" ? t : void 0;
    var r = s(n) ? 0 : L(n, o.__wbindgen_malloc, o.__wbindgen_realloc), u = p;
    w().setInt32(e + 4, u, true), w().setInt32(e + 0, r, true);
  }
  function $(e, _) {
    throw new Error(c(e, _));
  }
  function ee(e) {
    return typeof e;
  }
  function _e(e) {
    e._wbg_cb_unref();
  }
  function te() {
    return Symbol.asyncIterator;
  }
  function ne() {
    return b(function(e, _, t) {
      return e.call(_, t);
    }, arguments);
  }
  function re() {
    return b(function(e, _) {
      return e.call(_);
    }, arguments);
  }
  function ce(e) {
    e.cancel();
  }
  function oe(e, _) {
    return e.charCodeAt(_ >>> 0);
  }
  function be(e) {
    e.close();
  }
  function ae(e, _, t) {
    return (0, i.copyAscii)(e, A(_, t));
  }
  function fe(e, _) {
    e.end(_ !== 0);
  }
  function ie() {
    return b(function(e) {
      return fetch(e);
    }, arguments);
  }
  function ue() {
    return b(function(e) {
      return crypto.getRandomValues(e);
    }, arguments);
  }
  function se() {
    return b(function(e, _, t) {
      return e.get(c(_, t));
    }, arguments);
  }
  function de() {
    return b(function(e, _) {
      return Reflect.get(e, _);
    }, arguments);
  }
  function we(e, _) {
    return (0, i.hasGlobal)(c(e, _));
  }
  function ge() {
    return b(function(e, _, t) {
      return e.has(c(_, t));
    }, arguments);
  }
  function le() {
    return b(function(e, _) {
      return Reflect.has(e, _);
    }, arguments);
  }
  function pe(e, _, t, n) {
    const r = (0, i.headerLines)(_, c(t, n)), u = P_(r, o.__wbindgen_malloc), a = p;
    w().setInt32(e + 4, a, true), w().setInt32(e + 0, u, true);
  }
  function me() {
    return b(function(e, _, t, n, r, u, a, f) {
      return e.importKey(c(_, t), n, c(r, u), a !== 0, f);
    }, arguments);
  }
  function he(e) {
    let _;
    try {
      _ = e instanceof Set;
    } catch {
      _ = false;
    }
    return _;
  }
  function ye(e) {
    const _ = e.interruption;
    return s(_) ? 0 : g(_);
  }
  function ve(e) {
    const _ = e.interruption;
    return s(_) ? 0 : g(_);
  }
  function ke() {
    return Symbol.iterator;
  }
  function Oe(e) {
    return e.length;
  }
  function Ee(e) {
    return e.length;
  }
  function Ae() {
    return b(function(e, _, t) {
      return new d.ResponseValidationError(c(e, _), t);
    }, arguments);
  }
  function Te(e, _, t) {
    return new d.SDKValidationError(c(e, _), t);
  }
  function xe(e) {
    return new i.Cancellation(e);
  }
  function Se(e) {
    return new Uint8Array(e);
  }
  function Ie(e, _, t) {
    return new d.ConnectionError(c(e, _), t);
  }
  function Re(e, _) {
    return new TypeError(c(e, _));
  }
  function Ce(e, _) {
    return new d.UnsupportedRuntimeError(c(e, _));
  }
  function Me(e, _, t) {
    return new d.InvalidRequestError(c(e, _), t);
  }
  function Le(e, _, t) {
    return new d.RequestAbortedError(c(e, _), t);
  }
  function je() {
    return new Object();
  }
  function qe(e, _, t) {
    return new d.UnexpectedClientError(c(e, _), t);
  }
  function De() {
    return b(function(e, _) {
      return new URL(c(e, _));
    }, arguments);
  }
  function Ue() {
    return b(function() {
      return new Headers();
    }, arguments);
  }
  function Ne() {
    return b(function(e, _, t) {
      return new d.SDKError(c(e, _), t);
    }, arguments);
  }
  function Be(e, _, t) {
    return new d.RequestTimeoutError(c(e, _), t);
  }
  function Fe() {
    return b(function(e, _, t) {
      return new d.TokenRequestError(c(e, _), t);
    }, arguments);
  }
  function Ve() {
    return new Array();
  }
  function Pe() {
    return b(function(e, _, t) {
      return new i.Wait(e, _ === 0 ? void 0 : t);
    }, arguments);
  }
  function We(e, _) {
    return new Uint8Array(A(e, _));
  }
  function Ge(e, _) {
    try {
      var t = { a: e, b: _ }, n = (u, a) => {
        const f = t.a;
        t.a = 0;
        try {
          return B_(f, t.b, u, a);
        } finally {
          t.a = f;
        }
      };
      return new Promise(n);
    } finally {
      t.a = 0;
    }
  }
  function Je() {
    return b(function(e) {
      return new Headers(e);
    }, arguments);
  }
  function ze(e) {
    return new Uint8Array(e >>> 0);
  }
  function Ke() {
    return b(function(e, _, t) {
      return new Request(c(e, _), t);
    }, arguments);
  }
  function He(e, _, t) {
    (0, i.notifyMethod)(e, c(_, t));
  }
  function Xe(e) {
    return Array.of(e);
  }
  function Ye() {
    return b(function(e, _) {
      return JSON.parse(c(e, _));
    }, arguments);
  }
  function Qe() {
    return b(function(e) {
      return JSON.parse(e);
    }, arguments);
  }
  function Ze(e) {
    return e.pause();
  }
  function $e(e, _, t) {
    return (0, i.peek)(e, c(_, t));
  }
  function e_(e, _, t) {
    Uint8Array.prototype.set.call(A(e, _), t);
  }
  function __(e, _) {
    return e.push(_);
  }
  function t_(e) {
    return e.queueMicrotask;
  }
  function n_(e) {
    queueMicrotask(e);
  }
  function r_(e, _) {
    return e.race(_);
  }
  function c_() {
    return Math.random();
  }
  function o_(e, _, t) {
    return (0, i.readBody)(e, _ >>> 0, t);
  }
  function b_(e) {
    return e.reason;
  }
  function a_(e, _, t) {
    return (0, i.redactJson)(e, c(_, t));
  }
  function f_(e, _, t) {
    return (0, i.redact)(e, c(_, t));
  }
  function i_() {
    return b(function(e, _) {
      return (0, i.requestInit)(e, _);
    }, arguments);
  }
  function u_(e) {
    return Promise.resolve(e);
  }
  function s_(e, _, t) {
    e[_] = t;
  }
  function d_() {
    return b(function(e, _, t, n, r) {
      e.set(c(_, t), c(n, r));
    }, arguments);
  }
  function w_(e, _, t) {
    e[_ >>> 0] = t;
  }
  function g_(e, _) {
    e.body = _;
  }
  function l_(e, _) {
    e.headers = _;
  }
  function p_(e, _, t) {
    e.method = c(_, t);
  }
  function m_(e, _) {
    e.redirect = F_[_];
  }
  function h_(e, _) {
    e.signal = _;
  }
  function y_() {
    return b(function(e, _, t, n, r) {
      return e.sign(c(_, t), n, r);
    }, arguments);
  }
  function v_() {
    return b(function(e, _) {
      return e.signal(_ !== 0);
    }, arguments);
  }
  function k_() {
    const e = typeof global > "u" ? null : global;
    return s(e) ? 0 : g(e);
  }
  function O_() {
    const e = typeof globalThis > "u" ? null : globalThis;
    return s(e) ? 0 : g(e);
  }
  function E_() {
    const e = typeof self > "u" ? null : self;
    return s(e) ? 0 : g(e);
  }
  function A_() {
    const e = typeof window > "u" ? null : window;
    return s(e) ? 0 : g(e);
  }
  function T_() {
    return b(function(e) {
      return JSON.stringify(e);
    }, arguments);
  }
  function x_(e) {
    return e.text;
  }
  function S_(e, _, t) {
    return e.then(_, t);
  }
  function I_(e, _) {
    return e.then(_);
  }
  function R_(e) {
    return e.timedOut;
  }
  function C_(e, _) {
    const t = (0, i.timestamp)(_);
    var n = s(t) ? 0 : L(t, o.__wbindgen_malloc, o.__wbindgen_realloc), r = p;
    w().setInt32(e + 4, r, true), w().setInt32(e + 0, n, true);
  }
  function M_(e) {
    return e.truncated;
  }
  function L_(e, _) {
    return V_(e, _, N_);
  }
  function j_(e) {
    return e;
  }
  function q_(e, _) {
    return c(e, _);
  }
  function D_(e) {
    return BigInt.asUintN(64, e);
  }
  function U_() {
    const e = o.__wbindgen_externrefs, _ = e.grow(4);
    e.set(0, void 0), e.set(_ + 0, void 0), e.set(_ + 1, null), e.set(_ + 2, true), e.set(_ + 3, false);
  }
  function N_(e, _, t) {
    const n = o.wasm_bindgen__convert__closures_____invoke__h30b26340b19b3acd(e, _, t);
    if (n[1]) throw j(n[0]);
  }
  function B_(e, _, t, n) {
    o.wasm_bindgen__convert__closures_____invoke__h199fa9c302591ac5(e, _, t, n);
  }
  var F_ = ["follow", "error", "manual"], C = typeof FinalizationRegistry > "u" ? { register: () => {
  }, unregister: () => {
  } } : new FinalizationRegistry((e) => o.__wbg_client_free(e, 1));
  function g(e) {
    const _ = o.__externref_table_alloc();
    return o.__wbindgen_externrefs.set(_, e), _;
  }
  var M = typeof FinalizationRegistry > "u" ? { register: () => {
  }, unregister: () => {
  } } : new FinalizationRegistry((e) => o.__wbindgen_destroy_closure(e.a, e.b));
  function A(e, _) {
    return e = e >>> 0, h().subarray(e / 1, e / 1 + _);
  }
  var l = null;
  function w() {
    return (l === null || l.buffer.detached === true || l.buffer.detached === void 0 && l.buffer !== o.memory.buffer) && (l = new DataView(o.memory.buffer)), l;
  }
  function c(e, _) {
    return G_(e >>> 0, _);
  }
  var v = null;
  function h() {
    return (v === null || v.byteLength === 0) && (v = new Uint8Array(o.memory.buffer)), v;
  }
  function b(e, _) {
    try {
      return e.apply(this, _);
    } catch (t) {
      const n = g(t);
      o.__wbindgen_exn_store(n);
    }
  }
  function s(e) {
    return e == null;
  }
  function V_(e, _, t) {
    const n = { a: e, b: _, cnt: 1 }, r = (...u) => {
      n.cnt++;
      const a = n.a;
      n.a = 0;
      try {
        return t(a, n.b, ...u);
      } finally {
        n.a = a, r._wbg_cb_unref();
      }
    };
    return r._wbg_cb_unref = () => {
      --n.cnt === 0 && (o.__wbindgen_destroy_closure(n.a, n.b), n.a = 0, M.unregister(n));
    }, M.register(r, n, n), r;
  }
  function P_(e, _) {
    const t = _(e.length * 4, 4) >>> 0;
    for (let n = 0; n < e.length; n++) {
      const r = g(e[n]);
      w().setUint32(t + 4 * n, r, true);
    }
    return p = e.length, t;
  }
  function L(e, _, t) {
    if (t === void 0) {
      const f = y.encode(e), m = _(f.length, 1) >>> 0;
      return h().subarray(m, m + f.length).set(f), p = f.length, m;
    }
    let n = e.length, r = _(n, 1) >>> 0;
    const u = h();
    let a = 0;
    for (; a < n; a++) {
      const f = e.charCodeAt(a);
      if (f > 127) break;
      u[r + a] = f;
    }
    if (a !== n) {
      a !== 0 && (e = e.slice(a)), r = t(r, n, n = a + e.length * 3, 1) >>> 0;
      const f = h().subarray(r + a, r + n), m = y.encodeInto(e, f);
      a += m.written, r = t(r, n, a, 1) >>> 0;
    }
    return p = a, r;
  }
  function j(e) {
    const _ = o.__wbindgen_externrefs.get(e);
    return o.__externref_table_dealloc(e), _;
  }
  var k = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  k.decode();
  var W_ = 2146435072, T = 0;
  function G_(e, _) {
    return T += _, T >= W_ && (k = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true }), k.decode(), T = _), k.decode(h().subarray(e, e + _));
  }
  var y = new TextEncoder();
  "encodeInto" in y || (y.encodeInto = function(e, _) {
    const t = y.encode(e);
    return _.set(t), { read: e.length, written: t.length };
  });
  var p = 0, o;
  function J_(e) {
    o = e;
  }
  const x = S.exports;
  return { glue: x, imports: { "./c1_revoke_bg.js": x, ...q }, start(e) {
    x.__wbg_set_wasm(e), e.__wbindgen_start();
  } };
}

// src/runtime.js
import { UnsupportedRuntimeError } from "../errors.js";

// src/guard.js
import { UnexpectedClientError } from "../errors.js";
var { apply } = Reflect;
var Guard = class {
  /** The error that every call gets since the trap. */
  failure;
  #depth = 0;
  /** The functions that reject the pending promises, by number. A plain object, because a page may have replaced the methods of Set. */
  #pending = { __proto__: null };
  #next = 0;
  #onTrap;
  constructor(onTrap) {
    this.#onTrap = onTrap;
  }
  /** The wasm instance's exports, with every function watched. */
  watch(exports) {
    const watched = {};
    for (const name in exports) {
      const value = exports[name];
      watched[name] = typeof value === "function" ? (...args) => this.#enter(value, args) : value;
    }
    return watched;
  }
  /** Calls `f`, which enters the wasm; a trap on the way is thrown as `failure`. */
  run(f) {
    this.#depth++;
    try {
      return f();
    } finally {
      this.#depth--;
    }
  }
  /** The promise that `f` returns, rejected at once when the instance traps, whenever that is. */
  promise(f) {
    return new Promise((resolve, reject) => {
      const pending = this.#pending;
      const number = this.#next++;
      pending[number] = reject;
      const settled = (settle) => (value) => {
        settle(value);
        delete pending[number];
      };
      try {
        this.run(f).then(settled(resolve), settled(reject));
      } catch (error) {
        settled(reject)(error);
      }
    });
  }
  #enter(f, args) {
    const awaited = this.#depth > 0;
    if (!this.failure) {
      this.#depth++;
      try {
        return apply(f, void 0, args);
      } catch (cause) {
        this.#trapped(cause);
      } finally {
        this.#depth--;
      }
    }
    if (awaited) {
      throw this.failure;
    }
    return void 0;
  }
  #trapped(cause) {
    if (this.failure) {
      return;
    }
    this.failure = new UnexpectedClientError("The WebAssembly core of c1-revoke failed: construct a new client", { cause });
    for (const number in this.#pending) {
      this.#pending[number](this.failure);
    }
    this.#pending = { __proto__: null };
    this.#onTrap();
  }
};

// src/runtime.js
var compiled;
var current;
function runtime() {
  if (!current) {
    try {
      compiled ??= wasmNow();
      const factory = H_();
      current = started(factory, new WebAssembly.Instance(compiled, factory.imports));
    } catch (cause) {
      throw unsupported(cause);
    }
  }
  return current;
}
async function ready() {
  if (current) {
    return;
  }
  try {
    compiled ??= await wasmSoon();
    const factory = H_();
    const instance = await WebAssembly.instantiate(compiled, factory.imports);
    current ??= started(factory, instance);
  } catch (cause) {
    throw unsupported(cause);
  }
}
function started({ glue, start: start2 }, instance) {
  const fresh = {
    glue,
    guard: new Guard(() => {
      if (current === fresh) {
        current = void 0;
      }
    })
  };
  fresh.guard.run(() => start2(fresh.guard.watch(instance.exports)));
  return fresh;
}
function unsupported(cause) {
  return cause instanceof UnsupportedRuntimeError ? cause : new UnsupportedRuntimeError("c1-revoke could not start its WebAssembly core here", { cause });
}

// src/client.js
var { apply: apply2 } = Reflect;
var rejected = (error) => new Promise((_, reject) => {
  reject(error);
});
var start;
var ConductoroneSDKTypescriptCore = class {
  #runtime = runtime();
  #client;
  #entered = 0;
  constructor(props) {
    const { guard, glue } = this.#runtime;
    this.#client = guard.run(() => new glue.Client(props));
  }
  getValidToken() {
    return this.#start("getValidToken", []);
  }
  getCurrentToken() {
    return this.#alive ? this.#call("getCurrentToken", []) ?? null : null;
  }
  clearToken() {
    if (this.#alive) {
      this.#call("clearToken", []);
    }
  }
  free() {
    const client = this.#client;
    this.#client = void 0;
    if (client && this.#entered === 0) {
      client.free();
    }
  }
  // The fallback is the name that compilers of `using` look for where the symbol is missing.
  [Symbol.dispose ?? /* @__PURE__ */ Symbol.for("Symbol.dispose")]() {
    this.free();
  }
  // Also keeps Vue from wrapping a client in a Proxy, through which private fields cannot be reached.
  get [Symbol.toStringTag]() {
    return "ConductoroneSDKTypescript";
  }
  static {
    start = (core, method, args) => {
      if (typeof core === "object" && core !== null && #client in core) {
        return core.#start(method, args);
      }
      const cause = new TypeError("not a ConductoroneSDKTypescriptCore, or one from another copy of c1-revoke");
      return rejected(new SDKValidationError("Invalid client", cause, core));
    };
  }
  get #alive() {
    return this.#client && !this.#runtime.guard.failure;
  }
  #start(method, args) {
    const { failure } = this.#runtime.guard;
    if (failure) {
      return rejected(failure);
    }
    if (!this.#client) {
      return rejected(new UnexpectedClientError2("This client has been freed"));
    }
    return this.#runtime.guard.promise(() => this.#call(method, args));
  }
  #call(method, args) {
    const client = this.#client;
    this.#entered++;
    try {
      return this.#runtime.guard.run(() => apply2(client[method], client, args));
    } finally {
      this.#entered--;
      if (!this.#client && this.#entered === 0) {
        client.free();
      }
    }
  }
};
var Connector = class {
  // Own functions, so that they work detached from the object too.
  constructor(core) {
    this.revokeCredential = (request, options) => start(core, "revokeCredential", [request, options]);
    this.revokeCredentials = (requests, options) => start(core, "revokeCredentials", [requests, options]);
  }
};
var ConductoroneSDKTypescript = class extends ConductoroneSDKTypescriptCore {
  #connector;
  get connector() {
    this.#connector ??= new Connector(this);
    return this.#connector;
  }
};
function connectorRevokeCredential(core, request, options) {
  return start(core, "revokeCredential", [request, options]).then(
    (value) => ({ ok: true, value }),
    (error) => ({ ok: false, error })
  );
}
export {
  ConductoroneSDKTypescript,
  ConductoroneSDKTypescriptCore,
  connectorRevokeCredential,
  ready,
  runtime
};
