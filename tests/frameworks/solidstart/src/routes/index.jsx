import { onMount } from "solid-js";
import { revoke } from "../../revoke.js";

export default function Home() {
  onMount(() => {
    globalThis.revoke = revoke;
  });
  return <p>c1-revoke</p>;
}
