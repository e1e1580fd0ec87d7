"use strict";
// The upgrade under traffic, heartbeats, and the transports' own options.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const { Fetch, NodeWebSocket: WebSocket, NodeXHR: XHR } = require("engine.io-client");
const { TestServer } = require("./support/server");
const { WAYS, open, join, carriedBy } = require("./support/clients");
const { speak, speakBinary } = require("./support/basics");
const { event, events, turn, until, within } = require("./support/wait");

/// A websocket transport that does not begin before its gate is opened: the upgrade happens when the test wants it.
function gated() {
  const gate = {};
  gate.opened = new Promise((resolve) => (gate.open = resolve));
  gate.WebSocket = class extends WebSocket {
    doOpen() {
      gate.opened.then(() => super.doOpen());
    }
  };
  return gate;
}

/// Sends numbered messages from before the upgrade until after it; returns how many, and how many of them before.
async function talkThroughTheUpgrade(socket, gate, send) {
  let count = 0;
  const talk = async (times) => {
    for (let i = 0; i < times; ++i) {
      send(count++);
      await turn();
    }
  };
  let upgraded = false;
  socket.io.engine.once("upgrade", () => (upgraded = true));
  await talk(50);
  const before = count;
  gate.open();
  while (!upgraded) {
    assert.ok(count < 100_000, "the upgrade never ended");
    await talk(1);
  }
  const during = count;
  await talk(50);
  return { count, before, during };
}

test("an upgrade under traffic: events of both directions stay in order, none is lost", async (t) => {
  const server = await TestServer.start(t);
  const other = await join(server, { transports: ["websocket"] });
  const gate = gated();
  const socket = await join(server, { transports: [XHR, gate.WebSocket] });
  assert.equal(socket.io.engine.transport.name, "polling");
  const echoes = [];
  const news = [];
  socket.on("message-back", (n) => echoes.push(n));
  socket.on("broadcast", (n) => news.push(n));
  const { count, before, during } = await talkThroughTheUpgrade(socket, gate, (n) => {
    socket.emit("message", n);
    other.emit("broadcast", n);
  });
  assert.ok(during > before, "some were sent while the upgrade was under way");
  assert.equal(socket.io.engine.transport.name, "websocket");
  await until(() => echoes.length >= count && news.length >= count, "everything that was sent");
  assert.deepEqual(echoes, [...Array(count).keys()]);
  assert.deepEqual(news, [...Array(count).keys()]);
});

test("an upgrade under traffic: attachments stay with their events", async (t) => {
  const server = await TestServer.start(t);
  const gate = gated();
  const socket = await join(server, { transports: [XHR, gate.WebSocket] });
  const echoes = [];
  socket.on("message-back", (n, first, second) => echoes.push([n, first.toString(), second.in.toString()]));
  const { count } = await talkThroughTheUpgrade(socket, gate, (n) =>
    socket.emit("message", n, Buffer.from(`first ${n}`), { in: Buffer.from(`second ${n}`) }));
  assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", "the end"), "the end");
  assert.deepEqual(echoes, [...Array(count).keys()].map((n) => [n, `first ${n}`, `second ${n}`]));
});

test("an upgrade that fails leaves polling", async (t) => {
  const server = await TestServer.start(t);
  class Broken extends WebSocket {
    doOpen() {
      queueMicrotask(() => this.onError("broken", new Error("on purpose")));
    }
  }
  const socket = open(server, { transports: [XHR, Broken] });
  const failed = new Promise((resolve) => socket.io.once("open", () => socket.io.engine.once("upgradeError", resolve)));
  await event(socket, "connect");
  await within(failed, "the failure of the upgrade");
  assert.equal(socket.io.engine.transport.name, "polling");
  await speak(socket);
});

test("polling by fetch instead of XMLHttpRequest", async (t) => {
  const server = await TestServer.start(t);
  const socket = await join(server, { transports: [Fetch] });
  await speak(socket);
  await speakBinary(socket);
});

test("permessage-deflate, when the server has it on", async (t) => {
  const server = await TestServer.start(t, { deflate: 1 });
  const options = { transports: ["websocket"], perMessageDeflate: { threshold: 100 } };
  const socket = await join(server, options);
  assert.match(socket.io.engine.transport.ws.extensions, /permessage-deflate/);
  const text = "compress me ".repeat(20_000);
  const data = Buffer.alloc(100_000, "abc");
  const [text2, data2] = await socket.timeout(10_000).emitWithAck("message-with-ack", [text, data]);
  assert.equal(text2, text);
  assert.ok(data.equals(data2));
});

for (const { way, transports, last } of WAYS) {
  test(`${way}: a quiet session lives on its heartbeats`, async (t) => {
    const server = await TestServer.start(t, { "ping-interval": 50, "ping-timeout": 2_000 });
    const socket = await join(server, { transports });
    await carriedBy(socket, last);
    const { id } = socket;
    await events(socket.io, "ping", 5);
    assert.equal(socket.id, id);
    assert.equal(socket.connected, true);
    await speak(socket);
  });

  test(`${way}: a server that hangs is left, and found again when it goes on`, async (t) => {
    const server = await TestServer.start(t, { "ping-interval": 200, "ping-timeout": 800 });
    const socket = await join(server, { transports });
    await carriedBy(socket, last);
    const before = socket.id;
    const gone = event(socket, "disconnect");
    server.signal("SIGSTOP");
    assert.equal((await gone)[0], "ping timeout");
    const back = event(socket, "connect");
    server.signal("SIGCONT");
    await back;
    assert.notEqual(socket.id, before);
    await speak(socket);
  });
}
