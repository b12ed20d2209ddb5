// Runs the tasks in a process of its own, on request by message.
import { ask } from "./tasks.js";

process.on("message", async ({ id, task }) => {
  try {
    process.send({ id, result: await ask(task) });
  } catch (error) {
    process.send({ id, error: String(error?.stack ?? error) });
  }
});
