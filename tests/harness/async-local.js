// What the context of code is, in runtimes with AsyncLocalStorage: Node, Deno, Bun, and workerd with the flag nodejs_als.
import { AsyncLocalStorage } from "node:async_hooks";

const storage = new AsyncLocalStorage();

export const contexts = {
  /** Calls the action in the context of this user. */
  run: (user, action) => storage.run(user, action),
  /** The user in whose context this is called. */
  current: () => storage.getStore(),
};
