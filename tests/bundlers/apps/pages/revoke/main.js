import { revoke } from "../../revoke.js";

globalThis.revoke = revoke;
