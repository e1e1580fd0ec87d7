"use strict";
// The server goes and comes back.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const { TestServer, freePort } = require("./support/server");
const { WAYS, join, carriedBy } = require("./support/clients");
const { event, events, within } = require("./support/wait");

for (const { way, transports, last } of WAYS) {
  for (const [how, end] of [["killed", "kill"], ["stopped in order", "stop"]]) {
    test(`${way}: the server is ${how} and started again`, async (t) => {
      const server = await TestServer.start(t, { port: await freePort() });
      const socket = await join(server, { transports });
      await carriedBy(socket, last);
      const before = socket.id;
      const gone = event(socket, "disconnect");
      const tried = event(socket.io, "reconnect_error");
      await server[end]();
      const [reason] = await gone;
      assert.ok(["transport close", "transport error"].includes(reason), reason);
      const echo = event(socket, "message-back");
      socket.emit("message", "kept until it is back");
      socket.volatile.emit("message", "not kept");
      await tried;
      const back = event(socket, "connect");
      await server.begin();
      await back;
      assert.notEqual(socket.id, before);
      assert.deepEqual(await echo, ["kept until it is back"]);
      assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", "again"), "again");
      await carriedBy(socket, last);
    });
  }
}

test("many clients come back at once", async (t) => {
  const server = await TestServer.start(t, { port: await freePort() });
  const sockets = await Promise.all(Array.from({ length: 30 }, (_, i) =>
    join(server, { transports: WAYS[i % WAYS.length].transports })));
  // The client loses sight of a server that dies in the middle of an upgrade until its ping is overdue.
  await Promise.all(sockets.map((socket, i) => carriedBy(socket, WAYS[i % WAYS.length].last)));
  const gone = sockets.map((socket) => event(socket, "disconnect"));
  await server.kill();
  await Promise.all(gone);
  const back = sockets.map((socket) => event(socket, "connect"));
  await server.begin();
  await Promise.all(back);
  const heard = sockets.map((socket) => event(socket, "broadcast"));
  sockets[0].emit("broadcast", "all here");
  for (const args of await Promise.all(heard)) assert.deepEqual(args, ["all here"]);
});

test("an event with retries is delivered once the server is back", async (t) => {
  const server = await TestServer.start(t, { port: await freePort() });
  const socket = await join(server, { transports: ["websocket"], retries: 50, ackTimeout: 2_000 });
  const gone = event(socket, "disconnect");
  await server.kill();
  await gone;
  const answers = ["a", "b"].map((text) =>
    new Promise((resolve, reject) =>
      socket.emit("message-with-ack", text, (error, answer) => (error ? reject(error) : resolve(answer)))));
  await server.begin();
  assert.deepEqual(await within(Promise.all(answers), "both answers"), ["a", "b"]);
});

test("a websocket that is cut without a word", async (t) => {
  const server = await TestServer.start(t);
  const socket = await join(server, { transports: ["websocket"] });
  for (let i = 0; i < 5; ++i) {
    const back = events(socket, "connect", 1);
    socket.io.engine.transport.ws._socket.destroy();
    await back;
  }
  assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", "fine"), "fine");
});
