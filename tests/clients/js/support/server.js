"use strict";
// socketio-conformance as a child process: started with options, told by its ready line, ended by its own id.
const { spawn } = require("node:child_process");
const net = require("node:net");
const { within } = require("./wait");

const PROGRAM = process.env.CONFORMANCE;
const READY = /^listening on (http:\/\/\S+)/m;

/// A port below those that the kernel gives to connections, for a server that comes back on the port it had.
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = net.createServer();
    const free = await new Promise((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (free) {
      await new Promise((resolve) => probe.close(resolve));
      return port;
    }
  }
}

class TestServer {
  /// Ends with the test. `options` are socketio-conformance's, without the dashes: {"ping-interval": 300}.
  static async start(t, options = {}) {
    const server = new TestServer(options);
    t.after(() => {
      for (const close of server.clients) close();
      return server.stop();
    });
    await server.begin();
    return server;
  }

  constructor(options) {
    this.options = { port: 0, ...options };
    this.child = null;
    this.output = "";
    this.clients = [];
  }

  /// What is to be closed before the server ends with its test.
  adopt(close) {
    this.clients.push(close);
  }

  async begin() {
    const args = Object.entries(this.options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(PROGRAM, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    this.ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal })));
    child.stderr.on("data", (data) => (this.output += data));
    let said = "";
    const ready = new Promise((resolve, reject) => {
      child.stdout.on("data", (data) => {
        this.output += data;
        said += data;
        const found = READY.exec(said);
        if (found) resolve(found[1]);
      });
      child.once("error", reject);
      this.ended.then(({ code }) => reject(new Error(`the server ended with code ${code}: ${this.output}`)));
    });
    this.url = await within(ready, `the ready line of ${PROGRAM} ${args.join(" ")}`);
    this.port = Number(new URL(this.url).port);
  }

  get websocketUrl() {
    return this.url.replace("http", "ws");
  }

  signal(name) {
    this.child.kill(name);
  }

  /// Without a word to anybody.
  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /// In order. Anything but code 0 is a failure of the test: a sanitizer says by it that it found something.
  async stop() {
    if (!this.child || this.child.exitCode !== null || this.child.signalCode !== null) {
      return;
    }
    this.child.kill("SIGCONT");
    this.child.kill("SIGTERM");
    const { code, signal } = await within(this.ended, "the end of the server after SIGTERM");
    if (code !== 0) {
      throw new Error(`the server ended with code ${code}, signal ${signal}: ${this.output}`);
    }
  }
}

module.exports = { TestServer, freePort };
