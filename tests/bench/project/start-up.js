// In a fresh process: `node start-up.js <client> <base>` prints the milliseconds from the start of the import until the client exists,
// and until its first call has its response, as JSON. The client `empty` is an empty module: what the import itself takes.
const [, , client, base] = process.argv;

const begun = performance.now();
const { create } = await import(`./clients/${client}.js`);
const revoke = create?.({ base });
const firstClient = performance.now() - begun;
await revoke?.({ appId: "app", connectorId: "connector", id: "credential" });
const firstCall = performance.now() - begun;
console.log(JSON.stringify({ firstClient, firstCall }));
