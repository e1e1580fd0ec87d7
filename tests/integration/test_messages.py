"""Messages between clients and flows (contract 6): the flow image, flow-runtime in other images, the demo flows."""
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import uuid

from flowtest import FlowTest, UnixConnection, eventually

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = os.path.join(ROOT, 'examples')
# What a message of the daemon ends with.
ECHO = ['sh', '-c', 'echo ready; while read -r m; do id=${m##*\\"message_id\\":\\"}; '
                    'printf \'{"reply_to":"%s","got":%s}\\n\' "${id%%\\"*}" "$m"; done']
SILENT = ['sh', '-c', 'echo ready; while read -r m; do echo "heard $m"; done']


# Connects by itself; the first byte of what it says tells that lengths come first.
LENGTHS = '''
import json, os, socket, struct
s = socket.socket(socket.AF_UNIX)
s.connect(os.environ['FLOW_SOCKET'])
f = s.makefile('rb')
def say(message):
    data = json.dumps(message).encode()
    s.sendall(struct.pack('>I', len(data)) + data)
say({'hello': os.environ['FLOW_NAME']})
while True:
    message = json.loads(f.read(struct.unpack('>I', f.read(4))[0]))
    say({'reply_to': message['message_id'], 'got': message})
'''


class MessagesTest(FlowTest):
    def flow(self, name, command=None, **spec):
        if command is not None:
            spec['command'] = command
        return self.create_running(name, image=spec.pop('image', 'flow:latest'), **spec)

    def send(self, container, message, **more):
        return self.client.call('send_message', {'container_id': container, 'message': message, **more})

    def reply(self, container, message, **more):
        answer = self.send(container, message, expect_reply=True, **more)
        self.assertTrue(answer['ok'], answer)
        self.assertEqual(answer['status'], 'delivered')
        self.assertEqual(answer['reply'].get('reply_to'), answer['message_id'])
        return answer['reply']

    def log(self, container):
        text = self.engine.call('GET', '/containers/%s/logs?stdout=1&stderr=1' % self.docker_id(container), raw=True)
        return text.decode(errors='replace')


class Flows(MessagesTest):
    def test_a_shell_flow_answers(self):
        other = self.make_client()
        container = self.flow('echo', ECHO)
        answer = self.send('echo', {'text': 'hello'}, expect_reply=True)
        sent = {'text': 'hello', 'message_id': answer['message_id']}
        reply = {'reply_to': answer['message_id'], 'got': sent}
        self.assertEqual(answer, {**answer, 'ok': True, 'container_id': container, 'name': 'echo',
                                  'status': 'delivered', 'reply': reply})
        for client in (self.client, other):
            told = client.wait('message_sent', message_id=answer['message_id'])
            self.assertEqual((told['container_id'], told['message'], told['status']), (container, sent, 'sent'))
            heard = client.wait('message_received', reply_to=answer['message_id'])
            self.assertEqual((heard['container_id'], heard['message'], heard['status']), (container, reply, 'delivered'))
        self.assertEqual(self.client.wait('send_message', message_id=answer['message_id'])['reply'], reply)
        self.assertEqual(other.of('send_message'), [])

    def test_without_expect_reply_the_answer_is_an_event(self):
        container = self.flow('echo', ECHO)
        answer = self.send(container, {'message_id': 'mine', 'n': 1})
        self.assertEqual(answer, {**answer, 'ok': True, 'message_id': 'mine'})
        self.assertIn(answer['status'], ('sent', 'queued'))
        self.assertNotIn('reply', answer)
        heard = self.client.wait('message_received', reply_to='mine')
        self.assertEqual(heard['message']['got'], {'message_id': 'mine', 'n': 1})

    def test_what_a_flow_says_of_itself(self):
        self.flow('talks', ['sh', '-c', 'echo \'{"hello":"world","message_id":"own"}\'; echo \'{"n":1}\'; exec sleep 1000'])
        told = self.client.wait('message_received', message_id='own')
        self.assertEqual((told['name'], told['message']), ('talks', {'hello': 'world', 'message_id': 'own'}))
        self.client.wait('message_received', message_id=None, message={'n': 1})

    def test_they_arrive_in_order(self):
        container = self.flow('echo', ECHO)
        self.reply(container, {'first': 1})
        count = 200
        for n in range(count):
            self.client.sio.emit('send_message', {'container_id': container, 'message': {'n': n}})

        def answers():
            got = [told['message'].get('got', {}).get('n') for told in self.client.of('message_received')]
            return [n for n in got if n is not None]
        eventually(lambda: len(answers()) == count, what='all answers')
        self.assertEqual(answers(), list(range(count)))

    def test_a_stopped_one_is_unreachable(self):
        container = self.flow('echo', ECHO)
        self.reply(container, {})
        self.client.done('stop_container', container_id=container)
        for expect_reply in (False, True):
            error = self.send(container, {'n': 1}, expect_reply=expect_reply)['error']
            self.assertEqual((error['error_type'], error['details']['state']), ('socket_connection_error', 'stopped'))
        told = self.client.wait('container_unreachable', container_id=container)
        self.assertEqual(told['error_type'], 'socket_connection_error')
        unknown = self.send('nobody', {'n': 1})['error']
        self.assertEqual(unknown['error_type'], 'container_not_found')

    def test_no_reply_in_time_and_one_that_comes_later(self):
        container = self.flow('slow', ['sh', '-c', 'while read -r m; do until [ -e /tmp/go ]; do sleep 0.1; done; '
                                                   'printf \'{"reply_to":"late"}\\n\'; done'])
        error = self.send(container, {'message_id': 'late'}, expect_reply=True, timeout='300ms')['error']
        self.assertEqual((error['error_type'], error['details']['message_id']), ('socket_timeout_error', 'late'))
        self.run_in(container, ['touch', '/tmp/go'])
        self.client.wait('message_received', reply_to='late')

    def test_an_id_of_its_own_is_taken_while_it_is_in_flight(self):
        container = self.flow('silent', SILENT)
        self.client.sio.emit('send_message', {'container_id': container, 'message': {'message_id': 'x'},
                                              'expect_reply': True, 'timeout': '30s'})
        self.client.wait('message_sent', message_id='x')
        self.assertEqual(self.send(container, {'message_id': 'x'})['error']['error_type'], 'conflict_error')

    def test_the_log_is_what_is_no_message(self):
        container = self.flow('logs', ['sh', '-c', 'echo plain; echo \'{"n":1}\'; echo oops >&2; '
                                                   'echo "{\'n\': 2}"; exec sleep 1000'])
        self.client.wait('message_received', message={'n': 1})
        wrong = self.client.wait('message_format_error', container_id=container)
        self.assertIn("{'n': 2}", wrong['details']['excerpt'])
        eventually(lambda: 'oops' in self.log(container), what='the log')
        log = self.log(container)
        self.assertIn('plain\n', log)
        self.assertNotIn('"n"', log)
        self.assertNotIn("'n'", log)

    def test_without_a_program_each_message_is_answered_with_an_error(self):
        container = self.flow('idle')
        for _ in range(2):
            self.assertEqual(self.reply(container, {'n': 1})['error_type'], 'no_program')
        self.assertIn('no program', self.log(container))

    def test_flow_command(self):
        container = self.flow('echo', environment={'FLOW_COMMAND': ECHO[2]})
        self.assertEqual(self.reply(container, {'n': 1})['got']['n'], 1)

    def test_who_may_connect(self):
        for name, spec in (('user', {'user': '12345:12345'}), ('read-only', {'read_only': True}),
                           ('no-capabilities', {'user': '0', 'security': {'profile': 'restricted'}}),
                           ('init', {'init': True})):
            with self.subTest(name):
                container = self.flow(name, ECHO, **spec)
                self.assertEqual(self.reply(container, {'n': 1})['got']['n'], 1)

    def test_its_exit_code_and_last_words(self):
        container = self.flow('ends', ['sh', '-c', 'read -r m; echo \'{"last":"words"}\'; echo bye; exit 7'], restart='no')
        self.send(container, {'n': 1})
        crash = self.client.wait('container_crashed', container_id=container)
        self.assertEqual(crash['exit_code'], 7)
        self.assertIn('bye', json.dumps(crash['crash_details']['logs']))
        self.client.wait('message_received', message={'last': 'words'})

    def test_restarts_of_all_kinds(self):
        container = self.flow('echo', ECHO)
        docker_id = self.docker_id(container)
        self.reply(container, {'n': 1})
        self.client.done('restart_container', container_id=container)
        self.assertEqual(self.reply(container, {'n': 2})['got']['n'], 2)
        self.engine.kill(docker_id)
        self.client.wait('container_crashed', container_id=container)
        self.assertEqual(self.reply(container, {'n': 3})['got']['n'], 3)
        self.again()
        self.assertEqual(self.reply(container, {'n': 4})['got']['n'], 4)
        self.assertEqual(self.docker_id(container), docker_id)

    def run_in(self, container, command):
        made = self.engine.call('POST', '/containers/%s/exec' % self.docker_id(container), {'Cmd': command})
        self.engine.call('POST', '/exec/%s/start' % made['Id'], {'Detach': True})


class Injected(MessagesTest):
    """flow-runtime in an image that knows nothing of it: busybox alone, and the host's own /usr for other languages."""

    def setUp(self):
        super().setUp()
        self.image = 'flowtest-bare%s:1' % uuid.uuid4().hex[:8]
        self.import_image()
        self.addCleanup(self.engine.call, 'DELETE', '/images/%s?force=1' % self.image, ok=(200, 404, 409))

    def import_image(self):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode='w') as archive:
            for name in ('bin', 'usr', 'lib', 'lib64', 'app', 'tmp'):
                folder = tarfile.TarInfo(name)
                folder.type, folder.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(folder)
            archive.add(shutil.which('busybox'), 'bin/busybox')
            link = tarfile.TarInfo('bin/sh')
            link.type, link.linkname = tarfile.SYMTYPE, 'busybox'
            archive.addfile(link)
        connection = UnixConnection(self.engine.path)
        changes = 'changes=ENTRYPOINT%20%5B%22%2Fbin%2Ffalse%22%5D&changes=CMD%20%5B%22nothing%22%5D'
        connection.request('POST', '/v1.41/images/create?fromSrc=-&repo=%s&tag=1&%s' % (self.image[:-2], changes),
                           tar.getvalue(), {'Content-Type': 'application/x-tar'})
        said = connection.getresponse().read()
        connection.close()
        self.assertNotIn(b'error', said)

    def inject(self, name, command=None, **spec):
        return self.flow(name, command, image=self.image, messaging={'inject': True}, **spec)

    def test_it_runs_what_the_spec_says_and_not_the_entry_point_of_the_image(self):
        for name, spec in (('command', {'command': ECHO}), ('both', {'entrypoint': ECHO[:1], 'command': ECHO[1:]}),
                           ('entrypoint', {'entrypoint': ECHO}), ('variable', {'environment': {'FLOW_COMMAND': ECHO[2]}})):
            with self.subTest(name):
                container = self.inject(name, **spec)
                self.assertEqual(self.reply(container, {'n': 1})['got']['n'], 1)
                self.assertIn('ready', self.log(container))
        made = self.engine.inspect(self.docker_id(container))
        self.assertEqual((made['Config']['Entrypoint'], made['Config']['Cmd'] or []), (['/flow-runtime'], []))
        mount = [m for m in made['Mounts'] if m['Destination'] == '/flow-runtime'][0]
        self.assertFalse(mount['RW'])

    def test_as_a_user_without_any_right(self):
        container = self.inject('echo', ECHO, user='12345:12345', read_only=True, security={'profile': 'restricted'})
        self.assertEqual(self.reply(container, {'n': 1})['got']['n'], 1)

    def test_it_is_no_drift(self):
        container = self.inject('echo', ECHO)
        docker_id = self.docker_id(container)
        self.again()
        self.reaches(container, 'running')
        self.assertEqual(self.reply(container, {'n': 1})['got']['n'], 1)
        self.assertEqual(self.docker_id(container), docker_id)
        self.assertEqual(self.client.status(container)['reason'], '')

    def test_it_can_be_turned_on_later(self):
        container = self.flow('late', ['sleep', '100000'], image=self.image, entrypoint=['/bin/busybox'])
        error = self.send(container, {'n': 1}, expect_reply=True, timeout='20s')['error']
        self.assertEqual(error['error_type'], 'socket_connection_error')
        self.client.done('update_container', container_id=container, messaging={'inject': True}, entrypoint=[], command=ECHO)
        self.assertEqual(self.reply(container, {'n': 2})['got']['n'], 2)

    def test_a_runtime_that_is_not_there(self):
        folder = tempfile.mkdtemp(prefix='fr', dir='/tmp')
        self.addCleanup(shutil.rmtree, folder)
        runtime = os.path.join(folder, 'flow-runtime')
        daemon = self.make_daemon('--runtime', runtime, '--restart-backoff-first', '500ms')
        client = self.make_client(daemon)
        answer = client.call('create_container', name='echo', image=self.image, network_mode='none', command=ECHO,
                             messaging={'inject': True}, desired_state='running', wait=True)
        self.assertFalse(answer['ok'])
        for words in (runtime, '--runtime', 'messaging.inject'):
            self.assertIn(words, answer['error']['message'])
        self.assertFalse(os.path.exists(runtime), 'it was made as a folder')
        shutil.copy(os.path.join(os.path.dirname(os.environ['FLOW_MANAGER']), 'flow-runtime'), runtime)
        eventually(lambda: client.status('echo')['state'] == 'running', 60, 'it runs once the file is there')

    def mounted(self, program):
        """A folder of the host with the program as /app/main, and the host's own libraries and interpreters."""
        folder = tempfile.mkdtemp(prefix='fx', dir='/tmp')
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        shutil.copy(program, os.path.join(folder, 'main'))
        os.chmod(os.path.join(folder, 'main'), 0o755)
        return [folder + ':/app:ro'] + ['/%s:/%s:ro' % (name, name) for name in ('usr', 'lib', 'lib64')
                                        if os.path.isdir('/' + name)]

    def check_example(self, program, **spec):
        container = self.inject('example', volumes=self.mounted(program), **spec)
        for n in range(3):
            self.assertEqual(self.reply(container, {'n': n})['you_said']['n'], n)
        self.assertIn('ready', self.log(container))

    def test_the_example_in_shell(self):
        self.check_example(os.path.join(EXAMPLES, 'echo.sh'))

    def test_the_example_in_cpp(self):
        if not shutil.which('g++'):
            self.skipTest('there is no g++')
        folder = tempfile.mkdtemp(prefix='fx', dir='/tmp')
        self.addCleanup(shutil.rmtree, folder)
        program = os.path.join(folder, 'echo')
        subprocess.run(['g++', '-static', '-o', program, os.path.join(EXAMPLES, 'echo.cpp')], check=True)
        self.check_example(program)

    def test_the_example_in_python(self):
        self.check_interpreted('/usr/bin/python3', 'echo.py')

    def test_the_example_in_javascript(self):
        self.check_interpreted('/usr/bin/node', 'echo.js')

    def test_a_program_that_connects_by_itself_with_lengths(self):
        if not os.path.exists('/usr/bin/python3'):
            self.skipTest('this machine has no Python to lend')
        volumes = self.mounted(os.path.join(EXAMPLES, 'echo.sh'))
        for framing in ('auto', 'length-prefixed'):
            with self.subTest(framing):
                container = self.flow(framing, image=self.image, entrypoint=['/usr/bin/python3', '-c', LENGTHS],
                                      volumes=volumes, messaging={'framing': framing})
                self.client.wait('message_received', message={'hello': framing})
                text = 'a\nb' * 50_000
                self.assertEqual(self.reply(container, {'text': text})['got']['text'], text)

    def check_interpreted(self, interpreter, example):
        if not os.path.exists(interpreter):
            self.skipTest('this machine has no %s to lend' % interpreter)
        self.check_example(os.path.join(EXAMPLES, example), command=[interpreter, '/app/main'])


class Readme(MessagesTest):
    """The demo flow, and the clients of README.md as they stand there."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(ROOT, 'manifests', 'echo.yaml')) as f:
            manifest = f.read() + '  network_mode: none\n'
        answer = self.client.call('apply', manifests=manifest, wait=True)
        self.assertTrue(answer['ok'], answer)
        self.reaches('echo', 'running')

    def code(self, language):
        with open(os.path.join(ROOT, 'README.md')) as f:
            blocks = re.findall('```%s\n(.*?)```' % language, f.read(), re.DOTALL)
        found = [block for block in blocks if 'send_message' in block]
        self.assertEqual(len(found), 1)
        return found[0].replace('http://localhost:8000', 'http://localhost:%d' % self.daemon.port)

    def prints_the_reply(self, command, env=None):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('you_said', done.stdout)
        self.assertIn('hello', done.stdout)

    def test_python(self):
        self.prints_the_reply([sys.executable, '-c', self.code('python')])

    def test_javascript(self):
        self.prints_the_reply(['node', '-e', self.code('javascript')],
                              {'NODE_PATH': os.environ['FLOW_JS'] + '/node_modules'})
