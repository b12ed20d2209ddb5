// The queue Worker with the sandbox in place of the API, for `make demo-jobs`. The Worker that is deployed holds no sandbox.
import { ConductoroneSDKTypescript } from "c1-revoke";
import { sandboxOf, TOKEN } from "../../worker/sandbox.js";
import { createWorker } from "../worker.js";

export { Sandbox } from "../../worker/sandbox.js";
export { Job } from "../job.js";

const worker = createWorker((env) => ({
  sdk: new ConductoroneSDKTypescript({
    security: { bearerAuth: TOKEN },
    serverURL: "https://sandbox.example/sandbox",
    httpClient: { request: (request) => sandboxOf(env).fetch(request) },
  }),
  api: "sandbox",
}));

export default {
  ...worker,
  async fetch(request, env) {
    const response = await worker.fetch(request, env);
    response.headers.set("x-c1-revoke-sandbox", "on");
    return response;
  },
};
