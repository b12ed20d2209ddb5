import { createFileRoute } from "@tanstack/react-router";
import { useEffect } from "react";
import { revoke } from "../../revoke.js";

export const Route = createFileRoute("/")({ component: Home });

function Home() {
  useEffect(() => {
    globalThis.revoke = revoke;
  }, []);
  return <p>c1-revoke</p>;
}
