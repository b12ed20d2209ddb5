import { SDKValidationError } from "../dist/errors.js";

const HOOKS = ["beforeRequest", "requestError", "response"];

export class HTTPClient {
  #fetcher;
  #hooks = { beforeRequest: [], requestError: [], response: [] };

  constructor(options) {
    let fetcher;
    try {
      fetcher = options?.fetcher;
    } catch (thrown) {
      throw new SDKValidationError("Invalid HTTPClient option", thrown);
    }
    if (fetcher !== undefined && typeof fetcher !== "function") {
      throw new SDKValidationError("Invalid HTTPClient option", new TypeError("`fetcher` must be a function"), fetcher);
    }
    // The global is looked up for each request, so that mocks and polyfills installed later are used.
    this.#fetcher = fetcher ?? ((request) => fetch(request));
  }

  async request(request) {
    for (const hook of [...this.#hooks.beforeRequest]) {
      const other = (await hook(request)) ?? request;
      // `fetch` would take a string for the URL of a GET.
      if (typeof other.url !== "string") {
        throw new TypeError("a beforeRequest hook must return a Request or nothing");
      }
      request = other;
    }
    try {
      // Called without `this`, as `fetch` requires.
      const fetcher = this.#fetcher;
      const response = await fetcher(request);
      for (const hook of [...this.#hooks.response]) {
        await hook(response, request);
      }
      return response;
    } catch (error) {
      for (const hook of [...this.#hooks.requestError]) {
        await hook(error, request);
      }
      throw error;
    }
  }

  addHook(name, hook) {
    if (typeof hook !== "function") {
      throw new SDKValidationError("Invalid hook", new TypeError("a hook must be a function"), hook);
    }
    this.#named(name).push(hook);
    return this;
  }

  removeHook(name, hook) {
    const hooks = this.#named(name);
    const at = hooks.indexOf(hook);
    if (at >= 0) {
      hooks.splice(at, 1);
    }
    return this;
  }

  clone() {
    const copy = new HTTPClient({ fetcher: this.#fetcher });
    for (const name of HOOKS) {
      copy.#hooks[name] = [...this.#hooks[name]];
    }
    return copy;
  }

  #named(name) {
    if (!HOOKS.includes(name)) {
      throw new SDKValidationError(
        "Invalid hook",
        new TypeError("unknown hook: use beforeRequest, requestError or response"),
        name,
      );
    }
    return this.#hooks[name];
  }
}
