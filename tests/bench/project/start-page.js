// In a fresh page: from the import of a contestant to the answer of its first call.
globalThis.startUp = async (contestant) => {
  const begun = performance.now();
  const { create } = await import(`/contestants/${contestant}.js`);
  await create({ base: location.origin })({ appId: "app", connectorId: "connector", id: "credential" });
  return performance.now() - begun;
};
