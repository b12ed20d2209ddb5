export * from "./dist/slim.js";
export * from "./shared.js";
