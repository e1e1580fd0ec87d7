"use strict";
// The protocols by hand: a websocket whose frames are kept until they are asked for, however they came, and the
// requests of long polling.
const WebSocket = require("ws");
const { within } = require("./wait");

const BINARY = Symbol("binary");

class Wire {
  /// `target` is the path with its query.
  constructor(server, target) {
    this.frames = [];
    this.readers = [];
    this.socket = new WebSocket(server.websocketUrl + target);
    this.opened = new Promise((resolve) => this.socket.once("open", resolve));
    this.refused = new Promise((resolve) =>
      this.socket.once("unexpected-response", (request, response) => {
        request.destroy();
        resolve(response.statusCode);
      }));
    this.closed = new Promise((resolve) => this.socket.once("close", (code) => resolve(code)));
    this.socket.on("error", () => {});
    this.socket.on("message", (data, binary) => this.keep(binary ? { [BINARY]: [...data] } : data.toString()));
    this.socket.once("close", () => this.keep(undefined));
    server.adopt(() => this.socket.terminate());
  }

  keep(frame) {
    const reader = this.readers.shift();
    if (reader) reader(frame);
    else this.frames.push(frame);
  }

  /// The next frame: text as a string, binary as a list of bytes, the end as undefined.
  async read() {
    const frame = this.frames.length
      ? this.frames.shift()
      : await within(new Promise((resolve) => this.readers.push(resolve)), "a frame");
    return frame?.[BINARY] ?? frame;
  }

  async readAll(count) {
    const frames = [];
    while (frames.length < count) frames.push(await this.read());
    return frames;
  }

  send(...frames) {
    for (const frame of frames) this.socket.send(frame);
  }

  status() {
    return within(this.refused, "a refusal of the websocket");
  }

  end() {
    return within(this.closed, "the end of the websocket");
  }
}

/// One session of long polling.
class Polling {
  constructor(server, path) {
    this.base = `${server.url}${path}?EIO=4&transport=polling`;
  }

  static async open(server, path) {
    const session = new Polling(server, path);
    const answer = await session.request();
    session.open = JSON.parse(answer.body.slice(1));
    session.sid = session.open.sid;
    return session;
  }

  async request(options) {
    const url = this.sid ? `${this.base}&sid=${this.sid}` : this.base;
    const answer = await within(fetch(url, options), "an answer over HTTP");
    return { status: answer.status, type: answer.headers.get("content-type"), body: await answer.text() };
  }

  poll() {
    return this.request();
  }

  post(body) {
    return this.request({ method: "POST", body });
  }
}

module.exports = { Wire, Polling };
