/**
 * The platform's own types, taken from whichever library declares them: TypeScript's `dom`, `@types/node`,
 * `@cloudflare/workers-types` or another. Where none does, they stay loose, and this package compiles all the same.
 */

/** The platform's `fetch`. */
type Fetch = typeof globalThis extends { fetch: infer F extends (input: never, init?: never) => Promise<unknown> } ? F : never;

/** What the platform's class of this name constructs. */
type Global<Name extends string, Fallback> =
  typeof globalThis extends Record<Name, abstract new (...args: never) => infer T> ? T : Fallback;

/** A Fetch API `Request`, as `fetch` takes it. */
export type Request = [Fetch] extends [never] ? object : Extract<Parameters<Fetch>[0], { readonly method: string }>;

/** A Fetch API `Response`, as `fetch` gives it. */
export type Response = [Fetch] extends [never] ? object : Awaited<ReturnType<Fetch>>;

/** What `fetch` takes as its second argument. */
export type RequestInit = [Fetch] extends [never] ? Record<string, unknown> : NonNullable<Parameters<Fetch>[1]>;

/** A Fetch API `Headers`. */
export type Headers = Global<"Headers", object>;

/** A `URL`. */
export type URL = Global<"URL", { readonly href: string }>;

/** A `WebAssembly.Module`. */
export type WebAssemblyModule = typeof globalThis extends { WebAssembly: { Module: abstract new (...args: never) => infer T } }
  ? T
  : object;

/** The bytes of a file. */
export type BufferSource = ArrayBufferView | ArrayBuffer;
