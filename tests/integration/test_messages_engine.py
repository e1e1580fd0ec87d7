"""Messages in flight while the engine is stopped or killed, with and without live-restore."""
import os
import shutil

from flowtest import Engine, eventually
from own_engine import IMAGE, OwnEngine
from test_sockets import ECHO, SocketsTest

# Reads nothing in its first run, and answers in each later one. Its end is a KILL of all that runs in it: flow-runtime
# throws away what it holds for a program that has ended.
DEAF_ONCE = ['sh', '-c', '[ -e /again ] || { touch /again; trap "" TERM; exec sleep 100000; }; ' + ECHO[2]]
SILENT = ['sh', '-c', 'while read -r m; do :; done']
# Its process, and numbers without a gap.
COUNTS = ['sh', '-c', 'read -r run </proc/uptime; n=0; while :; do n=$((n+1)); '
                      'printf \'{"run":"%s","count":%d}\\n\' "$run" $n; usleep 20000; done']
PENDING = 5


class InFlight(SocketsTest):
    """What each outage finds under way: replies that are awaited, messages in the store's queue, a flow that talks."""

    engine_options = ()

    def setUp(self):
        if os.geteuid() != 0 or not shutil.which('dockerd'):
            self.skipTest('an engine of its own needs root and dockerd')
        self.own = OwnEngine(*self.engine_options)
        self.addCleanup(self.own.remove_all)
        self.own.up()
        self.own.take_image(Engine())
        super().setUp()
        self.engine = self.own
        self.answers = []
        self.run_flows()

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=self.own, **more)

    def flow(self, name, command=ECHO, **spec):
        container = self.create_running(name, image=IMAGE, command=command, **spec)
        self.connected(container)
        return container

    def run_flows(self):
        self.echo = self.flow('echo')
        self.silent = self.flow('silent', SILENT)
        self.counts = self.flow('counts', COUNTS)
        self.queue = self.flow('queue', DEAF_ONCE, messaging={'queue_ttl': '1h'}, stop_grace_period='1s')
        self.assertEqual(self.reply(self.echo, {'n': 0})['n'], 0)
        for n in range(PENDING):
            self.client.sio.emit('send_message', {'container_id': self.silent, 'message': {'message_id': 'p%d' % n},
                                                  'expect_reply': True, 'timeout': '15s'}, callback=self.answers.append)
            self.client.wait('message_sent', message_id='p%d' % n)
        self.queued = []
        self.ids = {}
        self.next = 0
        self.put_in_queue(until=20)
        self.numbers_go_on()

    def put_in_queue(self, until):
        """Messages that are answered `queued`: what the deaf one's socket takes is answered `sent`."""
        waiting = 0
        while waiting < until:
            answer = self.send(self.queue, {'n': self.next, 'fill': 'x' * 30_000})
            self.assertTrue(answer['ok'], answer)
            if answer['status'] == 'queued':
                self.queued.append(self.next)
                self.ids[answer['message_id']] = self.next
                waiting += 1
            self.next += 1

    def numbers(self):
        """Of each run, in order of time."""
        runs = {}
        for told in self.client.of('message_received', container_id=self.counts):
            runs.setdefault(told['message']['run'], []).append(told['message']['count'])
        return list(runs.values())

    def numbers_go_on(self):
        count = sum(map(len, self.numbers()))
        eventually(lambda: sum(map(len, self.numbers())) > count, what='further numbers')

    def no_number_is_missing(self, runs):
        numbers = self.numbers()
        self.assertEqual(len(numbers), runs)
        for run in numbers:
            self.assertEqual(run, list(range(1, len(run) + 1)))

    def all_pending_end(self):
        """With an answer that tells why there is no reply."""
        eventually(lambda: len(self.answers) == PENDING, 40, 'an answer to each')
        for answer in self.answers:
            self.assertFalse(answer['ok'], answer)
            self.assertIn(answer['error']['error_type'], ('socket_timeout_error', 'socket_connection_error'))

    def returned(self):
        self.own.up()
        eventually(lambda: self.state(self.echo) == 'running', 40, 'the echo running')

    def heard(self):
        return [told['message']['got']['n']
                for told in self.client.of('message_received', container_id=self.queue) if 'got' in told['message']]

    def nothing_queued_is_lost(self):
        eventually(lambda: set(self.heard()) >= set(self.queued), 40, 'all that was queued')
        kept = [n for n in self.heard() if n in self.queued]
        self.assertEqual(sorted(set(kept)), self.queued)
        self.assertEqual(list(dict.fromkeys(kept)), self.queued, 'their order')
        eventually(lambda: self.daemon.sql("select count(*) from messages where status = 'queued'") == [(0,)],
                   what='none left in the store')


class Restarted(InFlight):
    """All of them are started anew, on the way down or on the engine's return."""

    def all_anew(self):
        self.put_in_queue(until=5)
        self.returned()
        for container in (self.echo, self.silent, self.counts, self.queue):
            self.reaches(container, 'running', 40)
            self.connected(container)
        self.nothing_queued_is_lost()
        self.all_pending_end()
        self.assertEqual(self.reply(self.echo, {'n': 1})['n'], 1)
        self.numbers_go_on()
        self.no_number_is_missing(runs=2)

    def test_stopped_and_started_again(self):
        self.own.end()
        eventually(lambda: not self.client.status(self.echo)['socket_connected'], what='its end')
        answer = self.client.call('send_message', {'container_id': self.echo, 'message': {'n': 1}, 'expect_reply': True,
                                                   'timeout': '500ms'})
        self.assertIn(answer['error']['error_type'], ('socket_timeout_error', 'socket_connection_error'))
        self.all_anew()

    def test_killed_and_started_again(self):
        self.own.kill()
        self.all_anew()

    def test_killed_together_with_the_daemon(self):
        self.own.kill()
        self.again()
        for container in (self.echo, self.queue):
            self.connected(container)
        self.assertEqual(self.reply(self.echo, {'n': 1})['n'], 1)
        # The new connection of the deaf one has taken some of them; they end with its process.
        left = self.daemon.sql("select message_id from messages where status = 'queued'")
        self.queued = sorted(self.ids[message_id] for message_id, in left)
        self.put_in_queue(until=5)
        self.own.up()
        self.nothing_queued_is_lost()
        self.assertEqual(self.reply(self.echo, {'n': 1})['n'], 1)


class LiveRestore(InFlight):
    """The connections go on as if nothing had happened."""

    engine_options = ('--live-restore',)

    def untouched(self, leave):
        pid = self.own.inspect(self.docker_id(self.echo))['State']['Pid']
        leave()
        eventually(lambda: self.state(self.echo) == 'unknown', what='the loss of the engine')
        self.assertEqual(self.reply(self.echo, {'n': 1})['n'], 1)
        self.numbers_go_on()
        self.put_in_queue(until=5)
        self.returned()
        self.assertEqual(self.reply(self.echo, {'n': 2})['n'], 2)
        self.assertEqual(self.own.inspect(self.docker_id(self.echo))['State']['Pid'], pid)
        self.numbers_go_on()
        self.no_number_is_missing(runs=1)
        self.all_pending_end()
        self.client.done('restart_container', container_id=self.queue)
        self.nothing_queued_is_lost()

    def test_stopped_and_started_again(self):
        self.untouched(self.own.end)

    def test_killed_and_started_again(self):
        self.untouched(self.own.kill)
