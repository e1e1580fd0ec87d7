"use strict";
// Binary both ways, over every transport: in events, in answers, nested, many, empty, large.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { TestServer } = require("./support/server");
const { WAYS, join, carriedBy } = require("./support/clients");
const { event } = require("./support/wait");

/// Everything binary as Buffer, so that it can be compared.
function plain(value) {
  if (value instanceof ArrayBuffer) return Buffer.from(value);
  if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

const ALL_BYTES = Buffer.from([...Array(256).keys()]);
const CASES = {
  "one buffer": [ALL_BYTES],
  "text and buffers": ["before", ALL_BYTES, "between", Buffer.from("x"), { after: true }],
  "nested ones": [{ a: [Buffer.from("1"), { b: Buffer.from("2"), c: [[Buffer.from("3")]] }], d: "4" }],
  "an empty one": [Buffer.alloc(0), "and more"],
  "typed arrays and views": [new Uint8Array([1, 2, 3]), new Uint16Array([1000, 2000]).buffer,
    new Uint8Array(new Uint8Array([9, 8, 7, 6]).buffer, 1, 2)],
  // socket.io-parser 4.2.6 and newer take no more by default.
  "ten attachments": Array.from({ length: 10 }, (_, i) => ({ n: i, data: randomBytes(i) })),
  "700,000 bytes": [randomBytes(700_000)],
  "what looks like a placeholder": [{ _placeholder: false, num: 0 }, Buffer.from("x")],
};

for (const { way, transports, last } of WAYS) {
  test(`${way}: binary in events and answers, both ways`, async (t) => {
    const server = await TestServer.start(t);
    const socket = await join(server, { transports });
    await carriedBy(socket, last);
    socket.on("question", (...args) => args.pop()(...args));
    for (const [name, args] of Object.entries(CASES)) {
      const wanted = plain(args);
      const echo = event(socket, "message-back");
      socket.emit("message", ...args);
      assert.deepEqual(plain(await echo), wanted, `${name}: event`);
      const answer = await new Promise((resolve) => socket.emit("message-with-ack", ...args, (...all) => resolve(all)));
      assert.deepEqual(plain(answer), wanted, `${name}: answer of the server`);
      const answered = event(socket, "answered");
      socket.emit("ask-back", ...args);
      assert.deepEqual(plain((await answered)[0]), wanted, `${name}: answer of the client`);
    }
  });
}

test("binary to many at once, over both transports", async (t) => {
  const server = await TestServer.start(t);
  const sockets = await Promise.all(Array.from({ length: 12 }, (_, i) =>
    join(server, { transports: WAYS[i % WAYS.length].transports })));
  const heard = sockets.map((socket) => event(socket, "broadcast"));
  sockets[0].emit("broadcast", ALL_BYTES, { more: [Buffer.from("x")] });
  for (const args of await Promise.all(heard)) {
    assert.deepEqual(plain(args), [ALL_BYTES, { more: [Buffer.from("x")] }]);
  }
});
