// The package keeps its memory to itself: it is seen as it is made. To be loaded before the package, in any runtime.

/** Every wasm memory since this was loaded. */
export const memories = [];

WebAssembly.Instance = class extends WebAssembly.Instance {
  constructor(...args) {
    super(...args);
    for (const value of Object.values(this.exports)) if (value instanceof WebAssembly.Memory) memories.push(value);
  }
};
