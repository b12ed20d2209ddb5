// The tasks in a Worker, asked for by requests.
import { ask } from "./tasks.js";

export default {
  async fetch(request) {
    return Response.json(await ask(await request.json()));
  },
};
