"use strict";
// The protocol texts by hand, over real sockets, with the heartbeats that the protocols' own suites use. What goes
// through a client library is tested beside this file; what needs a look into the server is in tests/unit/socketio.
const { test } = require("node:test");
const assert = require("node:assert/strict");
const { TestServer } = require("./support/server");
const { Wire, Polling } = require("./support/wire");
const { within } = require("./support/wait");

const BEATS = { "ping-interval": 300, "ping-timeout": 200, "connect-timeout": 1_000 };
/// For tests that answer pings: a slow machine must not end their sessions.
const PATIENT = { "ping-interval": 200, "ping-timeout": 2_000 };
const SEPARATOR = "\x1e";
const ENGINE = "/engine.io/";
const SOCKET = "/socket.io/";
const PATHS = [ENGINE, SOCKET];
const websocket = (path, more = "") => `${path}?EIO=4&transport=websocket${more}`;

async function http(server, target, options) {
  const answer = await within(fetch(server.url + target, options), "an answer over HTTP");
  return { status: answer.status, body: await answer.text() };
}

/// A websocket that has read its open packet.
async function openWire(server, path = ENGINE) {
  const wire = new Wire(server, websocket(path));
  wire.open = JSON.parse((await wire.read()).slice(1));
  return wire;
}

/// The next frame that is no ping; answers those.
async function readData(wire) {
  for (;;) {
    const frame = await wire.read();
    if (frame !== "2") return frame;
    wire.send("3");
  }
}

/// One that has joined `/` too, and has read "auth".
async function joined(server) {
  const wire = await openWire(server, SOCKET);
  wire.send("40");
  assert.match(await readData(wire), /^40\{"sid":"[^"]+"\}$/);
  assert.equal(await readData(wire), '42["auth",{}]');
  return wire;
}

for (const path of PATHS) {
  test(`${path} opens a session: the open packet, over both transports`, async (t) => {
    const server = await TestServer.start(t, BEATS);
    const wanted = { pingInterval: 300, pingTimeout: 200, maxPayload: 1_000_000 };
    const keys = ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"];
    const polling = (await Polling.open(server, path)).open;
    const { open } = await openWire(server, path);
    for (const [packet, upgrades] of [[polling, ["websocket"]], [open, []]]) {
      assert.deepEqual(Object.keys(packet), keys);
      assert.equal(typeof packet.sid, "string");
      assert.deepEqual(packet, { sid: packet.sid, upgrades, ...wanted });
    }
    assert.notEqual(polling.sid, open.sid);
  });

  test(`${path} refuses what is no handshake`, async (t) => {
    const server = await TestServer.start(t);
    for (const [query, code] of [
      ["transport=polling", 5], ["EIO=abc&transport=polling", 5], ["EIO=3&transport=polling", 5],
      ["EIO=4", 0], ["EIO=4&transport=abc", 0], ["", 0],
      ["EIO=4&transport=polling&sid=nobody", 1], ["EIO=4&transport=websocket", 3],
    ]) {
      const { status, body } = await http(server, `${path}?${query}`);
      assert.equal(status, 400, query);
      assert.equal(JSON.parse(body).code, code, query);
    }
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const { status, body } = await http(server, `${path}?EIO=4&transport=polling`, { method });
      assert.equal(status, 400, method);
      assert.equal(JSON.parse(body).code, 2, method);
    }
    for (const query of ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc",
      "EIO=4&transport=websocket&sid=nobody", "EIO=4&transport=polling"]) {
      const wire = new Wire(server, `${path}?${query}`);
      assert.equal(await wire.status(), 400, query);
    }
  });

  test(`${path} pings as long as there are pongs, over both transports`, async (t) => {
    const server = await TestServer.start(t, PATIENT);
    const polling = await Polling.open(server, path);
    const wire = await openWire(server, path);
    for (let i = 0; i < 3; ++i) {
      assert.deepEqual(await polling.poll(), { status: 200, type: "text/plain; charset=UTF-8", body: "2" });
      assert.deepEqual(await polling.post("3"), { status: 200, type: "text/html", body: "ok" });
    }
    const second = await openWire(server, path);
    for (let i = 0; i < 3; ++i) {
      assert.equal(await second.read(), "2");
      second.send("3");
    }
    assert.equal(await wire.read(), "2", "one, and no other before its pong");
    assert.equal(await wire.read(), undefined, "the one that gave no answer is closed");
  });

  test(`${path} ends a session without a pong`, async (t) => {
    const server = await TestServer.start(t, BEATS);
    const polling = await Polling.open(server, path);
    const wire = await openWire(server, path);
    assert.equal(await wire.read(), "2");
    await wire.end();
    // It began later than the session over polling, so that one is over as well.
    assert.equal((await polling.poll()).status, 400);
  });

  test(`${path} ends a session that the client closes`, async (t) => {
    const server = await TestServer.start(t);
    const polling = await Polling.open(server, path);
    const [poll, post] = await Promise.all([polling.poll(), polling.post("1")]);
    assert.deepEqual([poll.status, post.status, post.body], [poll.status, 200, "ok"]);
    // The poll may have come after the close: then it is refused, else it ends with a noop.
    assert.ok((poll.status === 200 && poll.body === "6") || poll.status === 400, JSON.stringify(poll));
    assert.equal((await polling.poll()).status, 400);
    const wire = await openWire(server, path);
    wire.send("1");
    await wire.end();
  });

  test(`${path} ends a session on a malformed packet`, async (t) => {
    const server = await TestServer.start(t);
    for (const body of ["abc", "7", "4a" + SEPARATOR + "x", "b*"]) {
      const polling = await Polling.open(server, path);
      assert.equal((await polling.post(body)).status, 400, body);
      assert.equal((await polling.poll()).status, 400, body);
    }
    const wire = await openWire(server, path);
    wire.send("abc");
    await wire.end();
  });

  test(`${path} upgrades: probe, noop for the poll, then only the websocket counts`, async (t) => {
    const server = await TestServer.start(t);
    const polling = await Polling.open(server, path);
    const wire = new Wire(server, websocket(path, `&sid=${polling.sid}`));
    await wire.opened;
    wire.send("2probe");
    assert.equal(await wire.read(), "3probe");
    assert.equal((await polling.poll()).body, "6");
    assert.equal((await polling.poll()).body, "6");
    wire.send("5");
    const hello = path === ENGINE ? ["4hello", "4hello"] : ['40/random,', '44/random,{"message":"Invalid namespace"}'];
    wire.send(hello[0]);
    assert.equal(await wire.read(), hello[1]);
    assert.equal((await polling.poll()).status, 400);
    assert.equal((await polling.post("4x")).status, 400);
    const second = new Wire(server, websocket(path, `&sid=${polling.sid}`));
    assert.equal(await second.read(), undefined);
    wire.send(hello[0]);
    assert.equal(await wire.read(), hello[1]);
  });

  test(`${path} upgrades without a pause between the probe and the upgrade`, async (t) => {
    const server = await TestServer.start(t);
    const polling = await Polling.open(server, path);
    const wire = new Wire(server, websocket(path, `&sid=${polling.sid}`));
    await wire.opened;
    wire.send("2probe", "5");
    assert.equal(await wire.read(), "3probe");
    assert.equal((await polling.poll()).status, 400);
  });
}

test("long polling carries text and binary, one packet and several", async (t) => {
  const server = await TestServer.start(t);
  for (const body of ["4hello", "4", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA==", "bAQIDBA==", "4✓ ü 🎈"]) {
    const polling = await Polling.open(server, ENGINE);
    assert.equal((await polling.post(body)).body, "ok", body);
    const { status, body: back } = await polling.poll();
    assert.deepEqual([status, back], [200, body]);
  }
});

test("a websocket carries text and binary", async (t) => {
  const server = await TestServer.start(t);
  const wire = await openWire(server);
  wire.send("4hello", Uint8Array.from([1, 2, 3, 4]), "4", "4✓ ü 🎈", Uint8Array.from([]));
  assert.deepEqual(await wire.readAll(5), ["4hello", [1, 2, 3, 4], "4", "4✓ ü 🎈", []]);
});

test("the second of two polls is refused, and the first one ended", async (t) => {
  const server = await TestServer.start(t);
  const polling = await Polling.open(server, ENGINE);
  const answers = await Promise.all([polling.poll(), polling.poll()]);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
  assert.equal(answers.find(({ status }) => status === 200).body, "1");
  assert.equal((await polling.poll()).status, 400);
});

test("joining a namespace: with and without a comma, with and without a payload", async (t) => {
  const server = await TestServer.start(t);
  for (const [packet, name, auth] of [
    ["40", "", "{}"], ['40{"token":"123"}', "", '{"token":"123"}'],
    ["40/custom", "/custom,", "{}"], ["40/custom,", "/custom,", "{}"],
    ['40/custom,{"token":"abc","a":[1.50,{"z":0,"b":1}]}', "/custom,", '{"token":"abc","a":[1.5,{"z":0,"b":1}]}'],
  ]) {
    const wire = await openWire(server, SOCKET);
    wire.send(packet);
    const answer = await wire.read();
    assert.ok(answer.startsWith(`40${name}`), answer);
    assert.deepEqual(Object.keys(JSON.parse(answer.slice(2 + name.length))), ["sid"]);
    assert.equal(await wire.read(), `42${name}["auth",${auth}]`);
  }
  for (const packet of ["40/random", "40/random,", '40/random,{"token":"abc"}']) {
    const wire = await openWire(server, SOCKET);
    wire.send(packet);
    assert.equal(await wire.read(), '44/random,{"message":"Invalid namespace"}');
  }
});

test("a session that joins nothing, or says anything else first, is closed", async (t) => {
  const server = await TestServer.start(t, BEATS);
  for (const first of [null, "4abc", '42["message"]', "41"]) {
    const wire = await openWire(server, SOCKET);
    if (first) wire.send(first);
    while ((await readData(wire)) !== undefined);
  }
});

test("leaving a namespace keeps the session", async (t) => {
  const server = await TestServer.start(t, { ...PATIENT, "ping-interval": 500 });
  const wire = await joined(server);
  wire.send("41");
  assert.equal(await wire.read(), "2", "nothing but the next ping");
  wire.send("3", "40");
  assert.match(await readData(wire), /^40\{/);
  assert.equal(await readData(wire), '42["auth",{}]');

  wire.send("40/custom");
  assert.match(await readData(wire), /^40\/custom,\{/);
  assert.equal(await readData(wire), '42/custom,["auth",{}]');
  wire.send("41/custom", '42/custom,["message","nobody there"]', '42["message","message to main namespace"]');
  assert.equal(await readData(wire), '42["message-back","message to main namespace"]');
});

test("events and acknowledgements, with and without attachments, byte for byte", async (t) => {
  const server = await TestServer.start(t);
  const wire = await joined(server);
  const two = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
  const parts = [Uint8Array.from([1, 2, 3]), Uint8Array.from([4, 5, 6])];
  for (const [sent, wanted] of [
    [['42["message",1,"2",{"3":[true]}]'], ['42["message-back",1,"2",{"3":[true]}]']],
    [['42456["message-with-ack",1,"2",{"3":[false]}]'], ['43456[1,"2",{"3":[false]}]']],
    [['420["message-with-ack"]'], ["430[]"]],
    [['429007199254740991["message-with-ack",null]'], ["439007199254740991[null]"]],
    [[`452-["message",${two}]`, ...parts], [`452-["message-back",${two}]`, [1, 2, 3], [4, 5, 6]]],
    [[`452-789["message-with-ack",${two}]`, ...parts], [`462-789[${two}]`, [1, 2, 3], [4, 5, 6]]],
    [['42["message",{"b":1,"a":2,"1":3},1e2,-0.1,"\\u00fc"]'], ['42["message-back",{"b":1,"a":2,"1":3},100.0,-0.1,"ü"]']],
  ]) {
    wire.send(...sent);
    assert.deepEqual(await wire.readAll(wanted.length), wanted);
  }
});

test("malformed Socket.IO packets close the connection", async (t) => {
  const server = await TestServer.start(t);
  for (const packet of ["4abc", "42{}", '42abc["message-with-ack",1,"2",{"3":[false]}]', "42", "42[]", '42["message"',
    "47[]", "4", '451-["message",{"_placeholder":true,"num":1}]', "43[1]"]) {
    const wire = await joined(server);
    wire.send(packet);
    if (packet.startsWith("451")) wire.send(Uint8Array.from([1]));
    assert.equal(await wire.read(), undefined, packet);
  }
});
