#!/usr/bin/python3
"""How long flow-runtime takes until the flow's program is there: a start of /bin/true under it, beside a bare one.

Both in turn, from the spawn to the reaped end; the difference of the medians is what the runtime adds. And from the spawn
to its first byte at the manager's socket. No engine is needed. Ends with 1 when a limit is not kept.
"""
import argparse
import json
import os
import socket
import sys
import tempfile
import time

from bench_tools import ROOT, percentile

LIMIT_MS = 5.0


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--starts', type=int, default=500)
    parser.add_argument('--runtime', default=os.path.join(ROOT, 'build', 'release', 'flow-runtime'))
    return parser.parse_args()


def run(command, env):
    """Seconds from the spawn to the end."""
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, env)
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - began
    if status != 0:
        raise RuntimeError('%s ended with status %d' % (command, status))
    return took


def connected(runtime, env, listener):
    """Seconds from the spawn until the manager knows that a flow is there."""
    began = time.perf_counter()
    pid = os.posix_spawn(runtime, [runtime, '/bin/true'], env)
    connection, _ = listener.accept()
    if connection.recv(1) != b'\n':
        raise RuntimeError('flow-runtime did not greet')
    took = time.perf_counter() - began
    connection.close()
    os.waitpid(pid, 0)
    return took


def main():
    arguments = parse_arguments()
    times = {'bare': [], 'under': [], 'connected': []}
    with tempfile.TemporaryDirectory(dir='/tmp') as folder, socket.socket(socket.AF_UNIX) as listener:
        path = folder + '/s.sock'
        listener.bind(path)
        listener.listen()
        for _ in range(arguments.starts):
            times['bare'].append(run(['/bin/true'], {}))
            times['under'].append(run([arguments.runtime, '/bin/true'], {}))
            times['connected'].append(connected(arguments.runtime, {'FLOW_SOCKET': path}, listener))
    result = {'starts': arguments.starts, 'bytes': os.path.getsize(arguments.runtime)}
    for name, taken in times.items():
        result[name + '_ms'] = {'p%d' % part: round(percentile(taken, part / 100) * 1000, 3) for part in (50, 99)}
    result['added_ms'] = round(result['under_ms']['p50'] - result['bare_ms']['p50'], 3)
    result['kept'] = result['added_ms'] <= LIMIT_MS and result['connected_ms']['p50'] <= LIMIT_MS
    print(json.dumps(result))
    return 0 if result['kept'] else 1


if __name__ == '__main__':
    sys.exit(main())
