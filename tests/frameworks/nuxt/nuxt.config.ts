export default defineNuxtConfig({
  compatibilityDate: "2026-04-01",
  // Nitro 2 bundles no wasm without `wasm: true`, and a Worker cannot compile wasm from bytes.
  nitro: { preset: "cloudflare_module", experimental: { wasm: true } },
});
