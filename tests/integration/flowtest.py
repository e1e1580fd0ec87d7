"""What the integration tests share: a daemon of their own, the engine's API, clients that remember what they got.

Nothing here sleeps for a result: `eventually` asks until it holds or the time is over, and then shows logs.
"""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid
from datetime import datetime

import socketio

ENGINE_SOCKET = os.environ.get('DOCKER_HOST', 'unix:///var/run/docker.sock')[len('unix://'):]
EVENTS = ('connected error activity_log status_changed container_created container_started container_stopped '
          'container_restarted container_updated container_deleted container_crashed container_health_warning '
          'container_status '
          'container_list container_status_update resync create_container start_container stop_container '
          'restart_container update_container delete_container rollback_container apply get_container_status '
          'list_containers send_message message_sent message_received message_format_error container_unreachable '
          'communication_error').split()


def eventually(check, timeout=30.0, what='the condition'):
    """The first true answer of `check`; an AssertionError that names `what` when there is none in time."""
    end = time.monotonic() + timeout
    last = None
    while time.monotonic() < end:
        last = check()
        if last:
            return last
        time.sleep(0.02)
    raise AssertionError('%s did not come to hold within %s s; last: %r' % (what, timeout, last))


def seconds(text):
    """A time of the daemon's or the engine's, since the epoch."""
    return datetime.fromisoformat(text[:23] + '+00:00').timestamp()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=60):
        super().__init__('localhost', timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """The Docker Engine's own API, as somebody else on the host would use it."""

    def __init__(self, path=ENGINE_SOCKET):
        self.path = path

    def call(self, method, path, body=None, ok=(200, 201, 204, 304), raw=False):
        connection = UnixConnection(self.path)
        data = None if body is None else json.dumps(body)
        connection.request(method, '/v1.41' + path, data, {'Content-Type': 'application/json'})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if raw:
            return text
        if ok and answer.status not in ok:
            raise AssertionError('%s %s: %s %s' % (method, path, answer.status, text[:300]))
        return json.loads(text) if text[:1] in (b'{', b'[') else answer.status

    def inspect(self, docker_id):
        return self.call('GET', '/containers/%s/json' % docker_id)

    def exists(self, docker_id):
        return 'Id' in self.call('GET', '/containers/%s/json' % docker_id, ok=(200, 404))

    def kill(self, docker_id, sig='KILL'):
        self.call('POST', '/containers/%s/kill?signal=%s' % (docker_id, sig))

    def stop(self, docker_id, grace=10):
        self.call('POST', '/containers/%s/stop?t=%d' % (docker_id, grace))

    def start(self, docker_id):
        self.call('POST', '/containers/%s/start' % docker_id)

    def remove(self, docker_id):
        self.call('DELETE', '/containers/%s?force=1' % docker_id, ok=(200, 204, 404, 409))

    def running(self, docker_id):
        return self.inspect(docker_id)['State']['Running']

    def printed(self, docker_id, line):
        """Waits until the program has printed it: from then on it listens to signals."""
        path = '/containers/%s/logs?stdout=1' % docker_id
        eventually(lambda: line.encode() in self.call('GET', path, raw=True), what='%r in the log' % line)

    def end_by(self, docker_id, sig):
        """A signal that the program ends by."""
        self.kill(docker_id, sig)
        eventually(lambda: not self.running(docker_id), what='the end by ' + sig)

    def mine(self, instance_id):
        filters = json.dumps({'label': ['flow.manager=%s' % instance_id]})
        return self.call('GET', '/containers/json?all=1&filters=' + urllib.parse.quote(filters))


class Daemon:
    """A flow-manager with a data directory, port and name prefix of its own."""

    def __init__(self, *options, env=None, engine=None, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix='ft', dir='/tmp')
        self.data = os.path.join(self.folder, 'd')
        self.prefix = 'ft%s-' % uuid.uuid4().hex[:6]
        self.options = list(options)
        self.engine = engine or Engine()
        self.env = dict(env or {})
        self.process = None
        self.port = 0
        self.starts = 0

    def start(self, env=None, wait=True):
        self.starts += 1
        self.log_path = os.path.join(self.folder, 'log%d' % self.starts)
        command = [os.environ['FLOW_MANAGER'], '--data-dir', self.data, '--listen', 'localhost:%d' % self.port,
                   '--name-prefix', self.prefix, '--docker-host', 'unix://' + self.engine.path,
                   '--log-level', 'debug'] + self.options
        with open(self.log_path, 'w') as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True,
                                            env={**os.environ, **self.env, **(env or {})})
        if wait:
            line = self.process.stdout.readline()
            if not line.startswith('listening on http://'):
                raise AssertionError('no ready line but %r; log:\n%s' % (line, self.log()))
            self.port = int(line.rsplit(':', 1)[1])
        return self

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def http(self, method, path, body=None):
        """Status and JSON of the daemon's own HTTP side."""
        connection = http.client.HTTPConnection('localhost', self.port, timeout=60)
        connection.request(method, path, body)
        answer = connection.getresponse()
        data = json.loads(answer.read())
        connection.close()
        return answer.status, data

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Ordered; answers the exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(15)
        self.process.stdout.close()
        return code

    def sql(self, query):
        import sqlite3
        connection = sqlite3.connect('file:%s/flow.db?mode=ro' % self.data, uri=True, timeout=10)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def instance_id(self):
        return self.sql("select value from meta where key = 'instance_id'")[0][0]

    def containers(self):
        return self.engine.mine(self.instance_id())

    def clean(self):
        """Everything of ours is gone from the engine; the folder stays when `keep`."""
        if self.alive():
            self.kill()
        try:
            for container in self.containers():
                self.engine.remove(container['Id'])
            label = urllib.parse.quote(json.dumps({'label': ['flow.manager=%s' % self.instance_id()]}))
            for volume in self.engine.call('GET', '/volumes?filters=' + label)['Volumes'] or []:
                self.engine.call('DELETE', '/volumes/' + volume['Name'], ok=(204, 404, 409))
            for network in self.engine.call('GET', '/networks?filters=' + label):
                self.engine.call('DELETE', '/networks/' + network['Id'], ok=(204, 403, 404))
        except Exception as x:
            print('cleaning failed:', x)


class Client:
    """python-socketio's client; keeps every event in order."""

    def __init__(self, daemon, auth=None, transports=None):
        self.events = []
        self.lock = threading.Lock()
        self.sio = socketio.Client(reconnection=False)
        for name in EVENTS:
            self.sio.on(name, self.keeper(name))
        self.sio.connect('http://localhost:%d' % daemon.port, auth=auth, transports=transports)
        eventually(lambda: self.of('connected'), what='connected')

    def keeper(self, name):
        def keep(*args):
            with self.lock:
                self.events.append((name, args[0] if args else None, time.time()))
        return keep

    def of(self, wanted, /, **fields):
        with self.lock:
            return [data for event, data, _ in self.events if event == wanted and
                    all(data.get(k) == v for k, v in fields.items())]

    def wait(self, event, /, *, timeout=30.0, **fields):
        return eventually(lambda: self.of(event, **fields), timeout, '%s %s' % (event, fields))[0]

    def call(self, request, payload=None, /, *, timeout=60, **more):
        return self.sio.call(request, {**(payload or {}), **more}, timeout=timeout)

    def done(self, request, payload=None, /, **more):
        """A request with wait; the whole acknowledgement, which must be ok."""
        answer = self.call(request, payload, wait=True, **more)
        if not answer['ok']:
            raise AssertionError('%s: %s' % (request, answer))
        return answer

    def refused(self, request, payload=None, /, **more):
        answer = self.call(request, payload, **more)
        if answer['ok']:
            raise AssertionError('%s was not refused: %s' % (request, answer))
        return answer['error']

    def status(self, container):
        return self.call('get_container_status', container_id=container)

    def close(self):
        self.sio.disconnect()


class FlowTest(unittest.TestCase):
    """A daemon and a client for each test; kept with its logs when the test fails."""

    options = ()

    def setUp(self):
        self.engine = Engine()
        self.daemons = []
        self.clients = []
        self.daemon = self.make_daemon(*self.options)
        self.client = self.make_client()

    def make_daemon(self, *options, **more):
        daemon = Daemon(*options, **more).start()
        self.daemons.append(daemon)
        return daemon

    def make_client(self, daemon=None, **more):
        client = Client(daemon or self.daemon, **more)
        self.clients.append(client)
        return client

    def tearDown(self):
        result = self._outcome.result
        failed = any(self in (test, getattr(test, 'test_case', None)) for test, _ in result.errors + result.failures)
        for client in self.clients:
            try:
                client.close()
            except Exception:
                pass
        for daemon in self.daemons:
            daemon.clean()
            if failed or os.environ.get('KEEP'):
                print('kept: %s' % daemon.folder, flush=True)
            else:
                shutil.rmtree(daemon.folder, ignore_errors=True)

    def again(self, between=None, end=Daemon.kill, auth=None):
        """The daemon ends and starts again, with a client of its own; `between` is what happens meanwhile."""
        self.client.close()
        end(self.daemon)
        if between:
            between()
        self.daemon.start()
        self.client = self.make_client(auth=auth)

    def create(self, name, **spec):
        spec.setdefault('image', 'flow-demo:latest')
        spec.setdefault('network_mode', 'none')
        return self.client.done('create_container', name=name, **spec)['container_id']

    def create_running(self, name, **spec):
        return self.create(name, desired_state='running', **spec)

    def image_with(self, line):
        """The demo image and a line of a Dockerfile."""
        made = self.engine.call('POST', '/containers/create', {'Image': 'flow-demo:latest'})['Id']
        self.addCleanup(self.engine.remove, made)
        tag = uuid.uuid4().hex[:8]
        query = {'container': made, 'repo': 'ft-made', 'tag': tag, 'changes': line}
        self.engine.call('POST', '/commit?' + urllib.parse.urlencode(query), {})
        # Cleanups run after tearDown: what was made from it is gone by then.
        self.addCleanup(self.engine.call, 'DELETE', '/images/ft-made:%s?force=1' % tag)
        return 'ft-made:' + tag

    def docker_id(self, container):
        return self.client.status(container)['docker_id']

    def state(self, container):
        return self.client.status(container)['state']

    def reaches(self, container, state, timeout=30.0):
        """Its whole status, as soon as it has that state."""
        seen = []

        def status():
            seen.append(self.client.status(container))
            return seen[-1]['state'] == state

        try:
            eventually(status, timeout, '%s being %s' % (container, state))
        except AssertionError as error:
            raise AssertionError('%s; its status: %s' % (error, seen[-1])) from None
        return seen[-1]
