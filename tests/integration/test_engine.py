"""An engine that is stopped and started again under 20 running containers: a dockerd of the test's own."""
import os
import shutil
import signal
import subprocess
import tempfile

from flowtest import Engine, FlowTest, UnixConnection, eventually

IMAGE = 'flow-demo:latest'
ENDS_ON_TERM = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']
COUNT = 20


class OwnEngine(Engine):
    """A dockerd without a bridge, with everything it writes in one folder; ended by its pid."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='fe', dir='/tmp')
        super().__init__(os.path.join(self.folder, 'e.sock'))
        self.process = None

    def up(self):
        command = ['dockerd', '--data-root', self.folder + '/data', '--exec-root', self.folder + '/exec', '--pidfile',
                   self.folder + '/pid', '-H', 'unix://' + self.path, '--storage-driver', 'vfs', '--bridge=none',
                   '--iptables=false', '--ip6tables=false', '--ip-forward=false']
        with open(self.folder + '/log', 'a') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        eventually(self.answers, 60, 'an answer of the engine')

    def answers(self):
        if self.process.poll() is not None:
            with open(self.folder + '/log') as log:
                raise AssertionError('dockerd ended with %s:\n%s' % (self.process.returncode, log.read()[-2000:]))
        try:
            return self.call('GET', '/_ping')
        except OSError:
            return False

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def take_image(self, source):
        """From the host's engine, as a tar."""
        text = self.raw(source, 'GET', '/images/%s/get' % IMAGE)
        self.raw(self, 'POST', '/images/load', text)

    @staticmethod
    def raw(engine, method, path, body=None):
        connection = UnixConnection(engine.path)
        connection.request(method, '/v1.41' + path, body, {'Content-Type': 'application/x-tar'})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise AssertionError('%s %s: %s %s' % (method, path, answer.status, text[:300]))
        return text

    def remove_all(self):
        """Ends it with its containerd and its mounts."""
        if self.process and self.process.poll() is None:
            for container in self.call('GET', '/containers/json?all=1'):
                self.remove(container['Id'])
            self.end()
        eventually(lambda: not self.others(), 20, 'the end of its containerd')
        with open('/proc/self/mounts') as mounts:
            mine = [line.split()[1] for line in mounts if line.split()[1].startswith(self.folder + '/')]
        for mount in sorted(mine, key=len, reverse=True):
            subprocess.run(['umount', '-l', mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def others(self):
        """Processes whose command line names the folder."""
        found = []
        for pid in os.listdir('/proc'):
            try:
                with open('/proc/%s/cmdline' % pid, 'rb') as f:
                    if pid.isdigit() and (self.folder + '/').encode() in f.read():
                        found.append(int(pid))
            except OSError:
                continue
        return found


class EngineRestart(FlowTest):
    def setUp(self):
        if os.geteuid() != 0 or not shutil.which('dockerd'):
            self.skipTest('an engine of its own needs root and dockerd')
        self.own = OwnEngine()
        self.addCleanup(self.own.remove_all)
        self.own.up()
        self.own.take_image(Engine())
        super().setUp()
        self.engine = self.own

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=self.own, **more)

    def running(self):
        return [c for c in self.client.call('list_containers')['containers'] if c['status'] == 'running']

    def run_all(self):
        for i in range(COUNT):
            more = {'command': ENDS_ON_TERM} if i % 2 else {}
            self.client.call('create_container', image=IMAGE, name='c%d' % i, network_mode='none',
                             desired_state='running', **more)
        eventually(lambda: len(self.running()) == COUNT, 60, '%d running' % COUNT)
        self.before = {c['Names'][0]: c['Id'] for c in self.daemon.containers()}
        self.pids = {i: self.own.inspect(i)['State']['Pid'] for i in self.before.values()}

    def check_all_again(self):
        eventually(lambda: len(self.running()) == COUNT, 60, '%d running again' % COUNT)
        eventually(lambda: len(self.client.of('container_started')) == 2 * COUNT, 20, 'each start told')
        self.assertEqual({c['Names'][0]: c['Id'] for c in self.daemon.containers()}, self.before)
        for docker_id, pid in self.pids.items():
            state = self.own.inspect(docker_id)['State']
            self.assertTrue(state['Running'])
            self.assertNotEqual(state['Pid'], pid)
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertEqual(self.client.of('container_stopped'), [])
        self.assertEqual(self.client.of('error'), [])
        for container in self.running():
            status = self.client.status(container['container_id'])
            self.assertIsNone(status['next_retry_at'])
        reasons = {}
        for event in self.client.of('status_changed'):
            if event['reason'] in ('StoppedOutside', 'EngineRestarted'):
                reasons.setdefault(event['container_id'], set()).add(event['reason'])
        self.assertEqual(len(reasons), COUNT, self.client.of('status_changed'))
        self.assertNotIn('CrashLoopBackOff', {e['reason'] for e in self.client.of('status_changed')})
        # Once each time that contact goes: an engine on its way down may answer a last time in between.
        lost = self.client.of('activity_log', activity_type='engine_lost')
        self.assertIn(len(lost), (1, 2), lost)
        rows = self.daemon.sql("select count(*), count(distinct container_id) from events where kind = 'fact' and "
                               "type = 'exit' and summary like '%from outside%'")
        self.assertEqual(rows, [(COUNT, COUNT)])

    def test_stopped_and_started_again(self):
        self.run_all()
        self.own.end()
        eventually(lambda: {c['status'] for c in self.client.call('list_containers')['containers']} == {'unknown'},
                   what='unknown while it is away')
        self.own.up()
        self.check_all_again()
