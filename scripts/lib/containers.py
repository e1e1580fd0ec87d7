"""What the scripts ask about the declared containers, told for people. Standard library only.

usage: containers.py URL ENGINE_SOCKET settled NAME...   one line of progress; 0 when all are as declared
       containers.py URL ENGINE_SOCKET table             what runs
       containers.py URL ENGINE_SOCKET example           the engine's name of one that runs
"""
import http.client
import json
import socket
import sys
import urllib.parse
import urllib.request


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("engine", timeout=10)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(url, path):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url + path, timeout=10) as answer:
        return json.load(answer)


def declared(url):
    containers, cursor = [], None
    while True:
        query = "?" + urllib.parse.urlencode({"cursor": cursor}) if cursor else ""
        page = ask(url, "/api/containers" + query)
        containers += page["containers"]
        cursor = page.get("next_cursor")
        if not cursor:
            return containers


def by_container_id(engine_socket):
    """The engine's own entries, by our container id: only the engine knows how long one has been up."""
    connection = UnixConnection(engine_socket)
    filters = urllib.parse.quote(json.dumps({"label": ["flow.container-id"]}))
    connection.request("GET", f"/containers/json?all=1&filters={filters}")
    entries = json.load(connection.getresponse())
    return {entry["Labels"]["flow.container-id"]: entry for entry in entries}


def is_settled(container):
    return container["desired_state"] != "running" or container["status"] in ("running", "completed")


def why(url, container):
    """The reason and the message of one that is not as declared."""
    status = ask(url, "/api/containers/" + container["container_id"])
    return " ".join(text for text in (status.get("reason"), status.get("message")) if text)


def settled(url, names):
    containers = declared(url)
    known = {container["name"] for container in containers}
    missing = [f"{name}: not declared yet" for name in names if name not in known]
    open_ones = [container for container in containers if not is_settled(container)]
    told = missing + [f"{c['name']}: {c['status']} {why(url, c)}".rstrip() for c in open_ones]
    done = len(containers) - len(open_ones)
    print(f"{done} of {len(containers) + len(missing)} as declared" + "".join(f"; {text}" for text in told))
    return not told


def ports_of(entry):
    ports = sorted({(p.get("IP", ""), p.get("PublicPort", 0), p["PrivatePort"]) for p in entry.get("Ports", [])})
    return " ".join(f"{ip}:{public}->{private}" for ip, public, private in ports if public) or "-"


def print_table(url, engine_socket):
    engine = by_container_id(engine_socket)
    rows = [("NAME", "STATE", "IN THE ENGINE", "UP", "IMAGE", "PORTS")]
    notes = []
    for container in sorted(declared(url), key=lambda c: c["name"]):
        entry = engine.get(container["container_id"], {})
        rows.append((container["name"], container["status"], entry.get("Names", ["/-"])[0][1:],
                     entry.get("Status", "-"), container["image"], ports_of(entry)))
        if not is_settled(container):
            notes.append(f"{container['name']}: {why(url, container)}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    for note in notes:
        print("    " + note)


def print_example(url, engine_socket):
    engine = by_container_id(engine_socket)
    running = [c for c in declared(url) if c["status"] == "running" and c["container_id"] in engine]
    running.sort(key=lambda c: (c["name"] != "web", c["name"]))
    print(engine[running[0]["container_id"]]["Names"][0][1:] if running else "flow-NAME")


def main():
    if len(sys.argv) < 4 or sys.argv[3] not in ("settled", "table", "example"):
        sys.exit(__doc__)
    url, engine_socket, command = sys.argv[1:4]
    try:
        if command == "settled":
            sys.exit(0 if settled(url, sys.argv[4:]) else 1)
        (print_table if command == "table" else print_example)(url, engine_socket)
    except (OSError, ValueError) as failure:
        print(f"asking {url} and the engine at {engine_socket}: {failure}")
        sys.exit(2)


if __name__ == "__main__":
    main()
