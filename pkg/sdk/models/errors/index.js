export * from "../../../errors.js";
