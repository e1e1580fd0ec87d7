#!/usr/bin/python3
"""100 create_container at once from two clients, desired running, against the raw Engine API.

Interleaved runs; prints the medians and their ratio. Ends with 1 when the ratio is above --limit.
"""
import argparse
import json
import queue
import statistics
import sys
import threading
import time
import uuid

import socketio

from bench_tools import IMAGE, Connection, Daemon, labelled, remove_all


def raw(count, at_once):
    """Create and start over the Engine API, `at_once` calls in flight. Seconds until the last one runs."""
    label = 'flow-bench=' + uuid.uuid4().hex
    jobs = queue.Queue()
    for number in range(count):
        jobs.put(number)
    # The same container as the daemon makes: what is compared is the way there.
    key, value = label.split('=')
    body = {'Image': IMAGE, 'Labels': {key: value},
            'HostConfig': {'NetworkMode': 'none', 'PidsLimit': 512, 'SecurityOpt': ['no-new-privileges:true'],
                           'CapDrop': [], 'LogConfig': {'Type': 'json-file', 'Config': {}}}}

    def work():
        connection = Connection()
        while True:
            try:
                number = jobs.get_nowait()
            except queue.Empty:
                return
            made = connection.call('POST', '/containers/create?name=fbraw-%s-%d' % (value[:8], number), body)
            connection.call('POST', '/containers/%s/start' % made['Id'])

    threads = [threading.Thread(target=work) for _ in range(at_once)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    ids = labelled(label)
    remove_all(ids)
    if len(ids) != count:
        raise RuntimeError('%d of %d were made' % (len(ids), count))
    return took


class Counter:
    def __init__(self, wanted):
        self.wanted, self.started, self.errors = wanted, [], []
        self.done = threading.Event()

    def on_started(self, event):
        self.started.append(event['container_id'])
        if len(self.started) >= self.wanted:
            self.done.set()

    def on_error(self, event):
        self.errors.append(event)
        self.done.set()


def flow(count):
    """The same through the daemon: from the first request to the last container_started."""
    with Daemon() as daemon:
        clients = [socketio.Client(reconnection=False) for _ in range(2)]
        counter = Counter(count)
        clients[0].on('container_started', counter.on_started)
        for client in clients:
            client.on('error', counter.on_error)
            client.connect(daemon.url, transports=['websocket'])
        began = time.monotonic()
        for number in range(count):
            clients[number % 2].emit('create_container', {
                'image': IMAGE, 'name': 'c%d' % number, 'network_mode': 'none', 'desired_state': 'running'})
        if not counter.done.wait(300) or counter.errors:
            raise RuntimeError('%d of %d ran; errors: %s' % (len(counter.started), count, counter.errors[:3]))
        took = time.monotonic() - began
        listed = clients[0].call('list_containers', {'limit': 500}, timeout=30)
        running = [c for c in listed['containers'] if c['status'] == 'running']
        if len(running) != count or len(set(counter.started)) != len(counter.started):
            raise RuntimeError('%d run, %d were started' % (len(running), len(counter.started)))
        engine = [c for c in Connection().call('GET', '/containers/json') if
                  c['Names'][0].startswith('/' + daemon.prefix)]
        if len(engine) != count:
            raise RuntimeError('the engine has %d' % len(engine))
        for client in clients:
            client.disconnect()
        return took


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--count', type=int, default=100)
    options.add_argument('--runs', type=int, default=5)
    options.add_argument('--at-once', default='4,6,8', help='tried for the raw API; the best median counts')
    options.add_argument('--limit', type=float, default=1.15, help='times the raw API')
    options = options.parse_args()
    at_once = [int(text) for text in options.at_once.split(',')]
    times = {name: [] for name in ['flow'] + at_once}
    for run in range(options.runs):
        for name in times:
            took = flow(options.count) if name == 'flow' else raw(options.count, name)
            times[name].append(took)
            print('run %d  %-12s %6.2f s' % (run + 1, name if name == 'flow' else 'raw by %d' % name, took), flush=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    best = min(at_once, key=medians.get)
    ratio = medians['flow'] / medians[best]
    print(json.dumps({'count': options.count, 'flow_s': round(medians['flow'], 3), 'raw_s': round(medians[best], 3),
                      'raw_at_once': best, 'ratio': round(ratio, 3)}))
    return 0 if ratio <= options.limit else 1


if __name__ == '__main__':
    sys.exit(main())
