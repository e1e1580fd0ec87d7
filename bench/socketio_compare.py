#!/usr/bin/python3
"""Our Socket.IO server beside Node's socket.io under the same load: CPU, memory, latency.

Interleaved runs, medians and their ratios; one line of JSON at the end. Ends with 1 when a limit is not kept.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.environ.get('BENCH_BUILD', os.path.join(ROOT, 'build', 'release'))
NODE_FOLDER = os.path.join(ROOT, 'build', 'bench-js')
# Longer than any run: a ping would be work that the load did not ask for.
PING_INTERVAL, PING_TIMEOUT = '600000', '600000'
NAMES = ('ours', 'node')


class Server:
    """One server process on a port of its own."""

    def __init__(self, name):
        times = [PING_INTERVAL, PING_TIMEOUT]
        if name == 'ours':
            command = [os.path.join(BUILD, 'socketio-conformance'), '--port', '0', '--ping-interval', times[0],
                       '--ping-timeout', times[1], '--connect-timeout', '60000']
        else:
            command = ['node', os.path.join(NODE_FOLDER, 'server.js')] + times
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, NODE_ENV='production'))
        line = self.process.stdout.readline().strip()
        if not line.startswith('listening on '):
            raise RuntimeError('%s did not start: %s' % (' '.join(command), line))
        self.port = line.rsplit(':', 1)[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def rss_kb(self):
        with open('/proc/%d/status' % self.process.pid) as status:
            return next(int(line.split()[1]) for line in status if line.startswith('VmRSS:'))

    def settled_rss_kb(self, limit=20):
        """When it has not moved by more than 64 kB for a second; collectors take their time."""
        end = time.monotonic() + limit
        values = [self.rss_kb()]
        while time.monotonic() < end:
            time.sleep(0.1)
            values = values[-10:] + [self.rss_kb()]
            if len(values) == 11 and max(values) - min(values) <= 64:
                break
        return values[-1]

    def load_command(self, mode, clients, limit, *more):
        return [os.path.join(BUILD, 'socketio-load'), mode, '--port', self.port, '--server-pid',
                str(self.process.pid), '--clients', str(clients), '--limit', str(limit)] + [str(word) for word in more]


def load(name, mode, clients, options, *more):
    with Server(name) as server:
        command = server.load_command(mode, clients, options.limit, *more)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=options.limit + 30, check=True)
        return json.loads(done.stdout)


def acks(name, options):
    result = load(name, 'acks', options.clients, options, '--in-flight', options.in_flight, '--count', options.acks)
    return {'cpu_us': result['cpu_us_each'], 'per_s': result['per_s'], 'busy': result['server_busy'],
            'p99_us': result['p99_us']}


def latency(name, options):
    """One client alone, one event at a time."""
    result = load(name, 'acks', 0, options, '--warmup', options.single // 10, '--count', options.single)
    return {'p50_us': result['p50_us'], 'p99_us': result['p99_us'], 'cpu_us': result['cpu_us_each']}


def broadcast(name, options, in_flight=1):
    result = load(name, 'broadcast', options.receivers, options, '--in-flight', in_flight, '--warmup',
                  options.broadcasts // 10, '--count', options.broadcasts)
    return {'cpu_us': result['cpu_us_each'], 'per_s': result['per_s'], 'busy': result['server_busy']}


def floor(options):
    """What the kernel takes for one send() of such a frame to one receiver, whoever calls it."""
    command = [os.path.join(BUILD, 'socketio-load'), 'floor', '--clients', str(options.receivers), '--count',
               str(options.broadcasts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=options.limit, check=True)
    return {'cpu_us': json.loads(done.stdout)['cpu_us_each']}


def stream(name, options):
    """Broadcasts that do not wait for each other: a server may put several of them into one write."""
    return broadcast(name, options, options.in_flight)


def idle(name, options):
    with Server(name) as server:
        # What the first connection costs once (code that is loaded, compiled, first blocks) is not per connection.
        subprocess.run(server.load_command('idle', 1, options.limit), input='\n', text=True, timeout=options.limit,
                       stdout=subprocess.DEVNULL, check=True)
        empty = server.settled_rss_kb()
        command = server.load_command('idle', options.idle, options.limit)
        holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            if not holder.stdout.readline().startswith('joined '):
                raise RuntimeError('%d connections were not held by %s' % (options.idle, name))
            full = server.settled_rss_kb()
            rest = holder.communicate('\n', timeout=options.limit)[0]
        finally:
            holder.kill()
            holder.wait()
        held = json.loads(rest)['held'] if rest.strip() else 0
        return {'rss_kb': (full - empty) / options.idle, 'held': held, 'empty_kb': empty}


PARTS = {'acks': acks, 'latency': latency, 'broadcast': broadcast, 'stream': stream, 'idle': idle}


def limits(medians, options):
    """(what, value, limit) of each that was measured; without a limit it is only told."""
    def ratio(part, field, less=0.0):
        return (medians[part]['ours'][field] - less) / (medians[part]['node'][field] - less)

    found = []
    if 'acks' in medians:
        found.append(('ack_cpu_ratio', ratio('acks', 'cpu_us'), 0.4))
        found.append(('ack_p99_loaded_ratio', ratio('acks', 'p99_us'), 1.0))
    if 'latency' in medians:
        found.append(('ack_p99_ratio', ratio('latency', 'p99_us'), 1.0))
    if 'broadcast' in medians:
        bare = medians['broadcast']['floor']['cpu_us']
        found.append(('broadcast_cpu_ratio', ratio('broadcast', 'cpu_us'), None))
        found.append(('broadcast_floor_ratio', bare / medians['broadcast']['node']['cpu_us'], None))
        found.append(('broadcast_above_floor_ratio', ratio('broadcast', 'cpu_us', bare), 0.3))
    if 'stream' in medians:
        found.append(('stream_cpu_ratio', ratio('stream', 'cpu_us'), 0.3))
    if 'idle' in medians:
        found.append(('idle_rss_kb', medians['idle']['ours']['rss_kb'], 8.0))
        found.append(('idle_not_held', options.idle - medians['idle']['ours']['held'], 0))
    return found


def prepare_node():
    """Into the build folder: the checkout stays as it is."""
    os.makedirs(NODE_FOLDER, exist_ok=True)
    wanted = os.path.join(HERE, 'socketio_node', 'package.json')
    have = os.path.join(NODE_FOLDER, 'package.json')
    shutil.copy(os.path.join(HERE, 'socketio_node', 'server.js'), NODE_FOLDER)
    installed = os.path.isdir(os.path.join(NODE_FOLDER, 'node_modules', 'socket.io'))
    if installed and open(have).read() == open(wanted).read():
        return
    shutil.copy(wanted, have)
    subprocess.run(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'], cwd=NODE_FOLDER, check=True,
                   stdin=subprocess.DEVNULL, timeout=300)


def raise_file_limit(wanted):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit('%d open files are needed, the hard limit (ulimit -Hn) is %d' % (wanted, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def arguments():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument('--part', action='append', choices=list(PARTS), help='only this; may be given again')
    options.add_argument('--runs', type=int, default=5)
    options.add_argument('--only', choices=NAMES, help='one server: no ratios, no limits')
    options.add_argument('--clients', type=int, default=50)
    options.add_argument('--in-flight', type=int, default=16)
    options.add_argument('--acks', type=int, default=200000)
    options.add_argument('--single', type=int, default=20000, help='acknowledgements of the lone client')
    options.add_argument('--receivers', type=int, default=500)
    options.add_argument('--broadcasts', type=int, default=1000)
    options.add_argument('--idle', type=int, default=5000)
    options.add_argument('--limit', type=int, default=120, help='seconds for one load')
    return options.parse_args()


def main():
    options = arguments()
    raise_file_limit(options.idle + 200)
    names = [options.only] if options.only else NAMES
    if 'node' in names:
        prepare_node()
    parts = options.part or list(PARTS)
    results = {part: {name: [] for name in names} for part in parts}
    if 'broadcast' in parts:
        results['broadcast']['floor'] = []
    for run in range(options.runs):
        for part in parts:
            for name in results[part]:
                result = floor(options) if name == 'floor' else PARTS[part](name, options)
                results[part][name].append(result)
                print('run %d  %-9s  %s  %s' % (run + 1, part, name, '  '.join(
                    '%s %.4g' % item for item in result.items())), flush=True)
    medians = {part: {name: {field: statistics.median(one[field] for one in runs) for field in runs[0]}
                      for name, runs in of_part.items()} for part, of_part in results.items()}
    checked = [] if options.only else limits(medians, options)
    for what, value, limit in checked:
        if limit is None:
            print('      %-28s  %.3f' % (what, value))
        else:
            print('%-4s  %-28s  %.3f  limit %.1f' % ('kept' if value <= limit else 'OVER', what, value, limit))
    print(json.dumps({'runs': options.runs, 'medians': {
        part: {name: {field: round(value, 3) for field, value in fields.items()} for name, fields in of_part.items()}
        for part, of_part in medians.items()}, 'checked': {what: round(value, 3) for what, value, _ in checked}}))
    return 0 if all(limit is None or value <= limit for _, value, limit in checked) else 1


if __name__ == '__main__':
    sys.exit(main())
