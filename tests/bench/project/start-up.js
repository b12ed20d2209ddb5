// `node start-up.js <client> <base>` prints the milliseconds from the start of the import until the client exists. The client
// `empty` is an empty module: what the import itself takes.
const [, , client, base] = process.argv;

const begun = performance.now();
const { create } = await import(`./clients/${client}.js`);
create?.({ base });
console.log(performance.now() - begun);
