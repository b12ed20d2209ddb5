import { nameOf } from "../../typed.ts";

globalThis.nameOf = nameOf;
