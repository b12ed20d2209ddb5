// The tasks in a page, asked for by a global function.
import { ask } from "./tasks.js";

globalThis.ask = ask;
