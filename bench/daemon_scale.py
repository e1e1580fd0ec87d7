#!/usr/bin/python3
"""The daemon, a process of its own, with 1,000 and 10,000 containers of an engine that has none (fake_engine.py).

Memory, a start after kill -9, a pass in which nothing has to be done, idle CPU, and how soon a change is acted on.
Ends with 1 when a limit is not kept. CPU and memory are the daemon's own and mean something on a busy machine too;
times by the clock, and so the latency of a change, only on an idle one.
"""
import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

import socketio

from bench_tools import FLOW_MANAGER, percentile

FOLDER = os.path.dirname(os.path.abspath(__file__))
NEVER = '10000h'
BATCH = 200             # documents of one apply
CHANGES = 50
PATIENCE = 60           # seconds for one of them; it counts as so long then
LIMITS = {'memory_mb': (10_000, 150), 'memory_restart_mb': (10_000, 150),
          'pass_cpu_s': (10_000, 0.5), 'idle_percent': (1_000, 1.0), 'change_p99_ms': (10_000, 50)}
NONE = ('idle_inspects', 'change_reads', 'busy_reads')     # there must be none of these
ROWS = [('declare_cpu_ms', 'CPU to declare and start one', 'ms'),
        ('declare_s', 'first request to all running', 's, by the clock'),
        ('memory_mb', 'memory (RSS) with all running', 'MB'), ('pss_mb', '  PSS', 'MB'),
        ('peak_mb', '  peak', 'MB'),
        ('restart_cpu_s', 'after kill -9: CPU until /readyz', 's'),
        ('restart_s', '  until /readyz', 's, by the clock'),
        ('settled_cpu_s', '  CPU until nothing is left to do', 's'),
        ('restart_inspects', '  inspects', ''), ('restart_stats', '  stats', ''),
        ('memory_restart_mb', '  memory (RSS)', 'MB'), ('pss_restart_mb', '  PSS', 'MB'),
        ('peak_restart_mb', '  peak', 'MB'),
        ('idle_percent', 'idle, options of the default', '% of a core'),
        ('silent_percent', 'idle without lists', '% of a core'),
        ('pass_cpu_s', 'CPU of a pass with nothing to do', 's'), ('passes', '  passes', ''),
        ('idle_inspects', '  inspects in all idle times', ''),
        ('change_cpu_ms', 'CPU of a change', 'ms'),
        ('change_p50_ms', 'request to call of the engine, median', 'ms, by the clock'),
        ('change_p99_ms', '  p99', 'ms, by the clock'),
        ('after_ack_p50_ms', '  acknowledgement to call, median', 'ms, by the clock'),
        ('change_reads', '  full reads of the engine meanwhile', ''),
        ('busy_reads', '20 changes while lists are read: full reads', ''),
        ('busy_max_ms', '  longest of them', 'ms, by the clock')]


class Figures(dict):
    """Each is shown when it is known: a run takes minutes."""

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        print('    %-20s %10.4g' % (key, value), file=sys.stderr, flush=True)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('localhost', timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def ask(connection, method, path, body=None):
    connection.request(method, path, body)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else None


class Engine:
    """The fake one; `get` asks it over a connection that stays open."""

    def __init__(self, folder):
        self.socket = folder + '/engine.sock'
        self.process = subprocess.Popen([sys.executable, FOLDER + '/fake_engine.py', self.socket],
                                        stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline().startswith('listening'):
            raise RuntimeError('the fake engine did not start')
        self.connection = UnixConnection(self.socket)

    def get(self, path):
        return ask(self.connection, 'GET', path)[1]

    def counts(self):
        return self.get('/bench/counts')

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Daemon:
    """Killed and started at will; its folder and port stay."""

    def __init__(self, folder, engine):
        self.folder, self.engine, self.process, self.port = folder, engine, None, 0

    def start(self, *options):
        command = [FLOW_MANAGER, '--data-dir', self.folder + '/d', '--listen', '127.0.0.1:%d' % self.port,
                   '--docker-host', 'unix://' + self.engine.socket, '--name-prefix', 'scale-',
                   '--stats-interval', NEVER, *options]
        env = {key: value for key, value in os.environ.items() if not key.startswith('FLOW_')}
        with open(self.folder + '/log', 'a') as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
        line = self.process.stdout.readline().strip()
        if not line.startswith('listening on '):
            with open(self.folder + '/log') as log:
                raise RuntimeError('the daemon did not start: ' + log.read()[-2000:])
        self.url = line[len('listening on '):]
        self.port = urllib.parse.urlsplit(self.url).port
        return self

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=120)
        with contextlib.closing(connection):
            return ask(connection, method, path, body)

    def ready(self):
        while self.call('GET', '/readyz')[0] != 200:
            time.sleep(0.05)

    def cpu(self):
        """Seconds of all its threads, from its CPU clock."""
        return time.clock_gettime((~self.process.pid << 3) | 2)

    def memory(self):
        """RSS, PSS and the peak of RSS in MB."""
        fields = {}
        for name in ('smaps_rollup', 'status'):
            with open('/proc/%d/%s' % (self.process.pid, name)) as lines:
                for line in lines:
                    key, _, value = line.partition(':')
                    if value.endswith(' kB\n'):
                        fields[key] = int(value.split()[0]) / 1024
        return fields['VmRSS'], fields['Pss'], fields['VmHWM']

    def settle(self):
        """Until for three seconds it hardly works and asks the engine for nothing but pings and lists."""
        calm = 0
        while calm < 3:
            cpu, last = self.cpu(), self.engine.counts()['last_call']
            time.sleep(1)
            calm = calm + 1 if self.cpu() - cpu < 0.03 and self.engine.counts()['last_call'] == last else 0

    def has_looked(self):
        """Until it has asked for nothing but pings and lists for three seconds: the first usage figures are sampled, and
        the rows written, after the answer of /readyz."""
        looks = -1
        while looks != (looks := sum(self.engine.counts()['counts'].get(kind, 0) for kind in ('inspect', 'stats'))):
            time.sleep(3)

    def idle(self, seconds):
        """CPU seconds, the time, and the engine's calls meanwhile."""
        before, cpu, began = self.engine.counts()['counts'], self.cpu(), time.monotonic()
        time.sleep(seconds)
        used, took = self.cpu() - cpu, time.monotonic() - began
        after = self.engine.counts()['counts']
        return used, took, {kind: after[kind] - before.get(kind, 0) for kind in after}


def document(number):
    """An ordinary container: a network, labels, variables, a limit."""
    return {'apiVersion': 'flow/v1', 'kind': 'Container',
            'metadata': {'name': 'worker-%05d' % number, 'labels': {'app': 'scale', 'part': str(number % 100)}},
            'spec': {'image': 'flow-demo:latest', 'command': ['serve', '--number', str(number)],
                     'environment': {'MODE': 'scale', 'NUMBER': str(number)},
                     'resources': {'memory': 67108864}}}


def declare(daemon, engine, count):
    for first in range(0, count, BATCH):
        documents = [document(number) for number in range(first, min(first + BATCH, count))]
        status, answer = daemon.call('POST', '/api/apply', json.dumps(documents))
        if status != 200:
            raise RuntimeError('apply: %s %s' % (status, str(answer)[:500]))
        while first + BATCH - engine.counts()['running'] > 2 * BATCH:     # a few hundred in flight
            time.sleep(0.01)
    while engine.counts()['running'] < count:
        time.sleep(0.05)


def changes(daemon, engine, number, used, pause=0.1):
    """CPU of one, milliseconds from each request, and from its acknowledgement, to the engine's call."""
    ids = {entry['Labels']['flow.name']: entry['Id'] for entry in engine.get('/containers/json?all=1')}
    names = sorted(ids.keys() - used)
    chosen = names[::max(1, len(names) // number)][:number]
    used |= set(chosen)
    client = socketio.Client(reconnection=False)
    client.connect(daemon.url, transports=['websocket'])
    client.call('list_containers', {'limit': 1}, timeout=30)        # the first call of a session is slower
    cpu, from_request, from_answer = daemon.cpu(), [], []
    for index, name in enumerate(chosen):
        kind = ('update', 'stop')[index % 2]
        wanted = {'container_id': name, **({'resources': {'memory': 134217728}} if kind == 'update' else {})}
        sent = time.monotonic_ns()
        answer = client.call(kind + '_container', wanted, timeout=30)
        answered = time.monotonic_ns()
        if not answer['ok']:
            raise RuntimeError(answer)
        arrived, patience = None, sent + int(PATIENCE * 1e9)
        while arrived is None and time.monotonic_ns() < patience:
            time.sleep(0.005)
            new = engine.get('/bench/calls?kind=%s&after=%d' % (kind, sent))
            arrived = next((at for at, docker_id in new if docker_id == ids[name]), None)
        if arrived is None:
            print('%s of %s was not acted on within %d s' % (kind, name, PATIENCE), file=sys.stderr, flush=True)
            arrived = patience
        from_request.append((arrived - sent) / 1e6)
        from_answer.append((arrived - answered) / 1e6)
        time.sleep(pause)
    client.disconnect()
    return (daemon.cpu() - cpu) * 1000 / len(from_request), from_request, from_answer


def expect(counts, **wanted):
    """What the engine was asked for; a figure of a daemon that does something else means nothing."""
    for kind, number in wanted.items():
        if counts.get(kind, 0) != number:
            raise RuntimeError('%d calls of %s instead of %d' % (counts.get(kind, 0), kind, number))


def measure(count, options):
    out, touched = Figures(), set()
    print('%d containers' % count, file=sys.stderr, flush=True)
    folder = tempfile.mkdtemp(prefix='fs', dir='/tmp')
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        engine = Engine(folder)
        stack.callback(engine.close)
        daemon = Daemon(folder, engine)
        stack.callback(daemon.kill)

        daemon.start()
        daemon.ready()
        began = time.monotonic()
        declare(daemon, engine, count)
        out['declare_s'] = time.monotonic() - began
        daemon.settle()
        out['declare_cpu_ms'] = daemon.cpu() * 1000 / count
        out['memory_mb'], out['pss_mb'], out['peak_mb'] = daemon.memory()
        expect(engine.counts()['counts'], create=count, start=count, unknown=0)

        before = engine.counts()['counts']
        daemon.kill()
        began = time.monotonic()
        daemon.start()
        daemon.ready()
        out['restart_s'], out['restart_cpu_s'] = time.monotonic() - began, daemon.cpu()
        daemon.settle()
        out['settled_cpu_s'] = daemon.cpu()
        out['memory_restart_mb'], out['pss_restart_mb'], out['peak_restart_mb'] = daemon.memory()
        counts = engine.counts()['counts']
        expect(counts, create=count, start=count, remove=0, stop=0, unknown=0)
        out['restart_inspects'] = counts['inspect'] - before.get('inspect', 0)
        out['restart_stats'] = counts.get('stats', 0) - before.get('stats', 0)

        used, took, asked = daemon.idle(options.idle)
        out['idle_percent'], out['idle_inspects'] = 100 * used / took, asked['inspect']
        before = engine.counts()['counts']
        out['change_cpu_ms'], sent, answered = changes(daemon, engine, CHANGES, touched)
        out['change_reads'] = engine.counts()['counts']['ring'] - before['ring']
        out['change_p50_ms'], out['change_p99_ms'] = statistics.median(sent), percentile(sent, 0.99)
        out['after_ack_p50_ms'] = statistics.median(answered)

        silent = 0
        for interval in (NEVER, '2s'):
            daemon.kill()
            daemon.start('--resync-interval', interval)
            daemon.ready()
            if interval == NEVER:
                daemon.settle()
                used, took, asked = daemon.idle(options.idle / 2)
                silent = used / took
                out['silent_percent'] = 100 * silent
                expect(asked, list=0)
            else:
                daemon.has_looked()
                used, took, asked = daemon.idle(options.idle / 2)
                out['passes'] = asked['list']
                out['pass_cpu_s'] = (used - silent * took) / asked['list']
            out['idle_inspects'] += asked['inspect']
            expect(asked, create=0, start=0, stop=0, unknown=0)
        before = engine.counts()['counts']
        _, sent, _ = changes(daemon, engine, 20, touched, pause=0.4)
        out['busy_reads'] = engine.counts()['counts']['ring'] - before['ring']
        out['busy_max_ms'] = max(sent)
    return out


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('count', type=int, nargs='*', default=[1_000, 10_000], help='containers')
    arguments.add_argument('--runs', type=int, default=1, help='of each; the medians count')
    arguments.add_argument('--idle', type=float, default=60, help='seconds of the idle time; the others take half')
    options = arguments.parse_args()
    if min(options.count) < 2 * CHANGES:
        arguments.error('at least %d containers' % (2 * CHANGES))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = {}
    for count in options.count:
        runs = [measure(count, options) for _ in range(options.runs)]
        results[count] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    print('load of the machine %.1f on %d cores' % (os.getloadavg()[0], os.cpu_count()))
    print('%-42s' % '' + ''.join('%12d' % count for count in results) + '   limit')
    kept = all(result[key] == 0 for result in results.values() for key in NONE)
    for key, title, unit in ROWS:
        at, limit = LIMITS.get(key, (0, None))
        line = '%-42s' % title + ''.join('%12.4g' % result[key] for result in results.values())
        if key in NONE:
            line += '   0'
        elif limit is not None:
            line += '   %g with %d' % (limit, at)
            kept = kept and all(result[key] <= limit for count, result in results.items() if count <= at)
        print('%s %s' % (line, unit))
    print(json.dumps({str(count): {key: round(value, 3) for key, value in result.items()}
                      for count, result in results.items()}))
    return 0 if kept else 1


if __name__ == '__main__':
    sys.exit(main())
