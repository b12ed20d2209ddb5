export { ready } from "./c1-revoke-edge.js";
