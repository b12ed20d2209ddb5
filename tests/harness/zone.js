// The same in a page with zone.js, which must be loaded before everything else.
import "../node_modules/zone.js/fesm2015/zone.js";

const { Zone } = globalThis;

export const contexts = {
  run: (user, action) => Zone.root.fork({ name: user, properties: { user } }).run(action),
  current: () => Zone.current.get("user"),
};
