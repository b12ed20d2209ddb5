// Types only: see the .d.ts file beside this one.
export {};
