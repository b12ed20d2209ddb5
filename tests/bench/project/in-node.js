// Runs the tasks in a process of its own, on request by message.
import { ask } from "./tasks.js";

process.on("message", async (task) => {
  try {
    process.send({ result: await ask(task) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
