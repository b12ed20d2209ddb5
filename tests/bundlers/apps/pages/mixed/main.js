import { revoke } from "../../mixed.js";

globalThis.revoke = revoke;
