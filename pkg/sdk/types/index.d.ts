/** How something ended that never throws: its value, or its error. */
export type Result<T, E = unknown> = { ok: true; value: T } | { ok: false; error: E };
