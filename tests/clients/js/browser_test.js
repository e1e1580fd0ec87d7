"use strict";
// A page in headless Chromium, on another origin than the server's. What counts is that the browser lets the page
// have the answers, with credentials and without, and keeps them from a page that is not listed.
const { test, before, after } = require("node:test");
const assert = require("node:assert/strict");
const { TestServer, freePort } = require("./support/server");
const { join, eventuallyAlone } = require("./support/clients");
const { serve, launch, openPage } = require("./support/page");

let browser;
let site;
before(async () => {
  [browser, site] = await Promise.all([launch(), serve()]);
});
after(async () => {
  await browser?.close();
  site?.close();
});

/// What the browser was answered by the Socket.IO server over HTTP.
function watch(page, server) {
  const answers = [];
  page.on("response", (response) => {
    if (response.url().startsWith(server.url) && response.request().resourceType() !== "websocket") {
      answers.push(response.allHeaders().then((headers) => ({ status: response.status(), headers })));
    }
  });
  return () => Promise.all(answers);
}

/// Everything a page does with a socket: events, answers, binary both ways, after the transport is settled.
async function converse([url, options, last]) {
  const socket = await open(url, options);
  const transport = await carriedBy(socket, last);
  const echo = once(socket, "message-back");
  socket.emit("message", "ü ✓ 🎈", { n: [1, null] }, new Uint8Array([1, 2, 255]));
  const [text, object, bytes] = await echo;
  const answer = await socket.timeout(10_000).emitWithAck("message-with-ack", { deep: [new Uint8Array([9, 8]).buffer] });
  socket.on("question", (data, reply) => reply(data, new Blob([new Uint8Array([7])]).size));
  const answered = once(socket, "answered");
  socket.emit("ask-back", new Uint8Array([5, 6]));
  const [[data, size]] = await answered;
  const list = (buffer) => (buffer instanceof ArrayBuffer ? [...new Uint8Array(buffer)] : `no ArrayBuffer: ${buffer}`);
  socket.disconnect();
  return { transport, text, object, bytes: list(bytes), answer: list(answer.deep[0]), asked: [list(data), size] };
}

const CONVERSATION = {
  text: "ü ✓ 🎈", object: { n: [1, null] }, bytes: [1, 2, 255], answer: [9, 8], asked: [[5, 6], 1],
};

/// Why a page cannot connect, or "connected".
async function attempt([url, options]) {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  const failure = new Promise((resolve) => socket.once("connect_error", (error) => resolve(error.message)));
  const success = new Promise((resolve) => socket.once("connect", () => resolve("connected")));
  const outcome = await Promise.race([failure, success]);
  socket.disconnect();
  return outcome;
}

for (const [transports, last] of [
  [["polling", "websocket"], "websocket"], [["polling"], "polling"], [["websocket"], "websocket"],
]) {
  test(`${transports.join(", then ")}, with credentials: events, answers, binary`, async (t) => {
    const server = await TestServer.start(t, { cors: site.origin, credentials: 1 });
    const page = await openPage(t, browser, site.origin);
    const answers = watch(page, server);
    const said = await page.evaluate(converse, [server.url, { transports, withCredentials: true }, last]);
    assert.deepEqual(said, { transport: last, ...CONVERSATION });
    const seen = await answers();
    assert.equal(seen.length > 0, transports.includes("polling"));
    for (const { status, headers } of seen) {
      assert.equal(status, 200);
      assert.equal(headers["access-control-allow-origin"], site.origin);
      assert.equal(headers["access-control-allow-credentials"], "true");
      assert.match(headers.vary, /origin/i);
    }
  });
}

test("any origin, without credentials", async (t) => {
  const server = await TestServer.start(t);
  const page = await openPage(t, browser, site.origin);
  const said = await page.evaluate(converse, [server.url, {}, "websocket"]);
  assert.deepEqual(said, { transport: "websocket", ...CONVERSATION });
});

test("any origin with credentials: the origin is named, and the browser is content", async (t) => {
  const server = await TestServer.start(t, { cors: "*", credentials: 1 });
  const page = await openPage(t, browser, site.origin);
  const options = { transports: ["polling"], withCredentials: true };
  assert.equal(await page.evaluate(attempt, [server.url, options]), "connected");
});

test("credentials that the server does not allow: the browser keeps the answer to itself", async (t) => {
  const page = await openPage(t, browser, site.origin);
  const options = { transports: ["polling"], withCredentials: true };
  for (const cors of ["*", site.origin]) {
    const server = await TestServer.start(t, { cors });
    assert.equal(await page.evaluate(attempt, [server.url, options]), "xhr poll error", cors);
  }
});

test("a page of another origin than those listed is refused, over both transports", async (t) => {
  const foreign = await serve();
  t.after(() => foreign.close());
  const server = await TestServer.start(t, { cors: `http://example.org,${site.origin}`, credentials: 1 });
  const page = await openPage(t, browser, foreign.origin);
  for (const [transport, reason] of [["polling", "xhr poll error"], ["websocket", "websocket error"]]) {
    const options = { transports: [transport] };
    assert.equal(await page.evaluate(attempt, [server.url, options]), reason);
    const own = await openPage(t, browser, site.origin);
    assert.equal(await own.evaluate(attempt, [server.url, options]), "connected");
  }
});

test("a header of one's own: the preflight is answered", async (t) => {
  const server = await TestServer.start(t, { cors: site.origin, credentials: 1 });
  const page = await openPage(t, browser, site.origin);
  const options = { transports: ["polling"], withCredentials: true, extraHeaders: { "x-mine": "1" } };
  const said = await page.evaluate(converse, [server.url, options, "polling"]);
  assert.deepEqual(said, { transport: "polling", ...CONVERSATION });
});

test("an error of the server can be read by the page", async (t) => {
  const server = await TestServer.start(t, { cors: site.origin, credentials: 1 });
  const page = await openPage(t, browser, site.origin);
  const answer = await page.evaluate(async (url) => {
    const response = await fetch(`${url}/socket.io/?EIO=4&transport=polling&sid=nobody`, { credentials: "include" });
    return [response.status, await response.json()];
  }, server.url);
  assert.deepEqual(answer, [400, { code: 1, message: "Session ID unknown" }]);
});

test("the server goes and comes back: the page is there again", async (t) => {
  const server = await TestServer.start(t, { port: await freePort(), cors: site.origin, credentials: 1 });
  const page = await openPage(t, browser, site.origin);
  await page.evaluate(async (url) => {
    globalThis.socket = await open(url, { withCredentials: true });
    await carriedBy(socket, "websocket");
    globalThis.gone = once(socket, "disconnect");
  }, server.url);
  await server.kill();
  await page.evaluate(() => gone);
  const back = page.evaluate(() => once(socket, "connect"));
  await server.begin();
  await back;
  const answer = await page.evaluate(() => socket.timeout(10_000).emitWithAck("message-with-ack", "again"));
  assert.equal(answer, "again");
});

test("leaving the page ends its session", async (t) => {
  const server = await TestServer.start(t);
  for (const transports of [["polling"], ["websocket"]]) {
    const page = await openPage(t, browser, site.origin);
    await page.evaluate(([url, options]) => open(url, options).then(() => {}), [server.url, { transports }]);
    const other = await join(server);
    assert.equal(await other.emitWithAck("count"), 2);
    await page.goto("about:blank");
    await eventuallyAlone(other);
    other.disconnect();
  }
});
