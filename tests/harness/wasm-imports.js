// Stands between the wasm and the JavaScript that it calls. To be used before the package makes its first client.

/** Has each import of the instances that are made from now on called by `call(f, args)`. */
export function interceptImports(call) {
  WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
    construct(target, [module, imports = {}]) {
      const intercepted = {};
      for (const [name, group] of Object.entries(imports)) {
        const entries = Object.entries(group).map(([key, f]) => [key, (...args) => call(f, args)]);
        intercepted[name] = Object.fromEntries(entries);
      }
      return Reflect.construct(target, [module, intercepted]);
    },
  });
}
