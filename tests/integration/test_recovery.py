"""What a daemon that was killed, or told to stop, leaves behind, and how the next one goes on from there."""
import json
import os
import shutil
import tempfile
import time
import urllib.parse
import uuid

import socketio
from flowtest import Client, FlowTest, eventually, seconds

ENDS_ON_TERM = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']
CRASHES_ON_USR1 = ['sh', '-c', 'trap "echo last words; exit 5" USR1; echo ready; while :; do sleep 0.1; done']
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
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='fm', dir='/tmp')
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.options = ('--manifests', self.folder)
        self.write('declared', '1')
        super().setUp()

    def write(self, name, value):
        with open(os.path.join(self.folder, name + '.yaml'), 'w') as f:
            f.write(MANIFEST % (name, value))

    def seqs(self, client):
        with client.lock:
            return [data['seq'] for name, data, _ in client.events
                    if name not in ('connected', 'error') and isinstance(data, dict) and 'seq' in data]

    def stored(self, after):
        return [seq for seq, in self.daemon.sql(
            "select seq from events where kind = 'event' and seq > %d order by seq" % after)]

    def started_at(self, docker_id):
        return self.engine.inspect(docker_id)['State']['StartedAt']

    def by_name(self):
        return {c['Names'][0][len(self.daemon.prefix) + 1:]: c['Id'] for c in self.daemon.containers()}

    def run_20(self):
        """One by a manifest, and 19 by a client, two of which will end while nobody looks."""
        for i in range(19):
            command = CRASHES_ON_USR1 if i in (3, 4) else None
            self.client.call('create_container', image='flow-demo:latest', name='c%d' % i, network_mode='none',
                             command=command, desired_state='running')
        running = lambda: self.client.call('list_containers', state='running')['count']
        eventually(lambda: running() == 20, 60, what='20 running')
        self.before = self.by_name()
        self.started = {name: self.started_at(docker_id) for name, docker_id in self.before.items()}

    def meanwhile(self):
        """One is killed, one ends by itself; one manifest is changed, one is new."""
        for name in ('c3', 'c4'):
            self.engine.printed(self.before[name], 'ready')
        self.engine.end_by(self.before['c3'], 'KILL')
        self.engine.end_by(self.before['c4'], 'USR1')
        ended = [seconds(self.engine.inspect(self.before[name])['State']['FinishedAt']) for name in ('c3', 'c4')]
        eventually(lambda: time.time() > max(ended) + 1.5, what='an age at which nobody waits for live lines')
        self.write('declared', '2')
        self.write('added', '1')

    def test_kill_9_with_20_running(self):
        first_seq = self.client.of('connected')[0]['seq']
        self.run_20()
        self.client.close()
        self.daemon.kill()
        seen = self.seqs(self.client)
        self.meanwhile()
        self.daemon.start()
        client = self.client = self.make_client(auth={'since': seen[-1]})
        for event, name in (('container_crashed', 'c3'), ('container_started', 'c3'), ('container_crashed', 'c4'),
                            ('container_started', 'c4'), ('container_updated', 'declared'),
                            ('container_started', 'added')):
            client.wait(event, name=name)
        eventually(lambda: len(self.by_name()) == 21, what='21 containers')
        self.check_crash('c3', 137, 'SIGKILL', ['ready'])
        self.check_crash('c4', 5, None, ['ready', 'last words'])
        self.check_engine_side()
        self.assertEqual(client.of('resync'), [])
        self.assertEqual(sorted(e['name'] for e in client.of('container_started')), ['added', 'c3', 'c4'])
        eventually(lambda: seen + self.seqs(client) == self.stored(first_seq), 10,
                   'every event once and in order, none missing')

    def check_crash(self, name, code, signal_name, lines):
        """Told once, with what it had printed before it ended, although it runs again long since."""
        crashed = self.client.of('container_crashed', name=name)
        self.assertEqual(len(crashed), 1, crashed)
        self.assertEqual((crashed[0]['exit_code'], crashed[0]['signal'], crashed[0]['oom_killed']),
                         (code, signal_name, False))
        self.assertEqual(crashed[0]['crash_details']['logs'], lines)
        self.assertEqual(crashed[0]['docker_id'], self.before[name])

    def check_engine_side(self):
        """Nothing was recreated but what a manifest changed, and nothing started again but what had ended."""
        after = self.by_name()
        self.assertIn('A=2', self.engine.inspect(after['declared'])['Config']['Env'])
        for name in set(self.before) - {'declared'}:
            self.assertEqual(after[name], self.before[name], name)
            again = self.started_at(after[name]) != self.started[name]
            self.assertEqual(again, name in ('c3', 'c4'), name)


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
        'update_container with code': (True, {'code': {'files': {'main': 'echo 2'}}}, 1, 1, 'running', 1,
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

    def test_update_of_code(self):
        self.sweep('update_container with code')

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
        request, *code = operation.split(' with ')
        spec = {'code': {'files': {'main': 'echo 1'}}} if code else {}
        name = '%s-%s' % (operation.split('_')[0], point.replace(':', '-').replace('_', '-'))
        container = self.create(name, command=ENDS_ON_TERM, desired_state='running' if runs else 'created', **spec)
        payload = {'container_id': container, 'request_id': str(uuid.uuid4()), **more}
        after = self.daemon.sql('select max(seq) from events')[0][0]
        self.client.close()
        self.daemon.kill()
        struck = self.struck(request, payload, point, lambda client: self.over(client, request, expected[1]))
        self.daemon.start()
        self.client = self.make_client()
        answer = self.client.call(request, payload, wait=True)
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

    def over(self, client, request, stops):
        """The answer came, nothing is in hand, and the calls have answered, too."""
        if not client.of(request):
            return False
        if stops and 'operation=StopContainer' not in self.daemon.log():
            return False
        in_hand = [doc for doc, in self.daemon.sql('select doc from status')
                   if {'intention', 'prev_id', 'next_id', 'trial'} & set(json.loads(doc))]
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
