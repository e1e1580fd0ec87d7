"use strict";
// Connection state recovery: a client that was cut off gets what it missed, when the server has it on.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const { TestServer } = require("./support/server");
const { join, carriedBy } = require("./support/clients");
const { event, until } = require("./support/wait");

/// The server does it for those who ask: the offset that it appends is an argument more than some clients expect.
const ASKING = { auth: { recovery: true }, reconnection: false };
const WAYS = [["websocket"], ["polling"], ["polling", "websocket"]];

/// The server, or null when it knows nothing of recovery; the test then says so and is skipped.
async function startRecovering(t) {
  try {
    return await TestServer.start(t, { recovery: 1 });
  } catch (error) {
    if (!/unknown option --recovery/.test(error.message)) throw error;
    t.skip("the server knows no option --recovery");
    return null;
  }
}

/// Cuts the engine and lets `meanwhile` happen before the client comes back.
async function cutOff(socket, meanwhile) {
  const gone = event(socket, "disconnect");
  socket.io.engine.close();
  await gone;
  await meanwhile();
  const back = event(socket, "connect");
  socket.connect();
  await back;
}

async function say(speaker, ...args) {
  const heard = event(speaker, "broadcast");
  speaker.emit("broadcast", ...args);
  await heard;
}

for (const transports of WAYS) {
  const last = transports.at(-1);
  const options = { ...ASKING, transports };

  test(`${transports.join(", then ")}: what was missed arrives, in order and once`, async (t) => {
    const server = await startRecovering(t);
    if (!server) return;
    const speaker = await join(server, { transports: ["websocket"] });
    const socket = await join(server, options);
    await carriedBy(socket, last);
    assert.ok(!socket.recovered);
    const heard = [];
    socket.on("broadcast", (...args) => {
      assert.match(args.pop(), /^\d+$/, "the offset, as Node's server appends it");
      heard.push(args.map((arg) => (Buffer.isBuffer(arg) ? arg.toString() : arg)));
    });
    await say(speaker, "before");
    const before = socket.id;
    await cutOff(socket, async () => {
      await say(speaker, "missed", 1);
      await say(speaker, "missed", Buffer.from("binary"));
    });
    assert.ok(socket.recovered);
    assert.equal(socket.id, before);
    await say(speaker, "after");
    await until(() => heard.length >= 4, "all four events");
    assert.deepEqual(heard, [["before"], ["missed", 1], ["missed", "binary"], ["after"]]);
  });

  test(`${transports.join(", then ")}: recovery works before the first event and again and again`, async (t) => {
    const server = await startRecovering(t);
    if (!server) return;
    const speaker = await join(server, { transports: ["websocket"] });
    const socket = await join(server, { ...options, namespace: "/" });
    const before = socket.id;
    for (let n = 0; n < 3; ++n) {
      const missed = event(socket, "broadcast");
      await cutOff(socket, () => say(speaker, n));
      assert.ok(socket.recovered);
      assert.equal(socket.id, before);
      assert.deepEqual((await missed)[0], n);
    }
  });
}

test("a client that left of its own will is not recovered", async (t) => {
  const server = await startRecovering(t);
  if (!server) return;
  const socket = await join(server, { ...ASKING, transports: ["websocket"] });
  const before = socket.id;
  socket.disconnect();
  const back = event(socket, "connect");
  socket.connect();
  await back;
  assert.ok(!socket.recovered);
  assert.notEqual(socket.id, before);
});

test("a connection that is cut without a word, and by a client that comes back by itself", async (t) => {
  const server = await startRecovering(t);
  if (!server) return;
  const speaker = await join(server, { transports: ["websocket"] });
  const socket = await join(server, { ...ASKING, transports: ["websocket"], reconnection: true });
  const heard = [];
  socket.on("broadcast", (n) => heard.push(n));
  const before = socket.id;
  for (let n = 0; n < 5; ++n) {
    const back = event(socket, "connect");
    socket.io.engine.transport.ws._socket.destroy();
    await say(speaker, n);
    await back;
    assert.ok(socket.recovered);
    assert.equal(socket.id, before);
  }
  await until(() => heard.length >= 5, "all five events");
  assert.deepEqual(heard, [0, 1, 2, 3, 4]);
});

test("rooms are kept, and what was said in them", async (t) => {
  const server = await startRecovering(t);
  if (!server) return;
  const speaker = await join(server, { transports: ["websocket"] });
  const socket = await join(server, { ...ASKING, transports: ["websocket"] });
  await socket.timeout(10_000).emitWithAck("enter", "kitchen");
  const heard = [];
  socket.on("room", (text) => heard.push(text));
  await cutOff(socket, async () => {
    await speaker.timeout(10_000).emitWithAck("room", "kitchen", "missed");
    await speaker.timeout(10_000).emitWithAck("room", "cellar", "not for it");
  });
  assert.ok(socket.recovered);
  await speaker.timeout(10_000).emitWithAck("room", "kitchen", "after");
  await until(() => heard.length >= 2, "both events");
  assert.deepEqual(heard, ["missed", "after"]);
});

test("a client that did not ask is not recovered, and no event has an argument too many", async (t) => {
  const server = await startRecovering(t);
  if (!server) return;
  const speaker = await join(server, { ...ASKING, transports: ["websocket"] });
  const socket = await join(server, { transports: ["websocket"], reconnection: false });
  const heard = event(socket, "broadcast");
  await say(speaker, "one");
  assert.deepEqual(await heard, ["one"]);
  await cutOff(socket, () => say(speaker, "missed"));
  assert.ok(!socket.recovered);
});

test("without the option nobody is recovered, and no event has an argument too many", async (t) => {
  const server = await TestServer.start(t);
  const speaker = await join(server, { transports: ["websocket"] });
  const socket = await join(server, { ...ASKING, transports: ["websocket"] });
  const before = socket.id;
  const heard = event(socket, "broadcast");
  await say(speaker, "one");
  assert.deepEqual(await heard, ["one"]);
  await cutOff(socket, () => say(speaker, "missed"));
  assert.ok(!socket.recovered);
  assert.notEqual(socket.id, before);
  const next = event(socket, "broadcast");
  await say(speaker, "two");
  assert.deepEqual(await next, ["two"]);
});
