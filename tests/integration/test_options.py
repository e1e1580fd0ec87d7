"""What the command line and the environment get: wrong usage is refused with code 2 and names the option; and where
the daemon listens."""
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from flowtest import ENGINE_SOCKET, FlowTest, UnixConnection, eventually

GOOD = ('--docker-host', 'unix://' + ENGINE_SOCKET, '--listen', 'localhost:0')


def run_daemon(*options, **env):
    """To its end: it must be one that does not stay up."""
    return subprocess.run([os.environ['FLOW_MANAGER'], *options], capture_output=True, text=True, timeout=20,
                          env={**os.environ, **env})


class Options(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='fo', dir='/tmp')
        self.addCleanup(shutil.rmtree, self.folder)
        self.data = ('--data-dir', os.path.join(self.folder, 'd'))

    def refused(self, *options, says, env=None):
        """Wrong usage, as a daemon and as a check: nothing is made."""
        self.check(run_daemon(*self.data, *options, **(env or {})), says)
        self.refused_by_the_check(*options, says=says, env=env)

    def refused_by_the_check(self, *options, says, env=None):
        self.check(run_daemon(*self.data, *options, '--check-config', **(env or {})), says)

    def check(self, answer, says):
        """Code 2, and one line that says what is wrong."""
        with self.subTest(command=answer.args):
            self.assertEqual(answer.returncode, 2, answer)
            self.assertEqual(answer.stdout, '')
            self.assertEqual(answer.stderr.count('\n'), 1, answer.stderr)
            for text in says:
                self.assertIn(text, answer.stderr)
            self.assertEqual(os.listdir(self.folder), [])

    def does_not_start(self, *options, says, env=None):
        """What --check-config refuses, too; the daemon may see it only when it opens its parts, and end with 1."""
        answer = run_daemon(*self.data, *options, **(env or {}))
        with self.subTest(command=answer.args):
            self.assertIn(answer.returncode, (1, 2), answer)
            self.assertEqual(answer.stdout, '')
            for text in says:
                self.assertIn(text, answer.stderr)
        shutil.rmtree(os.path.join(self.folder, 'd'), ignore_errors=True)
        self.refused_by_the_check(*options, says=says, env=env)

    def test_a_good_configuration(self):
        more = ('--default-host-ip', '::1', '--name-prefix', 'heph-', '--stats-interval', '1s',
                '--resync-interval', '1m')
        answer = run_daemon(*self.data, *GOOD, *more, '--check-config')
        self.assertEqual((answer.returncode, answer.stderr), (0, ''))
        self.assertTrue(answer.stdout)
        self.assertEqual(os.listdir(self.folder), [])

    def test_default_host_ip(self):
        for value in ('localhost', '300.1.1.1', '1.2.3', '', '127.0.0.1:80'):
            self.refused(*GOOD, '--default-host-ip', value, says=['--default-host-ip'])

    def test_intervals(self):
        for option in ('--stats-interval', '--resync-interval'):
            for value in ('0s', '0', 'soon', '-1s'):
                self.refused(*GOOD, option + '=' + value, says=[option])

    def test_name_prefix(self):
        for value in ('a b-', '-a', 'a/', 'ä-', 'x' * 64):
            self.refused(*GOOD, '--name-prefix=' + value, says=['--name-prefix'])

    def test_addresses(self):
        engine = GOOD[:2]
        for value in ('foo', 'nonsense:port', 'localhost:99999', 'unix:'):
            self.does_not_start(*engine, '--listen', value, says=['--listen', value])
        self.does_not_start(*engine, '--listen', '0.0.0.0:0', says=['0.0.0.0:0', '--insecure'])
        self.does_not_start(*engine, '--listen', 'localhost:0', '--listen', '[::]:0', says=['[::]:0', '--insecure'])
        answer = run_daemon(*self.data, *engine, '--listen', '0.0.0.0:0', '--insecure', '--check-config')
        self.assertEqual(answer.returncode, 0, answer)

    def test_engines_elsewhere(self):
        for value in ('tcp://x:1', 'ssh://me@there', 'nonsense'):
            self.does_not_start(*GOOD[2:], says=[value, 'unix://'], env={'DOCKER_HOST': value})
            self.does_not_start(*GOOD[2:], '--docker-host', value, says=[value, 'unix://'])

    def test_the_same_from_the_environment_and_from_a_file(self):
        self.refused(*GOOD, says=['--name-prefix'], env={'FLOW_NAME_PREFIX': 'a b-'})
        with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:
            file.write('stats_interval: 0s\n')
            file.flush()
            self.refused(*GOOD, '--config', file.name, says=['stats-interval'])

    def test_unknown_options_and_long_paths(self):
        self.refused(*GOOD, '--no-such-option', says=['--no-such-option'])
        long = '/tmp/' + 'x' * 70
        answer = run_daemon('--data-dir', long, *GOOD)
        self.assertIn(answer.returncode, (1, 2))
        self.assertIn(long, answer.stderr)
        self.assertFalse(os.path.exists(long))


class Beside(FlowTest):
    """Beside a daemon that runs."""

    def refused(self, data, listen):
        answer = run_daemon('--docker-host', GOOD[1], '--data-dir', data, '--listen', listen)
        self.assertEqual((answer.returncode, answer.stdout), (1, ''), answer)
        return answer.stderr

    def test_a_second_daemon_on_the_data_directory(self):
        text = self.refused(self.daemon.data, 'localhost:0')
        self.assertIn(self.daemon.data, text)
        self.assertIn(str(self.daemon.process.pid), text)
        self.create('web')

    def test_a_taken_port(self):
        text = self.refused(os.path.join(self.daemon.folder, 'other'), 'localhost:%d' % self.daemon.port)
        self.assertIn(str(self.daemon.port), text)


class Listen(unittest.TestCase):
    def healthy(self, connection):
        connection.request('GET', '/healthz')
        answer = connection.getresponse()
        self.assertEqual((answer.status, json.loads(answer.read())), (200, {'status': 'ok'}))
        connection.close()

    def free_port(self):
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            return s.getsockname()[1]

    def test_two_addresses_by_the_environment(self):
        folder = tempfile.mkdtemp(prefix='fo', dir='/tmp')
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        ports, path = [self.free_port(), self.free_port()], os.path.join(folder, 's')
        addresses = 'localhost:%d,127.0.0.1:%d,unix:%s' % (*ports, path)
        daemon = subprocess.Popen([os.environ['FLOW_MANAGER'], '--data-dir', folder + '/d', *GOOD[:2]], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env={**os.environ, 'FLOW_LISTEN': addresses})
        try:
            self.assertEqual(daemon.stdout.readline(), 'listening on http://localhost:%d\n' % ports[0])
            for port in ports:
                self.healthy(http.client.HTTPConnection('127.0.0.1', port, timeout=10))
            self.healthy(UnixConnection(path, timeout=10))
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        finally:
            daemon.terminate()
            log = daemon.communicate(timeout=15)[1]
        self.assertEqual(daemon.returncode, 0, log)


class Policy(FlowTest):
    """The section `policy` of the configuration file, in a daemon that runs (contract 2)."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix='fo', dir='/srv' if os.path.isdir('/srv') else '/tmp')
        self.addCleanup(shutil.rmtree, self.root)
        for name in ('allowed/data', 'looked-at', 'others'):
            os.makedirs(os.path.join(self.root, name))
        self.file = os.path.join(self.root, 'config.yaml')
        self.configure('host_paths: [%s/allowed, %s/looked-at:ro]' % (self.root, self.root))
        self.options = ('--config', self.file)
        super().setUp()

    def configure(self, policy):
        with open(self.file, 'w') as f:
            f.write('policy: {%s}\n' % policy)

    def spec(self, name, source):
        return {'name': name, 'image': 'flow-demo:latest', 'network_mode': 'none',
                'volumes': ['%s/%s' % (self.root, source)]}

    def forbidden(self, source):
        error = self.client.refused('create_container', self.spec('refused', source))
        self.assertEqual((error['error_type'], error['details'].get('rules')), ('forbidden', ['host_paths']), error)
        return error

    def created(self, source):
        return self.client.done('create_container', self.spec('made', source))['container_id']

    def test_host_paths_are_all_that_is_allowed(self):
        for source in ('allowed:/in', 'allowed/data:/in', 'looked-at:/in:ro'):
            self.client.done('delete_container', container_id=self.created(source))
        for source in ('others:/in', 'others:/in:ro', 'looked-at:/in', ':/in'):
            self.assertIn(self.root, self.forbidden(source)['message'])
        error = self.client.refused('create_container', self.spec('refused', 'allowed/../others:/in'))
        self.assertIn('".."', error['message'])
        os.symlink(self.root + '/others', self.root + '/allowed/link')
        self.forbidden('allowed/link:/in')

    def test_a_folder_that_leads_elsewhere_since_it_was_accepted(self):
        container = self.created('allowed/data:/in')
        os.rmdir(self.root + '/allowed/data')
        os.symlink('/etc', self.root + '/allowed/data')
        error = self.client.call('start_container', container_id=container, wait=True)['error']
        self.assertEqual(error['error_type'], 'forbidden', error)
        self.assertIn(self.root + '/allowed/data', error['message'])
        self.assertFalse(self.engine.running(self.docker_id(container)))
        self.assertEqual(self.engine.inspect(self.docker_id(container))['State']['StartedAt'][:4], '0001', 'never')
        os.unlink(self.root + '/allowed/data')
        os.mkdir(self.root + '/allowed/data')
        self.client.done('start_container', container_id=container)
        self.reaches(container, 'running')

    def test_sighup_reads_it_again(self):
        self.forbidden('others:/in')
        self.configure('host_paths: [%s/others]' % self.root)
        self.forbidden('others:/in')
        self.hang_up('configuration read again')
        container = self.created('others:/in')
        self.forbidden('allowed:/in')
        self.configure('host_paths: 7, nonsense: true')
        self.hang_up('the old one holds')
        self.forbidden('allowed:/in')
        self.configure('host_paths: [%s/allowed]' % self.root)
        self.hang_up('configuration read again')
        error = self.client.call('start_container', container_id=container, wait=True)['error']
        self.assertEqual(error['error_type'], 'forbidden', 'what was accepted is checked again before each start')

    def hang_up(self, says):
        said = self.daemon.log().count(says)
        self.daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: self.daemon.log().count(says) > said, what='%r in the log' % says)
