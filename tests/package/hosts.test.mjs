// Where a browser's connections go, as a proxy sees it that records all of them: to the hosts that were configured, and to no other.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import { bundle, launchChromium } from "../harness/runtimes.mjs";

const SCRIPT = `
  import * as sdk from "./import.mjs";
  import { generator, written } from "SUITE/written.js";

  const ids = { appId: "a", connectorId: "b", id: "c" };
  const FIXED = ["http://api.example", "http://API.example:8080/base/", "https://api.example", "http://127.0.0.1:9", "http://[::1]:9"];

  /** Calls wherever a random text is taken for a tenant or a server: the hosts that it names, and how calls ended. */
  globalThis.fuzz = async (rounds) => {
    const random = generator(23);
    const hosts = new Set();
    const ends = {};
    const call = async (prop, text) => {
      let client;
      try {
        client = new sdk.ConductoroneSDKTypescript({ security: { bearerAuth: "canary" }, [prop]: text, allowInsecureHTTP: true });
      } catch {
        return;
      }
      const tenant = text.toLowerCase().replace(/^https:\\/\\//, "").replace(/\\.conductor\\.one$/, "");
      hosts.add(prop === "serverURL" ? new URL(text).hostname : tenant + ".conductor.one");
      const { ok, error } = await sdk.connectorRevokeCredential(client, ids);
      const end = ok ? "revoked" : error.name;
      ends[end] = (ends[end] ?? 0) + 1;
      client.free();
    };
    for (const text of FIXED) await call("serverURL", text);
    await call("tenantDomain", "acme");
    for (let round = 0; round < rounds; round++) await call(round % 2 ? "tenantDomain" : "serverURL", written(random));
    return { hosts: [...hosts], ends };
  };`;

/** What Chromium asks for by itself, whatever it is told. */
const OWN = /(^|\.)(google|googleapis|gstatic)\.com$/;

describe("hosts, as a recording proxy sees them", () => {
  let proxy, browser, page;
  const seen = [];
  before(async () => {
    const suite = new URL("../suite", import.meta.url).pathname;
    const script = await bundle(SCRIPT.replace("SUITE", suite), { platform: "browser" });
    proxy = createServer((request, response) => {
      const { hostname, pathname } = new URL(request.url);
      if (hostname === "page.example") {
        const type = pathname === "/script.js" ? "text/javascript" : "text/html";
        const html = '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/script.js"></script>';
        return response.writeHead(200, { "content-type": type }).end(pathname === "/script.js" ? script : html);
      }
      if (OWN.test(hostname)) return response.writeHead(404).end();
      seen.push({ host: hostname, token: request.headers.authorization });
      const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*, authorization" };
      if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
      const status = [301, 302, 303, 307, 308][seen.length % 5];
      response.writeHead(status, { ...cors, location: `http://evil.example/${seen.length}` }).end();
    });
    // What is asked for by https cannot be read here, and ends at once.
    proxy.on("connect", ({ url }, socket) => {
      const host = url.slice(0, url.lastIndexOf(":"));
      if (!OWN.test(host)) seen.push({ host });
      socket.on("error", () => {}).end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const server = `--proxy-server=http://127.0.0.1:${proxy.address().port}`;
    browser = await launchChromium(server, "--proxy-bypass-list=<-loopback>");
    page = await browser.newPage();
    await page.goto("http://page.example/");
    await page.waitForFunction(() => globalThis.fuzz);
  });
  after(async () => {
    await browser?.close();
    proxy?.closeAllConnections();
    proxy?.close();
  });

  it("a fuzz of tenants, server URLs and redirects reaches the configured hosts, and no other", async () => {
    const { hosts, ends } = await page.evaluate((rounds) => globalThis.fuzz(rounds), 4000);
    assert.ok(hosts.length > 6, String(hosts));
    const strangers = seen.filter(({ host }) => !hosts.includes(host));
    assert.deepEqual(strangers, []);
    // The redirects were met, with the token, and not followed; nothing was taken for revoked.
    assert.ok(seen.filter(({ token }) => token === "Bearer canary").length >= 3);
    assert.deepEqual(Object.keys(ends).sort(), ["ConnectionError", "SDKError"]);
  });
});
