// A server that misbehaves on purpose, on bare sockets, for what an HTTP library would never send. The first segment of a request's
// path names the behaviour (see BEHAVIOURS), the second the call, so that its traces can be told apart:
//   GET /seen/<call>      -> { requests, elsewhere }: how many revocations arrived here, and how many on the other host
//   GET /closed/<call>    answers once the connection of that call's answer is closed
import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { deferred } from "./local.mjs";

const CRLF = "\r\n";
const CORS = [
  "access-control-allow-origin: *",
  "access-control-allow-methods: *",
  "access-control-allow-headers: authorization, content-type, accept, x-test",
  "access-control-expose-headers: *",
].join(CRLF);

/** The text of a head. */
const head = (status, ...headers) => [`HTTP/1.1 ${status}`, CORS, ...headers, "", ""].join(CRLF);
const answer = (status, body, ...headers) =>
  head(status, `content-length: ${Buffer.byteLength(body)}`, "connection: close", ...headers) + body;
const JSON_TYPE = "content-type: application/json";
const OK = answer("200 OK", "{}", JSON_TYPE);

/** Writes a text one byte at a time, each handed to the system in a turn of its own. */
async function dribble(socket, text) {
  for (const byte of Buffer.from(text, "latin1")) {
    if (socket.destroyed) return;
    await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Writes this again and again, no faster than it is read, until the other side has had enough. */
function pour(socket, chunk) {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", more);
  more();
}

/** One byte now and then: never silent, never done. Nothing waits for the next one. */
function drip(socket, byte) {
  const timer = setInterval(() => socket.write(byte), 10);
  socket.on("close", () => clearInterval(timer));
}

const send = (text) => (socket) => socket.end(Buffer.from(text, "latin1"));
const sendOpen = (text) => (socket) => socket.write(Buffer.from(text, "latin1"));
const sendAndReset = (text) => (socket) => socket.write(Buffer.from(text, "latin1"), () => socket.resetAndDestroy());
const chunk = (text) => `${text.length.toString(16)}${CRLF}${text}${CRLF}`;

let bomb;
/** 64 MiB of spaces before the `{}`, in 64 KiB. */
const gzipBomb = () => (bomb ??= gzipSync(Buffer.concat([Buffer.alloc(1 << 26, 0x20), Buffer.from("{}")])));

const endless = (status) => (socket) => {
  socket.write(head(status, JSON_TYPE, "connection: close"));
  pour(socket, Buffer.alloc(1 << 16, 0x20));
};

function sendGzip(socket, body) {
  socket.write(head("200 OK", JSON_TYPE, "content-encoding: gzip", `content-length: ${body.length}`, "connection: close"));
  socket.end(body);
}

/** What the server does with a connection that holds a whole request: `(socket, { elsewhere, here })`. */
const BEHAVIOURS = {
  ok: send(OK),
  dribbled: (socket) => dribble(socket, OK).then(() => socket.end()),
  "early-hints": send(`${head("103 Early Hints", "link: </style.css>; rel=preload")}${OK}`),
  continue: send(`HTTP/1.1 100 Continue${CRLF}${CRLF}${OK}`),
  "switching-protocols": send(`${head("101 Switching Protocols", "upgrade: evil", "connection: upgrade")}{}`),
  "only-informational": (socket) => drip(socket, `HTTP/1.1 102 Processing${CRLF}${CRLF}`),
  silent: () => {},
  "closed-at-once": (socket) => socket.end(),
  "reset-at-once": (socket) => socket.resetAndDestroy(),
  "reset-in-head": sendAndReset(`HTTP/1.1 200 OK${CRLF}content-type: appli`),
  "closed-in-head": send(`HTTP/1.1 200 OK${CRLF}content-type: appli`),
  "reset-in-body": sendAndReset(`${head("200 OK", JSON_TYPE, "content-length: 100")}{"a":`),
  "closed-after-what-looks-whole": send(`${head("200 OK", JSON_TYPE, "content-length: 100")}{}`),
  "closed-in-chunk": send(`${head("200 OK", JSON_TYPE, "transfer-encoding: chunked")}ff${CRLF}{}`),
  "closed-before-last-chunk": send(head("200 OK", JSON_TYPE, "transfer-encoding: chunked") + chunk("{}")),
  "broken-chunk": send(`${head("200 OK", JSON_TYPE, "transfer-encoding: chunked")}zz${CRLF}{}${CRLF}0${CRLF}${CRLF}`),
  "length-too-short": send(`${head("200 OK", JSON_TYPE, "content-length: 1", "connection: close")}{}`),
  "length-negative": send(`${head("200 OK", JSON_TYPE, "content-length: -2", "connection: close")}{}`),
  "length-no-number": send(`${head("200 OK", JSON_TYPE, "content-length: two", "connection: close")}{}`),
  "lengths-that-differ": send(`${head("200 OK", JSON_TYPE, "content-length: 2", "content-length: 9", "connection: close")}{}`),
  "body-after-no-length": send(`${head("200 OK", JSON_TYPE, "connection: close")}{}`),
  "endless-body": endless("200 OK"),
  "endless-error-body": endless("500 Internal Server Error"),
  "endless-head": (socket) => {
    socket.write(`HTTP/1.1 200 OK${CRLF}${CORS}${CRLF}`);
    pour(socket, `x-more: ${"x".repeat(4000)}${CRLF}`);
  },
  "two-megabytes": send(answer("200 OK", `{"a":"${"x".repeat(1 << 21)}"}`, JSON_TYPE)),
  "gzip-bomb": (socket) => sendGzip(socket, gzipBomb()),
  "gzip-that-is-none": send(answer("200 OK", "{}", JSON_TYPE, "content-encoding: gzip")),
  "gzip-cut-short": (socket) => sendGzip(socket, gzipSync(`{"a":"${"abc".repeat(1000)}"}`).subarray(0, 20)),
  // As many as every runtime takes: Deno and Bun refuse 300.
  "many-headers": send(answer("200 OK", "{}", JSON_TYPE, ...Array.from({ length: 80 }, (_, at) => `x-header-${at}: ${at}`))),
  "thousands-of-headers": send(
    answer("200 OK", "{}", JSON_TYPE, ...Array.from({ length: 20_000 }, (_, at) => `x-header-${at}: ${"v".repeat(40)}`)),
  ),
  "not-utf-8": send(`${head("200 OK", JSON_TYPE, "content-length: 4", "connection: close")}\xff\xfe{}`),
  "not-utf-8-in-a-string": send(`${head("200 OK", JSON_TYPE, "content-length: 9", "connection: close")}{"a":"\xff"}`),
  "not-ascii-in-head": send(answer("200 OK", "{}", "content-type: application/json; x=\xe9\xff", "x-\xe9: \xff")),
  "no-http": send("220 mail.example ESMTP\r\n250 OK\r\n{}"),
  "status-000": send(answer("000 Nothing", "{}", JSON_TYPE)),
  "status-999": send(answer("999 Beyond", "{}", JSON_TYPE)),
  "status-2000": send(answer("2000 OK", "{}", JSON_TYPE)),
  "status-200-in-words": send(answer("OK", "{}", JSON_TYPE)),
  "not-modified": send(head("304 Not Modified", JSON_TYPE, "connection: close")),
  "slow-loris-head": (socket) => {
    socket.write(`HTTP/1.1 200 OK${CRLF}${CORS}${CRLF}x-slow: `);
    drip(socket, "x");
  },
  "slow-loris-body": (socket) => {
    socket.write(head("200 OK", JSON_TYPE, "transfer-encoding: chunked"));
    drip(socket, chunk(" "));
  },
  "hang-after-head": sendOpen(head("200 OK", JSON_TYPE, "content-length: 2")),
  "hang-in-body": sendOpen(`${head("200 OK", JSON_TYPE, "content-length: 2")}{`),
  "refresh-elsewhere": (socket, { elsewhere }) => send(answer("200 OK", "{}", JSON_TYPE, `refresh: 0; url=${elsewhere}`))(socket),
  "elsewhere-in-headers": (socket, { elsewhere }) => {
    const headers = [`www-authenticate: Bearer realm="${elsewhere}"`, `link: <${elsewhere}>; rel=preload`];
    return send(answer("401 Unauthorized", "{}", JSON_TYPE, ...headers))(socket);
  },
  "redirect-without-location": send(answer("302 Found", "{}", JSON_TYPE)),
  "redirect-to-nonsense": send(answer("307 Temporary Redirect", "{}", JSON_TYPE, "location: http://[::bad")),
  "redirect-to-javascript": send(answer("302 Found", "{}", JSON_TYPE, "location: javascript:alert(1)")),
};
for (const status of [300, 301, 302, 303, 305, 307, 308]) {
  for (const where of ["here", "elsewhere"]) {
    BEHAVIOURS[`redirect-${status}-${where}`] = (socket, at) =>
      send(answer(`${status} Moved`, "{}", JSON_TYPE, `location: ${at[where]}`))(socket);
  }
}

/** Collects requests from a socket: `onRequest(head, socket)` once head and body are there. */
function requests(socket, onRequest) {
  let buffer = Buffer.alloc(0);
  socket.on("data", (data) => {
    buffer = Buffer.concat([buffer, data]);
    for (;;) {
      const end = buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      const text = buffer.toString("latin1", 0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      if (buffer.length < end + 4 + length) return;
      buffer = buffer.subarray(end + 4 + length);
      onRequest(text, socket);
    }
  });
  socket.on("error", () => {});
}

function listen(onRequest) {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    requests(socket, onRequest);
  });
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return new Promise((resolve) => server.listen(0, () => resolve({ port: server.address().port, stop })));
}

export async function startHostileServer() {
  const traces = new Map();
  const trace = (call) => {
    if (!traces.has(call)) traces.set(call, { requests: 0, elsewhere: 0, closed: deferred() });
    return traces.get(call);
  };
  const json = (socket, value = {}) => socket.end(answer("200 OK", JSON.stringify(value), JSON_TYPE));
  const isPreflight = (text) => text.startsWith("OPTIONS ");
  const preflight = (socket) => socket.end(head("204 No Content", "content-length: 0", "connection: close"));

  const there = await listen((text, socket) => {
    const [, call] = /^\S+ \/ok\/([^/ ]+)/.exec(text) ?? [];
    if (call) trace(call).elsewhere++;
    if (isPreflight(text)) preflight(socket);
    else BEHAVIOURS.ok(socket);
  });
  const here = await listen((text, socket) => {
    const [, name, call] = /^\S+ \/([^/ ]+)\/([^/ ]+)/.exec(text) ?? [];
    if (!call) return socket.destroy();
    if (isPreflight(text)) return preflight(socket);
    const traced = trace(call);
    if (name === "seen") return json(socket, { requests: traced.requests, elsewhere: traced.elsewhere });
    if (name === "closed") return traced.closed.promise.then(() => json(socket));
    traced.requests++;
    socket.on("close", () => traced.closed.resolve());
    const path = `ok/${call}/api`;
    return BEHAVIOURS[name]?.(socket, {
      here: `http://127.0.0.1:${here.port}/${path}`,
      elsewhere: `http://localhost:${there.port}/${path}`,
    });
  });
  return {
    url: `http://127.0.0.1:${here.port}`,
    stop() {
      here.stop();
      there.stop();
    },
  };
}
