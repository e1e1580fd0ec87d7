"use strict";
// What every client of every version must be able to do, over every transport.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const { TestServer } = require("./server");
const { WAYS, open, join, carriedBy } = require("./clients");
const { event, events } = require("./wait");

const bytes = (value) => Buffer.from(value);

async function speak(socket) {
  const echo = event(socket, "message-back");
  socket.emit("message", 1, "two", { three: [true, null], four: -0.5 }, "ünï ✓ 🎈");
  assert.deepEqual(await echo, [1, "two", { three: [true, null], four: -0.5 }, "ünï ✓ 🎈"]);
  const answer = await new Promise((resolve) => socket.emit("message-with-ack", "a", 2, (...all) => resolve(all)));
  assert.deepEqual(answer, ["a", 2]);
}

async function speakBinary(socket) {
  const echo = event(socket, "message-back");
  socket.emit("message", Buffer.from([0, 1, 255]), { deep: [Buffer.from("x")] });
  const [first, second] = await echo;
  assert.deepEqual([...bytes(first)], [0, 1, 255]);
  assert.equal(bytes(second.deep[0]).toString(), "x");
}

async function order(socket) {
  const count = 300;
  const echoes = events(socket, "message-back", count);
  for (let i = 0; i < count; ++i) socket.emit("message", i);
  assert.deepEqual((await echoes).flat(), [...Array(count).keys()]);
}

/// Registers the tests of one client library. `make` is its io().
function basics(label, make) {
  for (const { way, transports, last } of WAYS) {
    test(`${label}, ${way}: events, binary, answers, order, leaving`, async (t) => {
      const server = await TestServer.start(t);
      const socket = open(server, { transports, auth: { token: "123" } }, make);
      const auth = event(socket, "auth");
      await event(socket, "connect");
      assert.deepEqual(await auth, [{ token: "123" }]);
      await carriedBy(socket, last);
      await speak(socket);
      await speakBinary(socket);
      await order(socket);
      const gone = event(socket, "disconnect");
      socket.disconnect();
      assert.equal((await gone)[0], "io client disconnect");
    });

    test(`${label}, ${way}: an unknown namespace`, async (t) => {
      const server = await TestServer.start(t);
      const socket = open(server, { transports, namespace: "/random" }, make);
      const [error] = await event(socket, "connect_error");
      assert.equal(error.message, "Invalid namespace");
      assert.equal(socket.connected, false);
    });

    test(`${label}, ${way}: the server sends it away, and it may come back`, async (t) => {
      const server = await TestServer.start(t);
      const socket = await join(server, { transports }, make);
      const before = socket.id;
      const gone = event(socket, "disconnect");
      socket.emit("leave");
      assert.equal((await gone)[0], "io server disconnect");
      const back = event(socket, "connect");
      socket.connect();
      await back;
      assert.notEqual(socket.id, before);
      await speak(socket);
    });
  }
}

module.exports = { basics, speak, speakBinary };
