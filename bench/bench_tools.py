"""What the programs of this folder share: the engine's API over its socket, a daemon of their own, percentiles."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ENGINE_SOCKET = os.environ.get('DOCKER_HOST', 'unix:///var/run/docker.sock')[len('unix://'):]
FLOW_MANAGER = os.environ.get('FLOW_MANAGER', os.path.join(ROOT, 'build', 'release', 'flow-manager'))
IMAGE = os.environ.get('BENCH_IMAGE', 'flow-demo:latest')


class Connection(http.client.HTTPConnection):
    """Kept open from call to call, as a good client of the engine does."""

    def __init__(self):
        super().__init__('localhost', timeout=120)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(ENGINE_SOCKET)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        self.request(method, '/v1.41' + path, data, {'Content-Type': 'application/json'})
        answer = self.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError('%s %s: %s %s' % (method, path, answer.status, text[:200]))
        return json.loads(text) if text[:1] in (b'{', b'[') else None


def labelled(label):
    """Ids of the engine's containers with that label."""
    filters = urllib.parse.quote(json.dumps({'label': [label]}))
    return [c['Id'] for c in Connection().call('GET', '/containers/json?all=1&filters=' + filters)]


def remove_all(ids):
    connection = Connection()
    for container in ids:
        try:
            connection.call('DELETE', '/containers/%s?force=1' % container)
        except RuntimeError:
            pass        # gone already


class Daemon:
    """A flow-manager with a data directory and a port of its own; everything it made goes at the end."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix='fb', dir='/tmp')
        self.prefix = 'fb%s-' % uuid.uuid4().hex[:6]
        command = [FLOW_MANAGER, '--data-dir', self.folder + '/d', '--listen', 'localhost:0', '--docker-host',
                   'unix://' + ENGINE_SOCKET, '--name-prefix', self.prefix]
        with open(self.folder + '/log', 'w') as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline().strip()
        if not line.startswith('listening on '):
            raise RuntimeError('the daemon did not start; see %s/log' % self.folder)
        self.url = line[len('listening on '):]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()
        for container in Connection().call('GET', '/containers/json?all=1'):
            if container['Names'][0].startswith('/' + self.prefix):
                remove_all([container['Id']])
        shutil.rmtree(self.folder, ignore_errors=True)


def percentile(values, part):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def wait_for(check, seconds, what):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise RuntimeError(what + ' did not happen within %d s' % seconds)
        time.sleep(0.01)
