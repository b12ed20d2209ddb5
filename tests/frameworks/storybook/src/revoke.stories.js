import { revoke } from "../revoke.js";

export default { title: "revoke" };

export const Story = {
  render() {
    globalThis.revoke = revoke;
    return "c1-revoke";
  },
};
