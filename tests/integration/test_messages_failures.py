"""Messages while a disk is full, a folder takes no sockets or no file can be opened: named, and nobody else is hurt."""
import os
import resource
import shutil
import socket
import tempfile
import time

import engineio.packet
from engine_proxy import BehindProxy, EngineProxy
from flowtest import eventually
from small_disk import SmallDisk
from test_sockets import ECHO, SocketsTest

FLOODS = ['sh', '-c', 'yes \'{"n":1,"text":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\'']
COUNTS = ['sh', '-c', 'n=0; while :; do n=$((n+1)); printf \'{"count":%d}\\n\' $n; usleep 2000; done']


class OnSmallDisk(SocketsTest):
    """The daemon's data, or a part of it, on a disk of its own."""

    part = ''
    disk_options = ''

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest('a disk of its own needs root')
        self.place = tempfile.mkdtemp(prefix='ft', dir='/tmp')
        os.makedirs(self.place + '/d', mode=0o700)
        self.disk = SmallDisk(self.place + '/d' + self.part, self.disk_options)
        self.addCleanup(self.leave_nothing)
        super().setUp()

    def leave_nothing(self):
        self.disk.remove()
        if not os.path.exists(self.place + '/log1'):    # else it is kept, for it tells of a failure
            shutil.rmtree(self.place, ignore_errors=True)

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, folder=self.place, **more)

    def asked(self, container, message, timeout='20s'):
        return self.client.call('send_message', {'container_id': container, 'message': message, 'expect_reply': True,
                                                 'timeout': timeout})


class StoreFull(OnSmallDisk):
    disk_options = 'size=16m'

    def fill(self, container):
        """The store has some room of its own left: sends until it says that there is none."""
        self.disk.fill()
        taken = []
        for n in range(1000):
            answer = self.send(container, {'n': n, 'fill': 'x' * 20_000})
            if not answer['ok']:
                return taken, answer['error']
            taken.append(n)
        self.fail('1000 durable messages on a full disk')

    def still_full(self, container):
        """SQLite may begin its log anew and so find room of its own once more: that is soon used up."""
        answers = (self.send(container, {'n': -1, 'fill': 'x' * 20_000}) for _ in range(300))
        self.refused(next((answer for answer in answers if not answer['ok']), {'ok': True}))

    def refused(self, answer):
        """Who asked knows which file, and why."""
        self.assertFalse(answer['ok'], answer)
        self.assertEqual(answer['error']['error_type'], 'system_error', answer)
        self.assertIn(self.daemon.data + '/flow.db', answer['error']['message'])
        self.assertIn('full', answer['error']['message'])

    def test_live_ones_go_through_and_what_was_taken_is_not_lost(self):
        live = self.flow('live')
        kept = self.flow('kept', messaging={'durable': True})
        later = self.flow('later', messaging={'queue_ttl': '1h'})
        self.client.done('stop_container', container_id=later)
        taken, error = self.fill(later)
        self.refused({'ok': False, 'error': error})
        for n in range(5):
            self.assertEqual(self.reply(live, {'n': n})['n'], n)
            self.refused(self.send(kept, {'n': n}))
            self.refused(self.asked(kept, {'n': n}))
            self.still_full(later)
        status, ready = self.daemon.http('GET', '/readyz')
        self.assertEqual(status, 503)
        self.assertIn('flow.db', ' '.join(ready['reasons']))
        self.disk.free()
        self.assertEqual(self.reply(kept, {'n': 100})['n'], 100)
        answer = self.send(later, {'n': len(taken)})
        self.assertEqual(answer['status'], 'queued', answer)
        self.assertEqual(self.daemon.http('GET', '/readyz')[0], 200)
        self.again()
        self.client.done('start_container', container_id=later)
        expected = taken + [len(taken)]
        eventually(lambda: len(self.heard(later)) >= len(expected), what='all that was taken')
        self.assertEqual([n for n in self.heard(later) if n >= 0], expected)
        self.assertEqual(self.reply(live, {'n': 9})['n'], 9)

    def heard(self, container):
        """Numbers that the container has got, by its own word."""
        return [told['message']['got']['n'] for told in self.client.of('message_received', container_id=container)]


    def test_what_a_container_says_meanwhile_is_told_or_its_loss_is(self):
        """A durable flow that counts: it waits for the disk, or somebody hears that its words are lost."""
        counts = self.while_full(COUNTS)
        numbers = [told['message']['count'] for told in self.client.of('message_received', container_id=counts)]
        lost = set(range(1, numbers[-1])) - set(numbers)
        told = self.client.of('communication_error', container_id=counts) + self.client.of('logging_error')
        self.assertTrue(told or not lost, '%d messages are lost, and nobody was told' % len(lost))

    def test_a_durable_flow_that_floods_meanwhile_is_no_hot_loop(self):
        self.while_full(FLOODS)
        self.assertLess(self.errors, 1000, 'lines of the log that say so, while 20 messages of a client were refused')

    def while_full(self, command):
        """A durable flow talks on while others fill the store, and is heard again afterwards."""
        later = self.flow('later', messaging={'queue_ttl': '1h'})
        self.client.done('stop_container', container_id=later)
        talks = self.flow('talks', command, messaging={'durable': True})
        heard = lambda: len(self.client.of('message_received', container_id=talks))
        eventually(heard, what='its words')
        self.fill(later)
        errors = self.daemon.log().count(' E ')
        for n in range(20):
            self.still_full(later)
        self.errors = self.daemon.log().count(' E ') - errors
        self.disk.free()
        before = heard()
        eventually(lambda: heard() > before, what='further words')
        self.client.call('delete_container', container_id='talks', force=True)
        return talks


class RunFolder(OnSmallDisk):
    """The sockets' folder alone takes nothing any more; the store goes on."""

    part = '/run'
    disk_options = 'nr_inodes=1k'

    def setUp(self):
        super().setUp()
        self.echo = self.flow('echo')

    def no_socket(self, what):
        """Refused for a folder that cannot be made; declared all the same, and tried again."""
        answer = self.client.call('create_container', name='late', image='flow:latest', command=ECHO, network_mode='none',
                                  desired_state='running', wait=True)
        self.assertFalse(answer['ok'], answer)
        error = answer['error']
        self.assertEqual(error['error_type'], 'system_error', error)
        late = self.client.status('late')['container_id']
        for words in (self.folder(late), what):
            self.assertIn(words, error['message'])
        self.assertIn(self.folder(late), self.client.status(late)['message'])
        return late

    def others_unhurt(self):
        for n in range(5):
            self.assertEqual(self.reply(self.echo, {'n': n})['n'], n)
        self.client.done('restart_container', container_id=self.echo)
        self.assertEqual(self.reply(self.echo, {'n': 9})['n'], 9)

    def works(self, container):
        eventually(lambda: self.state(container) == 'running', 20, 'it runs as soon as it can')
        self.connected(container)
        self.assertEqual(self.reply(container, {'n': 1})['n'], 1)

    def test_no_room_for_another_one(self):
        made = self.disk.take_files(0)
        late = self.no_socket('No space left on device')
        self.others_unhurt()
        self.disk.give_files(made)
        self.works(late)

    def test_room_for_its_folder_only(self):
        made = self.disk.take_files(1)
        late = self.client.call('create_container', name='late', image='flow:latest', command=ECHO, network_mode='none',
                                desired_state='running')['container_id']
        told = self.client.wait('communication_error', container_id=late)
        self.assertIn(self.path(late), told['message'])
        self.assertIn('No space left on device', told['message'])
        self.reaches(late, 'running')
        error = self.asked(late, {'n': 1})['error']
        self.assertEqual(error['error_type'], 'socket_connection_error')
        self.others_unhurt()
        self.disk.give_files(made)
        self.works(late)

    def test_read_only(self):
        self.disk.read_only()
        late = self.no_socket('Read-only file system')
        self.others_unhurt()
        self.disk.writable()
        self.works(late)
        self.assertEqual(self.client.of('communication_error', container_id=self.echo), [])

    def test_a_socket_that_cannot_be_made_again(self):
        other = self.flow('other')
        self.disk.read_only()
        os.remove(self.path(other).replace(self.disk.path, self.disk.behind))
        told = self.client.wait('communication_error', container_id=other)
        self.assertIn(self.path(other), told['message'])
        self.assertIn('Read-only file system', told['message'])
        # Who is connected stays so.
        self.assertEqual(self.reply(other, {'n': 1})['n'], 1)
        self.others_unhurt()
        self.disk.writable()
        eventually(lambda: os.path.exists(self.path(other)), 15, 'the socket again')
        self.client.done('restart_container', container_id=other)
        self.assertEqual(self.reply(other, {'n': 2})['n'], 2)
        # Not one for each look.
        self.assertEqual(len(self.client.of('communication_error', container_id=other)), 1)


class FewFiles(SocketsTest):
    """More want to connect than the daemon may open files.

    All that it does then it has done before: UBSan opens a pipe to look at the first object of each class, takes it for
    damaged when it cannot, and says that memory cannot be printed.
    """

    options = ('--stats-interval', '1h')

    def setUp(self):
        self.proxy = EngineProxy().up()
        self.addCleanup(self.proxy.close)
        super().setUp()
        self.pid = self.daemon.process.pid
        self.echo = self.flow('echo')
        # What runs in it never connects: the test does that for it.
        self.connection = None
        self.said = 0
        self.addCleanup(lambda: self.connection and self.connection.close())
        self.played = self.create_running('played', entrypoint=['sleep'], command=['100000'])

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=BehindProxy(self.proxy), **more)

    def connect(self):
        """As the container would, which has one connection."""
        if self.connection:
            self.connection.close()
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(10)
        self.connection.connect(self.path(self.played))

    def is_taken(self):
        """A message from it is proof that somebody has taken the connection."""
        try:
            self.connect()
            self.said += 1
            self.connection.sendall(b'{"said":%d}\n' % self.said)
        except OSError:
            return False
        heard = lambda: self.client.of('message_received', container_id=self.played, message={'said': self.said})
        end = time.monotonic() + 1
        while not heard() and time.monotonic() < end:
            time.sleep(0.02)
        return heard()

    def nobody_takes_it(self):
        """The end comes at once, as from a socket that nobody listens on."""
        self.connect()
        if self.connection.recv(1) == b'':
            raise ConnectionResetError

    def crowd(self):
        for _ in range(40):
            connection = socket.create_connection(('127.0.0.1', self.daemon.port))
            self.addCleanup(connection.close)
            yield connection

    def files(self):
        return [int(number) for number in os.listdir('/proc/%d/fd' % self.pid)]

    def limit(self, files):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, (files, files))

    def cpu(self):
        with open('/proc/%d/stat' % self.pid) as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def refusals(self):
        return self.daemon.log().count('accept failed')

    def test_it_neither_spins_nor_dies_and_takes_them_when_others_have_left(self):
        self.rehearse()
        try:
            self.too_many_come_and_leave()
        except Exception:
            if not self.daemon.alive() and '<memory cannot be printed>' in self.daemon.log():
                self.skipTest('UBSan had no file to look at an object with: run it with a release build')
            raise

    def rehearse(self):
        eventually(self.is_taken, what='its first connection')
        self.assertEqual(self.reply(self.echo, {'n': 0})['n'], 0)
        os.remove(self.path(self.echo))
        self.client.wait('communication_error', container_id=self.echo)
        self.proxy.down()
        eventually(lambda: self.state(self.echo) == 'unknown', what='the loss of the engine')
        self.proxy.up()
        eventually(lambda: self.state(self.echo) == 'running', what='its return')
        self.make_client().close()
        for connection in list(self.crowd()):
            connection.close()
        self.connection.close()
        eventually(lambda: not self.client.status(self.played)['socket_connected'], what='its end')

    def too_many_come_and_leave(self):
        self.limit(max(self.files()) + 3)
        crowd = list(self.crowd())
        eventually(self.refusals, what='a connection that cannot be taken')
        began, used, refusals = time.monotonic(), self.cpu(), self.refusals()
        self.assertRaises(OSError, self.nobody_takes_it)
        told = self.client.wait('communication_error', container_id=self.played)
        self.assertIn('Too many open files', told['message'])
        eventually(lambda: self.refusals() - refusals >= 20, what='further ones')
        self.assertLess((self.cpu() - used) / (time.monotonic() - began), 0.3)
        for n in range(5):
            self.assertEqual(self.reply(self.echo, {'n': n})['n'], n)
        self.assertTrue(self.daemon.alive())
        for connection in crowd:
            connection.close()
        eventually(self.is_taken, what='a connection of the container')
        other = self.make_client()
        self.assertTrue(other.call('send_message', {'container_id': self.played, 'message': {'n': 1}})['ok'])


class Flood(SocketsTest):
    """One container writes as fast as it can, and this client, which is no fast one, listens to all of it."""

    def make_client(self, daemon=None, **more):
        client = super().make_client(daemon, **more)
        client.began = time.monotonic()
        client.pings = []
        receive = client.sio.eio._receive_packet

        def note(packet):
            if packet.packet_type == engineio.packet.PING:
                client.pings.append(time.monotonic() - client.began)
            receive(packet)
        client.sio.eio._receive_packet = note
        return client

    def setUp(self):
        super().setUp()
        self.echo = self.flow('echo')
        self.other = self.create('other')
        self.left = []
        self.client.sio.on('disconnect', lambda: self.left.append(True))
        self.quiet = self.make_client()
        self.quiet.call('subscribe', types=['container_*'])
        self.quiet.done('create_container', name='flood', image='flow:latest', network_mode='none',
                        desired_state='running', command=FLOODS)
        eventually(lambda: len(self.client.of('message_received')) > 5000, what='the flood')

    def tearDown(self):
        self.quiet.call('delete_container', container_id='flood', force=True)
        super().tearDown()

    def test_its_round_trips_go_on(self):
        eventually(lambda: len(self.client.of('message_received')) > 15_000, what='more of the flood')
        for n in range(3):
            began = time.monotonic()
            self.assertEqual(self.reply(self.echo, {'n': n})['n'], n)
            self.assertLess(time.monotonic() - began, 8, 'too many of the messages that may be missed come first')
        self.assertEqual(self.left, [])

    def test_it_is_pinged_in_time(self):
        """Every 25 s; python-engineio stops writing after 30 s without one, and so is found dead 15 s later."""
        eventually(lambda: self.client.pings or self.left, 60, 'its first ping, or the end')
        self.assertEqual(self.left, [])
        self.assertLess(self.client.pings[0], 29)

    def test_what_is_in_the_log_is_told_all_the_same(self):
        """Of messages that are not kept a slow client may miss some; of changes of containers none, and soon."""
        self.quiet.done('start_container', container_id=self.other)
        self.assertTrue(self.quiet.of('container_started', container_id=self.other))
        self.client.wait('container_started', container_id=self.other, timeout=20)
        self.assertEqual(self.left, [])
