#!/usr/bin/env node
// A flow that answers, in JavaScript.
console.log("ready");
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  console.log(JSON.stringify({ reply_to: message.message_id, you_said: message }));
});
