export { ready } from "./runtime.js";
