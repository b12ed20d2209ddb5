export { HTTPClient } from "../shared.js";
