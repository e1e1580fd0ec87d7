"use strict";
// A headless Chromium, and pages with the browser build of socket.io-client, served from an origin of their own.
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const { chromium } = require("playwright-core");

const CLIENT = path.join(process.env.NODE_PATH, "socket.io-client/dist/socket.io.min.js");
const HTML = '<!doctype html><meta charset="utf-8"><title>test</title><script src="/client.js"></script>';

/// The server of the page; its address is the page's origin.
async function serve() {
  const server = http.createServer((request, response) => {
    const script = request.url === "/client.js";
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    response.end(script ? fs.readFileSync(CLIENT) : HTML);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/// Chromium's own sandbox needs what containers do not have, and the only page is ours.
async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
  });
}

/// A fresh page with its own cache and cookies.
async function openPage(t, browser, origin) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  await page.waitForFunction(() => typeof globalThis.io === "function");
  await page.evaluate(helpers);
  return page;
}

/// Runs inside the page: what the tests' functions there use.
function helpers() {
  globalThis.once = (emitter, name) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`did not come: ${name}`)), 10_000);
      emitter.once(name, (...args) => {
        clearTimeout(timer);
        resolve(args);
      });
    });
  globalThis.open = async (url, options) => {
    const socket = globalThis.io(url, { forceNew: true, reconnectionDelay: 20, reconnectionDelayMax: 100, ...options });
    await globalThis.once(socket, "connect");
    return socket;
  };
  globalThis.carriedBy = async ({ io: { engine } }, name) => {
    if (engine.transport.name !== name) await globalThis.once(engine, "upgrade");
    return engine.transport.name;
  };
}

module.exports = { serve, launch, openPage };
