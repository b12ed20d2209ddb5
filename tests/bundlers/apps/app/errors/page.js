"use client";
import { useEffect } from "react";
import { nameOf } from "../../errors.js";

export default function Page() {
  useEffect(() => {
    globalThis.nameOf = nameOf;
  }, []);
  return <p>{nameOf()}</p>;
}
