#!/usr/bin/python3
"""50 running containers on the default network, each killed once with `docker kill`, one after the other.

From the time of the engine's own `die` event to the client's status_changed and container_crashed: p50 and p99.
Both clocks are the host's. Ends with 1 when a limit is not kept.
"""
import argparse
import json
import queue
import sys
import threading
import time
import urllib.parse

import socketio

from bench_tools import IMAGE, Connection, Daemon, percentile


class Heard:
    """First arrival of each event by container id."""

    def __init__(self):
        self.lock = threading.Lock()
        self.times = {}
        self.running = set()
        self.crashes = []

    def keep(self, kind, event):
        now = time.time()
        with self.lock:
            self.times.setdefault((kind, event['container_id']), now)

    def on_status(self, event):
        if event['old_state'] == 'running':
            self.keep('status', event)
        elif event['new_state'] == 'running':
            self.running.add(event['container_id'])

    def on_crashed(self, event):
        self.keep('crash', event)
        self.crashes.append(event)


def subscribe(label):
    """The engine's die events; it is subscribed when the answer's head is there."""
    connection = Connection()
    filters = json.dumps({'type': ['container'], 'event': ['die'], 'label': [label]})
    connection.request('GET', '/v1.41/events?filters=' + urllib.parse.quote(filters))
    return connection.getresponse()


def follow(answer, dies):
    """Docker id and time of each."""
    for line in iter(answer.readline, b''):
        event = json.loads(line)
        dies.put((event['Actor']['ID'], event['timeNano'] / 1e9))


def wait_for(check, seconds, what):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise RuntimeError(what + ' did not happen within %d s' % seconds)
        time.sleep(0.01)


def measure(count):
    heard, dies = Heard(), queue.Queue()
    with Daemon() as daemon:
        client = socketio.Client(reconnection=False)
        client.on('status_changed', heard.on_status)
        client.on('container_crashed', heard.on_crashed)
        client.connect(daemon.url, transports=['websocket'])
        for number in range(count):
            client.emit('create_container', {
                'image': IMAGE, 'name': 'k%d' % number, 'desired_state': 'running',
                'command': ['sh', '-c', 'echo last words; exec sleep 100000']})
        wait_for(lambda: len(heard.running) == count, 180, '%d running' % count)
        containers = client.call('list_containers', {'limit': 500}, timeout=30)['containers']
        by_docker_id = {client.call('get_container_status', {'container_id': c['container_id']}, timeout=30)
                        ['docker_id']: c['container_id'] for c in containers}
        manager = Connection().call('GET', '/containers/%s/json' % next(iter(by_docker_id)))
        label = 'flow.manager=' + manager['Config']['Labels']['flow.manager']
        threading.Thread(target=follow, args=(subscribe(label), dies), daemon=True).start()
        engine = Connection()
        result = {'status': [], 'crash': []}
        for docker_id, container_id in by_docker_id.items():
            heard.running.discard(container_id)
            engine.call('POST', '/containers/%s/kill' % docker_id)
            died_id, died_at = dies.get(timeout=20)
            assert died_id == docker_id, 'another container died'
            wait_for(lambda: ('crash', container_id) in heard.times, 20, 'container_crashed')
            wait_for(lambda: container_id in heard.running, 30, 'running again')
            for kind in result:
                result[kind].append((heard.times[(kind, container_id)] - died_at) * 1000)
        for crash in heard.crashes:
            assert (crash['exit_code'], crash['signal']) == (137, 'SIGKILL'), crash
            assert crash['crash_details']['logs'] == ['last words'], crash
        client.disconnect()
        return result


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--count', type=int, default=50)
    options.add_argument('--status-limit', type=float, default=20, help='ms, p99')
    options.add_argument('--crash-limit', type=float, default=300, help='ms, p99')
    options = options.parse_args()
    result = measure(options.count)
    figures = {kind: {'p50_ms': round(percentile(values, 0.5), 1), 'p99_ms': round(percentile(values, 0.99), 1)}
               for kind, values in result.items()}
    print(json.dumps({'kills': options.count, 'status_changed': figures['status'],
                      'container_crashed': figures['crash']}))
    kept = figures['status']['p99_ms'] <= options.status_limit and figures['crash']['p99_ms'] <= options.crash_limit
    return 0 if kept else 1


if __name__ == '__main__':
    sys.exit(main())
