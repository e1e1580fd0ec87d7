"use strict";
// Waiting with a deadline: for a promise, for one event, for several. Nothing here sleeps.
const DEADLINE = 10_000;

/// The promise's value, or an error that says what did not come.
async function within(promise, what, limit = DEADLINE) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not come within ${limit} ms: ${what}`)), limit);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/// The arguments of the next event. Listens from the call on, not from the await on.
function event(emitter, name, limit = DEADLINE) {
  return events(emitter, name, 1, limit).then((all) => all[0]);
}

/// The arguments of the next `count` events, in order.
function events(emitter, name, count, limit = DEADLINE) {
  const all = [];
  let listener;
  const enough = new Promise((resolve) => {
    listener = (...args) => {
      all.push(args);
      if (all.length >= count) {
        emitter.off(name, listener);
        resolve(all);
      }
    };
    emitter.on(name, listener);
  });
  const promise = within(enough, `${count} times "${name}"`, limit).catch((error) => {
    emitter.off(name, listener);
    throw new Error(`${error.message}; came ${all.length} times`);
  });
  promise.catch(() => {}); // whoever awaits it hears of it; a test that failed before does not
  return promise;
}

/// Looks again and again until `check` holds.
async function until(check, what, limit = DEADLINE) {
  const end = Date.now() + limit;
  while (!check()) {
    if (Date.now() > end) throw new Error(`did not come within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/// A round trip of the event loop.
const turn = () => new Promise((resolve) => setImmediate(resolve));

module.exports = { within, event, events, until, turn };
