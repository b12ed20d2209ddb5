import { nameOf } from "../../errors.js";

globalThis.nameOf = nameOf;
