// The page's Worker with the settings that a test sends along, and a clock that FROZEN_AT stops. The Durable Object has the same clock.
import worker, { Sandbox } from "../../www/worker/index.js";

export { Sandbox };

const now = Date.now.bind(Date);

export default {
  fetch(request, env) {
    const { FROZEN_AT, ...settings } = JSON.parse(request.headers.get("x-test-settings") ?? "{}");
    Date.now = FROZEN_AT ? () => FROZEN_AT : now;
    return worker.fetch(request, { ...env, ...settings });
  },
};
