"use client";
import { ConductoroneSDKTypescript } from "c1-revoke";
import { useEffect, useState } from "react";
import { revoke } from "../mixed.js";

export default function Page() {
  // Made on the server as well, when it renders the page.
  const [sdk] = useState(() => new ConductoroneSDKTypescript({ tenantDomain: "acme" }));
  useEffect(() => {
    globalThis.revoke = revoke;
  }, []);
  return <p>{String(sdk)}</p>;
}
