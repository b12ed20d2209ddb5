// The queue Worker: revokes lists of credentials with the API key in its secrets.
import { connect } from "./client.js";
import { createWorker } from "./worker.js";

export { Job } from "./job.js";

export default createWorker(connect);
