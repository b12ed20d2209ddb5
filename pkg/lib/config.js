export { ServerList } from "../shared.js";
