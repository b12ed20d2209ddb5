// Runs the tasks in a page, through a global function.
import { ask } from "./tasks.js";

globalThis.ask = ask;
