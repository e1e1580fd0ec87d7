#!/usr/bin/python3
"""Messages through containers: the way there and back beside a bare Socket.IO acknowledgement, the rate through one
container and through many, memory for each that is connected, and durable ones beside one SQLite commit.

The containers run examples/echo.cpp, linked statically, under flow-runtime. Needs socketio-load and
socketio-conformance beside the daemon, or in BENCH_BUILD. Ends with 1 when a limit is not kept.
"""
import argparse
import contextlib
import json
import os
import resource
import shutil
import socket
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import socketio

import daemon_scale
import socketio_compare
from bench_tools import FLOW_MANAGER, ROOT, Connection, Daemon, wait_for

BUILD = socketio_compare.BUILD = os.environ.get('BENCH_BUILD', os.path.dirname(FLOW_MANAGER))
LOAD = os.path.join(BUILD, 'socketio-load')


def load(mode, port, pid, *more):
    command = [LOAD, mode, '--port', str(port), '--server-pid', str(pid)] + [str(word) for word in more]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=180)
    if done.returncode != 0:
        raise RuntimeError('%s: %s' % (' '.join(command[:8]), done.stderr.strip()))
    return json.loads(done.stdout)


class Flows:
    """Containers of the daemon that answer each message, connected."""

    def __init__(self, daemon, program):
        self.client = socketio.Client(reconnection=False)
        self.client.connect(daemon.url, transports=['websocket'])
        self.client.call('subscribe', {'types': ['logging_error']})
        self.program = program

    def start(self, prefix, count, **messaging):
        made = [self.client.call('create_container', {
            'image': 'flow:latest', 'name': '%s%d' % (prefix, number), 'desired_state': 'running',
            'network_mode': 'none', 'command': ['/flow/echo'], 'messaging': messaging,
            'volumes': [os.path.dirname(self.program) + ':/flow:ro']}, timeout=60) for number in range(count)]
        for answer in made:
            assert answer['ok'], answer
        ids = [answer['container_id'] for answer in made]
        for one in ids:
            wait_for(lambda: self.client.call('get_container_status', {'container_id': one})['socket_connected'],
                     120, 'the connection of %s' % one)
        return ids

    def stop(self, ids):
        for one in ids:
            self.client.call('delete_container', {'container_id': one, 'force': True, 'wait': True}, timeout=60)


def commit_ms(folder):
    """The median of one commit of a row of that size, as the store makes it."""
    base = sqlite3.connect(os.path.join(folder, 'floor.db'), isolation_level=None)
    base.execute('PRAGMA journal_mode=WAL')
    base.execute('PRAGMA synchronous=FULL')
    base.execute('CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)')
    times = []
    for _ in range(300):
        began = time.perf_counter()
        base.execute('INSERT INTO rows (text) VALUES (?)', ('x' * 400,))
        times.append((time.perf_counter() - began) * 1000)
    base.close()
    return statistics.median(times)


def commits(data):
    """Transactions committed to the store so far: SQLite counts them in the head of the index of its WAL (`iChange`,
    bytes 8 to 11 of flow.db-shm). They are all of the daemon, whatever they were for."""
    with open(os.path.join(data, 'flow.db-shm'), 'rb') as index:
        head = index.read(96)
    # The head is there twice; the copies differ while it is being written.
    return struct.unpack_from('=I', head, 8)[0] if head[:48] == head[48:] else commits(data)


def kept_messages(data):
    """Messages to containers in the store."""
    base = sqlite3.connect('file:%s/flow.db?mode=ro' % data, uri=True)
    try:
        return base.execute("SELECT count(*) FROM messages WHERE direction = 'out'").fetchone()[0]
    finally:
        base.close()


def durable(daemon, port, container, count):
    """The rate of durable messages, and how many of them share a commit."""
    data = daemon.folder + '/d'
    wait_for(lambda: kept_messages(data) == 0 and commits(data) > 0, 10, 'a store without messages')
    before = commits(data)
    per_s = load('messages', port, daemon.process.pid, '--clients', 8, '--in-flight', 32, '--warmup', 500, '--count',
                 count, '--containers', container)['per_s']
    # Those of the warm-up are in both numbers. In this order a late one can only make the ratio worse.
    written = kept_messages(data)
    made = commits(data) - before
    return {'durable_per_s': per_s, 'durable_commits': made, 'messages_per_commit': written / made}


def build_program(folder):
    os.makedirs(folder)
    program = os.path.join(folder, 'echo')
    subprocess.run(['g++', '-std=c++20', '-O2', '-static', '-o', program, os.path.join(ROOT, 'examples', 'echo.cpp')],
                   check=True)
    os.chmod(program, 0o755)
    return program


def latency(daemon, port, one, runs):
    """Of a lone client, interleaved: medians of the medians."""
    bare, message = [], []
    for _ in range(runs):
        with socketio_compare.Server('ours') as server:
            bare.append(load('acks', server.port, server.process.pid, '--clients', 0, '--warmup', 2000, '--count',
                             10000)['p50_us'])
        message.append(load('messages', port, daemon.process.pid, '--clients', 0, '--warmup', 2000, '--count', 10000,
                            '--containers', one, '--expect-reply', 1)['p50_us'])
    return statistics.median(bare), statistics.median(message)


def connected_kb(count):
    """Memory for each container that is connected and silent; the engine is a fake one, the sockets are real."""
    folder = tempfile.mkdtemp(prefix='fm', dir='/tmp')
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        engine = daemon_scale.Engine(folder)
        stack.callback(engine.close)
        daemon = daemon_scale.Daemon(folder, engine)
        stack.callback(daemon.kill)
        daemon.start()
        daemon.ready()
        daemon_scale.declare(daemon, engine, count)
        daemon.kill()           # what declaring has left in the heap would hide what is measured
        daemon.start()
        daemon.ready()
        daemon.settle()
        before = daemon.memory()[0]
        programs = []
        for container in sorted(os.listdir(folder + '/d/run')):
            program = socket.socket(socket.AF_UNIX)
            stack.callback(program.close)
            program.connect('%s/d/run/%s/%s.sock' % (folder, container, container))
            program.sendall(b'{"ready":true}\n')
            programs.append(program)
        assert len(programs) == count
        daemon.settle()
        return (daemon.memory()[0] - before) * 1024 / count


def measure(options):
    result = {'connected_kb': connected_kb(options.connected)}
    with Daemon() as daemon:
        port = daemon.url.rsplit(':', 1)[1]
        pid = daemon.process.pid
        flows = Flows(daemon, build_program(os.path.join(daemon.folder, 'flow')))
        many = flows.start('m', options.many)
        result['bare_ack_p50_us'], result['round_trip_p50_us'] = latency(daemon, port, many[0], options.runs)
        for name, ids in (('one', many[:1]), ('many', many)):
            common = ('--clients', 8, '--in-flight', 32, '--warmup', 5000, '--count', options.count, '--containers',
                      ','.join(ids))
            result['sent_per_s_' + name] = load('messages', port, pid, *common)['per_s']
            result['replied_per_s_' + name] = load('messages', port, pid, *common, '--expect-reply', 1)['per_s']
        flows.stop(many)
        kept = flows.start('d', 1, durable=True, queue_ttl='1m')
        result['commit_ms'] = commit_ms(daemon.folder)
        result.update(durable(daemon, port, kept[0], options.count // 20))
        flows.stop(kept)
        flows.client.disconnect()
    result['round_trip_ratio'] = result['round_trip_p50_us'] / result['bare_ack_p50_us']
    # Beside one plain commit on the same disk. Each message is written twice there: queued, then sent.
    result['durable_in_a_commits_time'] = result['durable_per_s'] * result['commit_ms'] / 1000
    return result


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--many', type=int, default=50, help='containers')
    options.add_argument('--count', type=int, default=100_000, help='messages of each load')
    options.add_argument('--connected', type=int, default=1000, help='containers, for the memory of each')
    options.add_argument('--runs', type=int, default=5, help='of the latencies')
    options = options.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Connection().call('GET', '/version')
    result = measure(options)
    wanted = [('round_trip_ratio', 'at most', 3), ('sent_per_s_one', 'at least', 20_000),
              ('sent_per_s_many', 'at least', 20_000), ('connected_kb', 'at most', 20),
              ('messages_per_commit', 'at least', 5)]
    for name, value in result.items():
        print('%-26s %12.3f' % (name, value))
    missed = [name for name, how, limit in wanted
              if (result[name] > limit if how == 'at most' else result[name] < limit)]
    for name, how, limit in wanted:
        print('%-26s %s %s: %s' % (name, how, limit, 'MISSED' if name in missed else 'kept'))
    print(json.dumps({name: round(value, 3) for name, value in result.items()}))
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
