// In a fresh page: the time in milliseconds from the import of a client to the response of its first call.
globalThis.startUp = async (client) => {
  const begun = performance.now();
  const { create } = await import(`/clients/${client}.js`);
  await create({ base: location.origin })({ appId: "app", connectorId: "connector", id: "credential" });
  return performance.now() - begun;
};
