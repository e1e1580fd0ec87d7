"use strict";
// Acknowledgements and their limits, namespaces, auth, broadcasts, volatile events, large messages.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const { TestServer } = require("./support/server");
const { WAYS, open, join, carriedBy, eventuallyAlone } = require("./support/clients");
const { event, events, until } = require("./support/wait");

for (const { way, transports, last } of WAYS) {
  test(`${way}: acknowledgements both ways, and those that never come`, async (t) => {
    const server = await TestServer.start(t, { "ack-timeout": 500 });
    const socket = await join(server, { transports });
    await carriedBy(socket, last);
    assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", "yes"), "yes");
    await assert.rejects(socket.timeout(50).emitWithAck("nobody-answers-this", 1), /timed out/);
    const many = [...Array(100).keys()].map((n) => socket.timeout(10_000).emitWithAck("message-with-ack", n));
    assert.deepEqual(await Promise.all(many), [...Array(100).keys()]);

    socket.once("question", (a, b, answer) => answer(b, a));
    let answered = event(socket, "answered");
    socket.emit("ask-back", 1, "two");
    assert.deepEqual(await answered, [["two", 1]]);

    let late;
    socket.once("question", (answer) => (late = answer));
    answered = event(socket, "answered");
    socket.emit("ask-back");
    assert.deepEqual(await answered, [null], "the server's own limit");
    late("too late");
    assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", "goes on"), "goes on");
  });

  test(`${way}: several namespaces on one connection`, async (t) => {
    const server = await TestServer.start(t);
    const main = await join(server, { transports, auth: { for: "main" } });
    const custom = main.io.socket("/custom", { auth: (give) => give({ for: "custom" }) });
    const auth = event(custom, "auth");
    custom.connect();
    assert.deepEqual(await auth, [{ for: "custom" }]);
    await carriedBy(main, last);
    const refused = main.io.socket("/random");
    const [error] = await event(refused, "connect_error");
    assert.equal(error.message, "Invalid namespace");

    const echoes = [event(main, "message-back"), event(custom, "message-back")];
    custom.emit("message", "to custom");
    main.emit("message", "to main");
    assert.deepEqual(await Promise.all(echoes), [["to main"], ["to custom"]]);
    assert.notEqual(main.id, custom.id);

    const gone = event(custom, "disconnect");
    custom.disconnect();
    await gone;
    assert.equal(await main.timeout(10_000).emitWithAck("message-with-ack", "still here"), "still here");
    const back = event(custom, "connect");
    custom.connect();
    await back;
    assert.equal(await custom.timeout(10_000).emitWithAck("message-with-ack", "again"), "again");
  });

  test(`${way}: large messages, and one that is too large`, async (t) => {
    const server = await TestServer.start(t);
    const socket = await join(server, { transports });
    await carriedBy(socket, last);
    const large = "x".repeat(900_000);
    assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", large), large);
    const before = socket.id;
    const gone = event(socket, "disconnect");
    const back = event(socket, "connect");
    socket.emit("message", "x".repeat(1_100_000));
    const [reason] = await gone;
    assert.ok(["transport close", "transport error"].includes(reason), reason);
    await back;
    assert.notEqual(socket.id, before);
    assert.equal(await socket.timeout(10_000).emitWithAck("message-with-ack", "fine"), "fine");
    assert.match(server.output, /too large client=127\.0\.0\.1:\d+/);
  });
}

test("a message of 1009 is told to the websocket's client as such", async (t) => {
  const server = await TestServer.start(t);
  const socket = await join(server, { transports: ["websocket"], reconnection: false });
  const gone = event(socket, "disconnect");
  socket.emit("message", "x".repeat(1_100_000));
  const [reason, details] = await gone;
  assert.equal(reason, "transport close");
  assert.equal(details.context.code, 1009);
});

test("auth: nothing, an object, a function", async (t) => {
  const server = await TestServer.start(t);
  for (const [auth, wanted] of [
    [undefined, {}],
    [{ token: "a", nested: { n: [1] } }, { token: "a", nested: { n: [1] } }],
    [(give) => give({ token: "later" }), { token: "later" }],
  ]) {
    const socket = open(server, { auth });
    assert.deepEqual(await event(socket, "auth"), [wanted]);
  }
});

test("a broadcast reaches every client once and in order", async (t) => {
  const server = await TestServer.start(t);
  const sockets = await Promise.all(Array.from({ length: 30 }, (_, i) =>
    join(server, { transports: WAYS[i % WAYS.length].transports })));
  const elsewhere = await join(server, { namespace: "/custom" });
  elsewhere.on("broadcast", () => assert.fail("not for this namespace"));
  const heard = sockets.map((socket) => events(socket, "broadcast", 40));
  for (let n = 0; n < 40; ++n) sockets[0].emit("broadcast", n);
  for (const all of await Promise.all(heard)) {
    assert.deepEqual(all.flat(), [...Array(40).keys()]);
  }
});

test("rooms: those inside hear it, the speaker and those outside do not", async (t) => {
  const server = await TestServer.start(t);
  const [speaker, inside, gone, outside] = await Promise.all(Array.from({ length: 4 }, (_, i) =>
    join(server, { transports: WAYS[i % WAYS.length].transports })));
  const call = (socket, ...args) => socket.timeout(10_000).emitWithAck(...args);
  for (const socket of [speaker, inside, gone]) await call(socket, "enter", "kitchen");
  await call(gone, "exit", "kitchen");
  const heard = new Map([speaker, inside, gone, outside].map((socket) => [socket, []]));
  for (const [socket, all] of heard) {
    for (const name of ["room", "others"]) socket.on(name, (...args) => all.push([name, ...args]));
  }
  await call(speaker, "room", "kitchen", "tea", Buffer.from("pot"));
  await call(speaker, "others", "all but me");
  const others = ["others", "all but me"];
  await until(() => [inside, gone, outside].every((socket) => heard.get(socket).length >= 1 &&
    heard.get(socket).at(-1)[0] === "others"), "the last event everywhere");
  assert.deepEqual([...heard.values()], [[], [["room", "tea", Buffer.from("pot")], others], [others], [others]]);
});

test("volatile events arrive while the client reads, those of a client that is away do not", async (t) => {
  const server = await TestServer.start(t);
  const socket = await join(server, { transports: ["websocket"] });
  const echo = event(socket, "volatile-back");
  socket.volatile.emit("volatile", 1, 2);
  assert.deepEqual(await echo, [[1, 2]]);
  socket.disconnect();
  socket.volatile.emit("message", "dropped");
  const next = event(socket, "message-back");
  const back = event(socket, "connect");
  socket.connect();
  await back;
  socket.emit("message", "first");
  assert.deepEqual(await next, ["first"]);
});

test("hundreds of clients come and go", async (t) => {
  const server = await TestServer.start(t);
  for (let round = 0; round < 5; ++round) {
    const sockets = await Promise.all(Array.from({ length: 60 }, (_, i) =>
      join(server, { transports: i % 10 ? ["websocket"] : ["polling"] })));
    for (const socket of sockets) socket.disconnect();
  }
  const last = await join(server);
  await eventuallyAlone(last);
});
