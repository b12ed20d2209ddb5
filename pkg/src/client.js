// The public classes, which wrap the wasm class. They add what Rust cannot do: they reject instead of throwing after free(), and
// free the memory of the wasm client only when no Rust code is using it.
import { SDKValidationError, UnexpectedClientError, withOutcome } from "../dist/errors.js";
import { runtime } from "./runtime.js";

const { apply } = Reflect;

/**
 * Captures the stack of an error anew. In an async function that awaited, V8 adds the callers that await it; the stack of the core
 * ends in WebAssembly.
 */
function located(error) {
  try {
    Error.captureStackTrace(error, located);
  } catch {
    // Other engines, or an object that is not an error.
  }
  return error;
}

/** Calls an asynchronous method of the wasm client. */
let start;

/** The same for the public methods, with the stack of their caller. */
async function call(core, method, args) {
  try {
    return await start(core, method, args);
  } catch (error) {
    throw located(error);
  }
}

export class ConductoroneSDKTypescriptCore {
  #runtime = runtime();
  #client;
  #entered = 0;

  constructor(props) {
    const { guard, glue } = this.#runtime;
    this.#client = guard.run(() => new glue.Client(props));
  }

  getValidToken() {
    return call(this, "getValidToken", []);
  }

  getCurrentToken() {
    return this.#alive ? (this.#call("getCurrentToken", []) ?? null) : null;
  }

  clearToken() {
    if (this.#alive) {
      this.#call("clearToken", []);
    }
  }

  free() {
    const client = this.#client;
    this.#client = undefined;
    if (client && this.#entered === 0) {
      client.free();
    }
  }

  // Compilers of `using` look for the fallback where the symbol is missing.
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.free();
  }

  // This also keeps Vue from wrapping a client in a Proxy, which cannot access private fields.
  get [Symbol.toStringTag]() {
    return "ConductoroneSDKTypescript";
  }

  static {
    start = (core, method, args) => {
      if (typeof core === "object" && core !== null && #client in core) {
        return core.#start(method, args);
      }
      const cause = new TypeError("not a client of this copy of c1-revoke: two copies may be installed (npm ls c1-revoke)");
      throw new SDKValidationError("Invalid client", cause);
    };
  }

  get #alive() {
    return this.#client && !this.#runtime.guard.failure;
  }

  #start(method, args) {
    const { failure } = this.#runtime.guard;
    if (failure) {
      throw failure;
    }
    if (!this.#client) {
      throw withOutcome(new UnexpectedClientError("This client has been freed"), "notSent");
    }
    return this.#runtime.guard.promise(() => this.#call(method, args));
  }

  #call(method, args) {
    const client = this.#client;
    this.#entered++;
    try {
      return this.#runtime.guard.run(() => apply(client[method], client, args));
    } finally {
      this.#entered--;
      // A getter of the arguments may have freed the client while Rust was reading them.
      if (!this.#client && this.#entered === 0) {
        client.free();
      }
    }
  }
}

class Connector {
  // Own functions, so that they also work without `this`.
  constructor(core) {
    this.revokeCredential = (request, options) => call(core, "revokeCredential", [request, options]);
    this.revokeCredentials = (requests, options) => call(core, "revokeCredentials", [requests, options]);
  }
}

export class ConductoroneSDKTypescript extends ConductoroneSDKTypescriptCore {
  #connector;

  get connector() {
    this.#connector ??= new Connector(this);
    return this.#connector;
  }
}

export async function connectorRevokeCredential(core, request, options) {
  try {
    return { ok: true, value: await start(core, "revokeCredential", [request, options]) };
  } catch (error) {
    return { ok: false, error: located(error) };
  }
}
