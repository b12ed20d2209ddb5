/**
 * The platform's types, from the library that declares them: TypeScript's `dom`, `@types/node`,
 * `@cloudflare/workers-types` or another. Without such a library they are loose types, so that this package still compiles.
 */

/** The platform's `fetch`. */
type Fetch = typeof globalThis extends { fetch: infer F extends (input: never, init?: never) => Promise<unknown> } ? F : never;

/** The instance type of the platform's class of this name. */
type Global<Name extends string, Fallback> =
  typeof globalThis extends Record<Name, abstract new (...args: never) => infer T> ? T : Fallback;

/** A Fetch API `Request`. */
export type Request = [Fetch] extends [never] ? object : Extract<Parameters<Fetch>[0], { readonly method: string }>;

/** A Fetch API `Response`. */
export type Response = [Fetch] extends [never] ? object : Awaited<ReturnType<Fetch>>;

/** The second argument of `fetch`. */
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
