// The tasks in a process of their own, asked for by messages.
import { ask } from "./tasks.js";

process.on("message", async (task) => {
  try {
    process.send({ result: await ask(task) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
