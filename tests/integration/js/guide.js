// The usage guide's JavaScript, as a user would run it: a container from its creation to its start, then
// safeContainerOperation for each operation given. Prints one JSON object a line.
const io = require("socket.io-client");
const [port, hostPath, operations] = process.argv.slice(2);
const socket = io(`http://localhost:${port}`);
const print = (event, data) => console.log(JSON.stringify({ event, data }));
const events = ["connected", "error", "activity_log", "container_created", "container_started", "container_stopped",
  "container_restarted", "container_updated", "container_deleted", "status_changed", "container_status",
  "container_list", "container_crashed"];
for (const event of events) socket.on(event, (data) => print(event, data));

function handleError(operation, error) {
  print("failed", { operation, message: `${error.error_type}: ${error.message}` });
}

async function safeContainerOperation(operation, params) {
  try {
    return await new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        reject(new Error("Operation timed out"));
      }, 30000); // 30 second timeout
      const eventName = operation.replace("_", "_");
      socket.once(eventName, (data) => {
        clearTimeout(timeout);
        resolve(data);
      });
      socket.once("error", (error) => {
        if (error.details && error.details.operation === operation) {
          clearTimeout(timeout);
          reject(error);
        }
      });
      socket.emit(operation, params);
    });
  } catch (error) {
    handleError(operation, error);
    throw error; // Re-throw for caller handling
  }
}

function createContainer() {
  socket.emit("create_container", {
    image: "flow:latest",
    name: "my-flow-container",
    environment: { ENV_VAR1: "value1", ENV_VAR2: "value2" },
    volumes: { [hostPath]: "/container/path" },
    ports: { 8080: 0 },
  });
}

const once = (event) => new Promise((resolve) => socket.once(event, resolve));

async function main() {
  await once("connected");
  const started = once("container_started");
  socket.once("container_created", (data) => socket.emit("start_container", { container_id: data.container_id }));
  createContainer();
  await started;
  for (const [operation, params] of JSON.parse(operations)) {
    try {
      print("result", { operation, result: await safeContainerOperation(operation, params) });
    } catch (error) {
      continue; // handleError has told it
    }
  }
  socket.disconnect();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
