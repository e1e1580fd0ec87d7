// The usage guide's JavaScript, as a user would run it: the lifecycle from create to delete, then
// safeContainerOperation for each operation. Prints one JSON object a line; ends with 0 when all went through.
const io = require("socket.io-client");
const [port, hostPath] = process.argv.slice(2);
const socket = io(`http://localhost:${port}`);
const print = (event, data) => console.log(JSON.stringify({ event, data }));
const events = ["connected", "error", "activity_log", "container_created", "container_started", "container_stopped",
  "container_restarted", "container_updated", "container_deleted", "status_changed", "container_status",
  "container_list", "container_crashed", "container_status_update"];
for (const event of events) socket.on(event, (data) => print(event, data));

function handleError(error) {
  print("handled", error);
}

async function safeContainerOperation(operation, params) {
  try {
    return await new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        reject(new Error("Operation timed out"));
      }, 30000);
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
    handleError(error);
    throw error;
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
  const { container_id } = await started;
  for (const [operation, params] of [
    ["restart_container", {}], ["update_container", { environment: { ENV_VAR1: "other" } }],
    ["update_container", { environment: { ENV_VAR1: "other" } }], ["start_container", {}],
    ["stop_container", {}], ["stop_container", {}], ["get_container_status", {}], ["start_container", {}],
    ["delete_container", {}],
  ]) {
    const result = await safeContainerOperation(operation, { container_id, ...params });
    print("result", { operation, result });
  }
  print("result", { operation: "list_containers", result: await safeContainerOperation("list_containers", {}) });
  socket.disconnect();
}

main().catch((error) => {
  print("failed", { message: error.message, error });
  process.exit(1);
});
