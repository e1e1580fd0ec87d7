"""What a daemon that was killed, or told to stop, leaves behind, and how the next one goes on from there."""
import json
import os
import subprocess
import time
import urllib.parse
import uuid

import socketio
from flowtest import Client, FlowTest, eventually

ENDS_ON_TERM = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']
IGNORES_TERM = ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done']
MANIFEST = '''apiVersion: flow/v1
kind: Container
metadata: {name: %s}
spec:
  image: flow-demo:latest
  network_mode: none
  environment: {A: "%s"}
'''


class Killed(FlowTest):
    def seqs(self, client):
        with client.lock:
            return [data['seq'] for name, data, _ in client.events
                    if name not in ('connected', 'error') and isinstance(data, dict) and 'seq' in data]

    def stored(self, after):
        return [seq for seq, in self.daemon.sql(
            "select seq from events where kind = 'event' and seq > %d order by seq" % after)]

    def started_at(self, docker_id):
        return self.engine.inspect(docker_id)['State']['StartedAt']

    def test_kill_9_with_20_running(self):
        # A daemon with manifests, of its own.
        folder = os.path.join(self.daemon.folder, 'manifests')
        os.mkdir(folder)
        self.write(folder, 'declared', '1')
        self.client.close()
        self.daemon.stop()
        self.daemon.options += ['--manifests', folder]
        self.daemon.start()
        self.client = self.make_client()
        first_seq = self.client.of('connected')[0]['seq']
        for i in range(19):
            self.client.call('create_container', image='flow-demo:latest', name='c%d' % i, network_mode='none',
                             desired_state='running')
        listed = lambda state: [c for c in self.client.call('list_containers')['containers'] if c['status'] == state]
        eventually(lambda: len(listed('running')) == 20, 60, what='20 running')
        before = {c['Names'][0]: c['Id'] for c in self.daemon.containers()}
        started = {name: self.started_at(docker_id) for name, docker_id in before.items()}
        crashed = '/%sc3' % self.daemon.prefix
        declared = '/%sdeclared' % self.daemon.prefix

        self.daemon.kill()
        self.write(folder, 'declared', '2')
        self.write(folder, 'added', '1')
        self.engine.kill(before[crashed])
        seen = self.seqs(self.client)
        self.daemon.start()
        client = self.make_client(auth={'since': seen[-1]})
        eventually(lambda: client.of('container_crashed', name='c3'), what='the crash while it was down is told')
        eventually(lambda: client.of('container_updated', name='declared'), what='the changed manifest is applied')
        eventually(lambda: client.of('container_started', name='added'), what='the new manifest is applied')
        eventually(lambda: client.of('container_started', name='c3'), what='c3 runs again')
        eventually(lambda: len(self.daemon.containers()) == 21, what='21 containers')

        after = {c['Names'][0]: c['Id'] for c in self.daemon.containers()}
        for name, docker_id in before.items():
            if name == declared:
                self.assertIn('A=2', self.engine.inspect(after[name])['Config']['Env'])
                continue
            self.assertEqual(after[name], docker_id, name)
            if name != crashed:
                self.assertEqual(self.started_at(docker_id), started[name], name)
        self.assertEqual(len(client.of('container_crashed')), 1)
        self.assertEqual(client.of('resync'), [])
        told = [name for name, data, _ in client.events if name == 'container_started']
        self.assertEqual(len(told), 2, client.of('container_started'))

        eventually(lambda: seen + self.seqs(client) == self.stored(first_seq), 10,
                   'every event once and in order, none missing')

    def write(self, folder, name, value):
        with open(os.path.join(folder, name + '.yaml'), 'w') as f:
            f.write(MANIFEST % (name, value))


class OneDaemon(FlowTest):
    def run_daemon(self, *options):
        return subprocess.run([os.environ['FLOW_MANAGER'], '--docker-host', 'unix://' + self.engine.path, *options],
                              capture_output=True, text=True, timeout=20)

    def test_a_second_daemon_on_the_data_directory(self):
        second = self.run_daemon('--data-dir', self.daemon.data, '--listen', 'localhost:0')
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(self.daemon.data, second.stderr)
        self.assertIn(str(self.daemon.process.pid), second.stderr)
        self.assertEqual(second.stdout, '')
        self.create('web')

    def test_a_taken_port(self):
        other = os.path.join(self.daemon.folder, 'other')
        second = self.run_daemon('--data-dir', other, '--listen', 'localhost:%d' % self.daemon.port)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(str(self.daemon.port), second.stderr)

    def test_an_open_address_without_tokens(self):
        other = os.path.join(self.daemon.folder, 'other')
        second = self.run_daemon('--data-dir', other, '--listen', '0.0.0.0:0')
        self.assertNotEqual(second.returncode, 0)
        self.assertIn('--insecure', second.stderr)
        self.assertEqual(second.stdout, '')

    def test_wrong_usage(self):
        good = ['--data-dir', os.path.join(self.daemon.folder, 'o')]
        for options in (good + ['--no-such-option'], good + ['--listen', 'nonsense:port'],
                        ['--data-dir', '/tmp/' + 'x' * 70]):
            answer = self.run_daemon(*options)
            self.assertNotEqual(answer.returncode, 0, options)
            self.assertIn(options[-1], answer.stderr)
            self.assertEqual(answer.stdout, '')


class OrderedStop(FlowTest):
    def test_sigterm_while_a_long_stop_is_in_hand(self):
        container = self.create_running('web', command=IGNORES_TERM)
        other = self.create_running('other')
        docker_id = self.docker_id(container)
        key = str(uuid.uuid4())
        self.client.call('stop_container', container_id=container, timeout=300, request_id=key)
        eventually(lambda: self.client.of('status_changed', new_state='stopping'), what='stopping')
        began = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)
        self.assertTrue(self.engine.inspect(docker_id)['State']['Running'])
        eventually(lambda: not self.client.sio.connected, what='the client was let go')
        # The engine goes on with the stop; the next daemon knows that it was asked for.
        self.daemon.start()
        self.client = self.make_client()
        eventually(lambda: self.state(container) == 'stopping', what='still stopping')
        self.engine.kill(docker_id)
        answer = self.client.call('stop_container', container_id=container, timeout=300, request_id=key, wait=True)
        self.assertTrue(answer['ok'], answer)
        self.assertEqual((self.state(container), self.state(other)), ('stopped', 'running'))
        self.assertEqual(self.client.of('container_crashed'), [])

    def test_sigterm_when_idle_and_twice(self):
        self.create_running('web')
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual([c['State'] for c in self.daemon.containers()], ['running'])


class KillSweep(FlowTest):
    """Killed at each engine call and commit of a request: the end is the same as without (walk 9)."""

    options = ('--update-monitor', '200ms')
    # operation: (runs before, payload, starts, exits, state afterwards, engine containers, event that tells it)
    OPERATIONS = {
        'start_container': (False, {}, 1, 0, 'running', 1, 'container_started'),
        'stop_container': (True, {}, 0, 1, 'stopped', 1, 'container_stopped'),
        'restart_container': (True, {}, 1, 1, 'running', 1, 'container_restarted'),
        'update_container': (True, {'environment': {'A': '2'}}, 1, 1, 'running', 1,
                             'container_updated'),
        'delete_container': (True, {}, 0, 1, None, 0, 'container_deleted'),
    }

    def test_start(self):
        self.sweep('start_container')

    def test_stop(self):
        self.sweep('stop_container')

    def test_restart(self):
        self.sweep('restart_container')

    def test_update(self):
        self.sweep('update_container')

    def test_delete(self):
        self.sweep('delete_container')

    def sweep(self, operation):
        """Every engine call; of the commits those that SWEEP (all, or each n-th: 2) names."""
        self.need_fail_points()
        each = os.environ.get('SWEEP', '2')
        step = 1 if each == 'all' else int(each)
        for point, first, by in (('before_call', 1, 1), ('after_call', 1, 1), ('before_commit', 1, step),
                                 ('after_commit', 2, step)):
            number = first
            while self.trial(operation, '%s:%d' % (point, number)):
                number += by
            self.assertGreater(number, first, '%s was never reached by %s' % (point, operation))

    def need_fail_points(self):
        """The audit row of a refusal is a commit: a daemon with fail points does not survive its first one."""
        self.client.close()
        self.daemon.kill()
        written = lambda client: self.daemon.sql("select 1 from events where kind = 'refusal'")
        if not self.struck('no_such_request', {}, 'before_commit:1', written):
            self.skipTest('this daemon was built without FLOW_FAIL_POINTS')
        self.daemon.start()
        self.client = self.make_client()

    def trial(self, operation, point):
        """False when the point was not reached before everything was done."""
        runs, more, *expected = self.OPERATIONS[operation]
        name = '%s-%s' % (operation.split('_')[0], point.replace(':', '-').replace('_', '-'))
        container = self.create(name, command=ENDS_ON_TERM, desired_state='running' if runs else 'created')
        payload = {'container_id': container, 'request_id': str(uuid.uuid4()), **more}
        after = self.daemon.sql('select max(seq) from events')[0][0]
        self.client.close()
        self.daemon.kill()
        struck = self.struck(operation, payload, point, lambda client: self.over(client, operation))
        self.daemon.start()
        self.client = self.make_client()
        answer = self.client.call(operation, payload, wait=True)
        self.assertTrue(answer['ok'], (point, answer))
        with self.subTest(point=point, container=container, log=self.daemon.log_path):
            self.check(container, payload['request_id'], after, expected)
        if expected[3]:
            self.client.done('delete_container', container_id=container, force=True)
        return struck

    def struck(self, operation, payload, point, over):
        """Sends the request to a daemon that dies at the point; False when it does all of it."""
        try:
            self.daemon.start(env={'FLOW_KILL_AT': point})
        except AssertionError:      # at the start already
            self.daemon.process.wait(10)
            self.daemon.process.stdout.close()
            return True
        try:
            client = Client(self.daemon)
            client.sio.emit(operation, payload)
        except (socketio.exceptions.SocketIOError, AssertionError):
            client = None
        end = eventually(lambda: 'dead' if not self.daemon.alive() else client and over(client), 60,
                         'the end of %s or of the daemon' % operation)
        if client:
            client.close()
        self.daemon.kill()
        return end == 'dead'

    def over(self, client, operation):
        """The answer came, nothing is in hand, and the calls have answered, too."""
        if not client.of(operation):
            return False
        if self.OPERATIONS[operation][3] and 'operation=StopContainer' not in self.daemon.log():
            return False
        in_hand = [doc for doc, in self.daemon.sql('select doc from status')
                   if {'intention', 'prev_id', 'next_id'} & set(json.loads(doc))]
        return not in_hand

    def check(self, container, request_id, after, expected):
        starts, exits, state, count, event = expected
        rows = lambda where: self.daemon.sql(
            "select type, summary from events where seq > %d and container_id = '%s' and %s order by seq" %
            (after, container, where))
        if state:
            eventually(lambda: self.state(container) == state, what=state)
        eventually(lambda: len(self.engine_side(container)) == count, what='%d engine containers' % count)
        facts = rows("kind = 'fact'")
        self.assertEqual([len([f for f in facts if f[0] == kind]) for kind in ('start', 'exit')], [starts, exits], facts)
        self.assertEqual([f for f in facts if f[0] == 'exit' and ', ours' not in f[1]], [])
        self.assertEqual(rows("type = 'container_crashed'"), [])
        self.assertEqual(len(rows("kind = 'event' and type = '%s'" % event)), 1, rows("kind = 'event'"))
        ends = rows("kind = 'end' and request_id = '%s'" % request_id)
        self.assertEqual(len(ends), 1, ends)
        others = {'container_created', 'container_started', 'container_stopped', 'container_restarted',
                  'container_updated'} - {event}
        self.assertEqual([r for r in rows("kind = 'event'") if r[0] in others], [])

    def engine_side(self, container):
        filters = urllib.parse.quote(json.dumps({'label': ['flow.container-id=' + container]}))
        return self.engine.call('GET', '/containers/json?all=1&filters=' + filters)
