// Runs the tasks in a Worker, one per request.
import { ask } from "./tasks.js";

export default {
  async fetch(request) {
    return Response.json(await ask(await request.json()));
  },
};
