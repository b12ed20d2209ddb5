// Three users revoke at once, each in a span of his own, with one client. Each hook makes a span; the program fails if one of them is
// not a child of its user's.
import assert from "node:assert/strict";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ConductoroneSDKTypescript, HTTPClient } from "c1-revoke";

const exporter = new InMemorySpanExporter();
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
const tracer = trace.getTracer("test");

const httpClient = new HTTPClient();
const note = (name, url) => tracer.startSpan(name, { attributes: { user: url.split("/").at(-1) } }).end();
httpClient.addHook("beforeRequest", ({ url }) => note("request", url));
httpClient.addHook("response", (_, { url }) => note("response", url));
const security = async () => ({ bearerAuth: "token" });
const { connector } = new ConductoroneSDKTypescript({ serverURL: process.env.SERVER, security, httpClient });

const begin = Promise.withResolvers();
const revoke = (user) =>
  tracer.startActiveSpan(user, async (own) => {
    await begin.promise;
    await connector.revokeCredential({ appId: "a", connectorId: "b", id: user });
    own.end();
  });
const calls = ["user-1", "user-2", "user-3"].map(revoke);
begin.resolve();
await Promise.all(calls);

const spans = exporter.getFinishedSpans();
const users = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
const hooks = spans.filter(({ attributes }) => attributes.user);
assert.equal(hooks.length, 6);
for (const { name, attributes, parentSpanContext } of hooks)
  assert.equal(users.get(parentSpanContext?.spanId), attributes.user, name);
