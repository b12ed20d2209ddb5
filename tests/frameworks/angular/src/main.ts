import { Component, type OnInit } from "@angular/core";
import { bootstrapApplication } from "@angular/platform-browser";
import { ConductoroneSDKTypescript } from "c1-revoke";
import { revoke } from "../revoke.js";

@Component({ selector: "app-root", template: "<p>{{ client }}</p>" })
class App implements OnInit {
  readonly client = String(new ConductoroneSDKTypescript({ tenantDomain: "acme" }));

  ngOnInit(): void {
    Object.assign(globalThis, { revoke });
  }
}

void bootstrapApplication(App);
