import { useEffect } from "react";
import { revoke } from "../../revoke.js";

export default function Home() {
  useEffect(() => {
    globalThis.revoke = revoke;
  }, []);
  return <p>c1-revoke</p>;
}
