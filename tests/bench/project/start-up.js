// From the import of a contestant to the answer of its first call, in a process that has done nothing yet:
// `node start-up.js <contestant> <base>` prints the milliseconds.
const [, , contestant, base] = process.argv;

const begun = performance.now();
const { create } = await import(`./contestants/${contestant}.js`);
await create({ base })({ appId: "app", connectorId: "connector", id: "credential" });
console.log(performance.now() - begun);
