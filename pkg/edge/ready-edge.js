export { ready } from "../dist/c1-revoke-edge.js";
