/**
 * The platform's own types, taken from whichever library declares them: TypeScript's `dom`, `@types/node`,
 * `@cloudflare/workers-types` or another. Where none does, they stay loose, and this package compiles all the same.
 */

type Global<Name extends string, Fallback> = typeof globalThis extends Record<Name, abstract new (...args: any) => infer T> ? T : Fallback;

/** A Fetch API `Request`. */
export type Request = Global<"Request", object>;

/** A Fetch API `Response`. */
export type Response = Global<"Response", object>;

/** A Fetch API `Headers`. */
export type Headers = Global<"Headers", object>;

/** What `fetch` takes as its second argument. */
export type RequestInit = typeof globalThis extends { Request: new (input: any, init?: infer Init) => any }
  ? NonNullable<Init>
  : Record<string, unknown>;

/** A `URL`. */
export type URL = Global<"URL", { readonly href: string }>;

/** A `WebAssembly.Module`. */
export type WebAssemblyModule = typeof globalThis extends { WebAssembly: { Module: abstract new (...args: any) => infer T } } ? T : object;

/** The bytes of a file. */
export type BufferSource = ArrayBufferView | ArrayBuffer;
