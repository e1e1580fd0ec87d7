#!/usr/bin/python3
"""50 running containers on the default network among 500, each killed once with `docker kill`, one after the other.

From the time of the engine's own `die` event to the client's status_changed and container_crashed: p50 and p99, and to
the engine's own `start` event, when it runs again. Beside that, in turn, of such a container that nobody manages: the raw
start call when it has been down for a while (this is what the limit compares with), and, as nobody can be faster, from
`die` to `start` when this program listens to the engine and sends the start call at once. All clocks are the host's.
Ends with 1 when a limit is not kept.
"""
import argparse
import json
import queue
import sys
import threading
import time
import urllib.parse
import uuid

import socketio

from bench_tools import Connection, Daemon, IMAGE, percentile, remove_all, wait_for


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
    """The engine's die and start events; it is subscribed when the answer's head is there."""
    connection = Connection()
    filters = json.dumps({'type': ['container'], 'event': ['die', 'start'], 'label': [label]})
    connection.request('GET', '/v1.41/events?filters=' + urllib.parse.quote(filters))
    return connection.getresponse()


def told(answer):
    """Action, docker id and time of each event as it comes."""
    for line in iter(answer.readline, b''):
        event = json.loads(line)
        yield event['Action'], event['Actor']['ID'], event['timeNano'] / 1e9


def follow(answer, events):
    """Docker id and time of each, a queue for each sort."""
    for action, docker_id, at in told(answer):
        events[action].put((docker_id, at))


class Unmanaged:
    """Containers as ours on a network of their own, which nobody but this program starts."""

    def __init__(self, model, count):
        self.engine, self.killer = Connection(), Connection()
        self.network = 'fb-raw-' + uuid.uuid4().hex[:6]
        self.engine.call('POST', '/networks/create', {'Name': self.network, 'Driver': 'bridge', 'CheckDuplicate': True})
        host = {key: model['HostConfig'][key] for key in ('PidsLimit', 'SecurityOpt', 'CapDrop', 'LogConfig')}
        body = {'Image': IMAGE, 'Cmd': model['Config']['Cmd'], 'Labels': {'flow-bench': self.network},
                'HostConfig': {**host, 'NetworkMode': self.network}}
        self.ids = [self.engine.call('POST', '/containers/create', body)['Id'] for _ in range(count)]
        for docker_id in self.ids:
            self.engine.call('POST', '/containers/%s/start' % docker_id)

    def start_call(self, docker_id):
        """Seconds of the call, some time after a kill."""
        self.engine.call('POST', '/containers/%s/kill' % docker_id)
        wait_for(lambda: not self.engine.call('GET', '/containers/%s/json' % docker_id)['State']['Running'], 20, 'its end')
        began = time.monotonic()
        self.engine.call('POST', '/containers/%s/start' % docker_id)
        return time.monotonic() - began

    def again_at_once(self, docker_id):
        """Seconds from the engine's `die` to its `start`, when the start call is sent as soon as `die` is heard: the engine
        keeps the container to itself for a while after it."""
        events = told(subscribe('flow-bench=' + self.network))
        self.killer.request('POST', '/v1.41/containers/%s/kill' % docker_id)
        action, died_id, died_at = next(events)
        self.engine.call('POST', '/containers/%s/start' % docker_id)
        assert (action, died_id) == ('die', docker_id), 'another event came'
        action, started_id, started_at = next(events)
        assert (action, started_id) == ('start', docker_id), 'another event came'
        self.killer.getresponse().read()
        return started_at - died_at

    def remove(self):
        remove_all(self.ids)
        self.engine.call('DELETE', '/networks/' + self.network)


def measure(count, beside):
    heard, events = Heard(), {'die': queue.Queue(), 'start': queue.Queue()}
    with Daemon() as daemon:
        client = socketio.Client(reconnection=False)
        client.on('status_changed', heard.on_status)
        client.on('container_crashed', heard.on_crashed)
        client.connect(daemon.url, transports=['websocket'])
        for number in range(count):
            client.emit('create_container', {
                'image': IMAGE, 'name': 'k%d' % number, 'desired_state': 'running',
                'command': ['sh', '-c', 'echo last words; exec sleep 100000']})
        for number in range(beside):
            client.emit('create_container', {'image': IMAGE, 'name': 'b%d' % number, 'desired_state': 'running',
                                             'network_mode': 'none', 'command': ['sleep', '100000']})
        wait_for(lambda: len(heard.running) == count + beside, 600, '%d running' % (count + beside))
        containers = client.call('list_containers', {'limit': 1000}, timeout=30)['containers']
        containers = [c for c in containers if c['name'].startswith('k')]
        by_docker_id = {client.call('get_container_status', {'container_id': c['container_id']}, timeout=30)
                        ['docker_id']: c['container_id'] for c in containers}
        manager = Connection().call('GET', '/containers/%s/json' % next(iter(by_docker_id)))
        label = 'flow.manager=' + manager['Config']['Labels']['flow.manager']
        threading.Thread(target=follow, args=(subscribe(label), events), daemon=True).start()
        engine = Connection()
        raw = Unmanaged(manager, min(count, 20))
        result = {'status': [], 'crash': [], 'again': [], 'raw': [], 'raw_again': []}
        for docker_id, container_id in by_docker_id.items():
            heard.running.discard(container_id)
            engine.call('POST', '/containers/%s/kill' % docker_id)
            died_id, died_at = events['die'].get(timeout=20)
            started_id, started_at = events['start'].get(timeout=30)
            assert died_id == started_id == docker_id, 'another container died or started'
            wait_for(lambda: ('crash', container_id) in heard.times, 20, 'container_crashed')
            wait_for(lambda: container_id in heard.running, 30, 'running again')
            for kind in ('status', 'crash'):
                result[kind].append((heard.times[(kind, container_id)] - died_at) * 1000)
            result['again'].append((started_at - died_at) * 1000)
            done = len(result['raw'])
            result['raw'].append(raw.start_call(raw.ids[done % len(raw.ids)]) * 1000)
            result['raw_again'].append(raw.again_at_once(raw.ids[(done + 1) % len(raw.ids)]) * 1000)
        for crash in heard.crashes:
            assert (crash['exit_code'], crash['signal']) == (137, 'SIGKILL'), crash
            assert crash['crash_details']['logs'] == ['last words'], crash
        client.disconnect()
        raw.remove()
        return result


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--count', type=int, default=50, help='kills, each of another container')
    options.add_argument('--beside', type=int, default=450, help='further containers that run meanwhile')
    options.add_argument('--again-limit', type=float, default=1.2, help='median from die to start, in raw start calls')
    options.add_argument('--status-limit', type=float, default=20, help='ms, p99')
    options.add_argument('--crash-limit', type=float, default=300, help='ms, p99')
    options = options.parse_args()
    result = measure(options.count, options.beside)
    figures = {kind: {'p50_ms': round(percentile(values, 0.5), 1), 'p99_ms': round(percentile(values, 0.99), 1)}
               for kind, values in result.items()}
    ratio = figures['again']['p50_ms'] / figures['raw']['p50_ms']
    print(json.dumps({'kills': options.count, 'beside': options.beside, 'status_changed': figures['status'],
                      'container_crashed': figures['crash'], 'running_again': figures['again'],
                      'raw_start': figures['raw'], 'running_again_ratio': round(ratio, 2),
                      'raw_again': figures['raw_again'],
                      'beside_raw_again': round(figures['again']['p50_ms'] / figures['raw_again']['p50_ms'], 2)}))
    kept = figures['status']['p99_ms'] <= options.status_limit and figures['crash']['p99_ms'] <= options.crash_limit
    return 0 if kept and ratio <= options.again_limit else 1


if __name__ == '__main__':
    sys.exit(main())
