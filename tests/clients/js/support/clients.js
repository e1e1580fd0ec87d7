"use strict";
// Clients that end with their test, and the ways they can be connected.
const { io } = require("socket.io-client");
const { event } = require("./wait");

/// What may carry a session, and what it must end on.
const WAYS = [
  { way: "websocket only", transports: ["websocket"], last: "websocket" },
  { way: "polling only", transports: ["polling"], last: "polling" },
  { way: "polling, then upgrade", transports: ["polling", "websocket"], last: "websocket" },
];

/// Does not wait. Reconnects quickly, so that no test has to.
function open(server, options = {}, make = io) {
  const { namespace = "/", ...rest } = options;
  const socket = make(server.url + namespace, {
    forceNew: true,
    reconnectionDelay: 20,
    reconnectionDelayMax: 100,
    ...rest,
  });
  server.adopt(() => socket.io._close());
  return socket;
}

async function join(server, options = {}, make = io) {
  const socket = open(server, options, make);
  await event(socket, "connect");
  return socket;
}

/// Waits until the session's transport has the name.
async function carriedBy(socket, name) {
  const { engine } = socket.io;
  if (engine.transport.name !== name) {
    await event(engine, "upgrade");
  }
  if (engine.transport.name !== name) {
    throw new Error(`the transport is ${engine.transport.name} and not ${name}`);
  }
}

/// Until the server has let go of everybody else.
async function eventuallyAlone(socket) {
  const end = Date.now() + 10_000;
  let count;
  do {
    count = await socket.timeout(10_000).emitWithAck("count");
    if (Date.now() > end) throw new Error(`the server still has ${count} clients`);
  } while (count !== 1);
}

module.exports = { WAYS, open, join, carriedBy, eventuallyAlone };
