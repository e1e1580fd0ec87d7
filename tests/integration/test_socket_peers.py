"""What may come to a container's socket, byte by byte: the test itself connects, as the container's program would."""
import json
import signal
import socket
import struct

from flowtest import eventually
from test_sockets import SocketsTest


class Peer:
    """One connection to the socket of a container."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.file = self.socket.makefile('rb')

    def say(self, message):
        self.socket.sendall(json.dumps(message).encode() + b'\n')

    def say_with_length(self, message):
        data = json.dumps(message).encode()
        self.socket.sendall(struct.pack('>I', len(data)) + data)

    def line(self):
        return json.loads(self.file.readline())

    def with_length(self):
        return json.loads(self.file.read(struct.unpack('>I', self.file.read(4))[0]))

    def is_over(self):
        """Waits for the end that the other side makes of it."""
        try:
            return self.socket.recv(1) == b''
        except ConnectionResetError:
            return True

    def close(self):
        self.file.close()
        self.socket.close()


class Peers(SocketsTest):
    def played(self, **messaging):
        """A container that runs and never connects by itself."""
        return self.create_running('played', entrypoint=['sleep'], command=['100000'], messaging=messaging)

    def connect(self, container):
        peer = Peer(self.path(container))
        self.addCleanup(peer.close)
        return peer

    def heard(self, container, message):
        return self.client.wait('message_received', container_id=container, message=message)

    def wrong(self, container):
        return self.client.wait('message_format_error', container_id=container)

    def answers(self, container, peer, n):
        peer.say({'said': n})
        self.heard(container, {'said': n})
        self.assertTrue(self.send(container, {'n': n})['ok'])
        self.assertEqual(peer.line()['n'], n)

    def test_a_second_connection_is_refused_and_the_first_one_goes_on(self):
        container = self.played()
        first = self.connect(container)
        self.answers(container, first, 1)
        self.assertTrue(self.connect(container).is_over())
        told = self.client.wait('communication_error', container_id=container)
        self.assertIn('second connection', told['message'])
        self.assertTrue(self.connect(container).is_over())
        self.answers(container, first, 2)
        first.close()
        third = self.connect(container)
        self.answers(container, third, 3)
        self.assertEqual(len(self.client.of('communication_error', container_id=container)), 1)

    def test_a_line_that_is_too_long(self):
        container = self.played(max_message='1k')
        peer = self.connect(container)
        self.answers(container, peer, 1)
        peer.socket.sendall(b'{"long":"' + b'x' * 3000)     # told before it ends
        told = self.wrong(container)
        self.assertIn('xxx', told['details']['excerpt'])
        self.assertLess(len(told['details']['excerpt']), 1024)
        peer.socket.sendall(b'x"}\n')
        self.answers(container, peer, 2)

    def test_a_length_that_is_too_long(self):
        container = self.played(max_message='1k', framing='length-prefixed')
        peer = self.connect(container)
        peer.say_with_length({'long': 'x' * 3000})
        self.wrong(container)
        peer.say_with_length({'said': 1})
        self.heard(container, {'said': 1})
        self.assertTrue(self.send(container, {'n': 1})['ok'])
        self.assertEqual(peer.with_length()['n'], 1)

    def test_what_is_not_even_a_length(self):
        """Lines where lengths are said: 2 GB are announced, and nobody reserves them."""
        container = self.played(framing='length-prefixed')
        peer = self.connect(container)
        peer.say({'said': 1})
        self.wrong(container)
        again = peer.is_over() and self.connect(container)
        again.say_with_length({'said': 2})
        self.heard(container, {'said': 2})

    def test_one_that_says_nothing_is_written_lines(self):
        container = self.played()
        peer = self.connect(container)
        for n in range(3):
            self.assertTrue(self.send(container, {'n': n})['ok'])
        self.assertEqual([peer.line()['n'] for _ in range(3)], [0, 1, 2])

    def test_one_that_never_reads_and_then_does(self):
        container, echo = self.played(), self.flow('echo')
        peer = self.connect(container)
        peer.say({'said': 1})
        self.heard(container, {'said': 1})
        taken = []
        for n in range(200):
            answer = self.send(container, {'n': n, 'fill': 'x' * 100_000})
            if not answer['ok']:
                break
            taken.append(n)
        self.assertEqual(answer['error']['error_type'], 'rate_limited')
        self.assertIn('played', answer['error']['message'])
        self.assertEqual(self.reply(echo, {'n': 1})['n'], 1)
        # What it says is heard all the while, and what was taken arrives once it reads.
        peer.say({'said': 2})
        self.heard(container, {'said': 2})
        self.assertEqual([peer.line()['n'] for _ in taken], taken)
        self.assertEqual(self.send(container, {'n': 1000})['ok'], True)
        self.assertEqual(peer.line()['n'], 1000)

    def test_a_flood_of_nonsense_is_told_once_a_second(self):
        container, echo = self.played(), self.flow('echo')
        peer = self.connect(container)
        peer.say({'said': 1})
        self.heard(container, {'said': 1})
        peer.socket.sendall(b'nonsense\n' * 20_000)
        peer.say({'said': 2})
        self.heard(container, {'said': 2})
        self.assertEqual(self.reply(echo, {'n': 1})['n'], 1)
        told = self.client.of('message_format_error', container_id=container)
        self.assertIn('nonsense', told[0]['details']['excerpt'])
        self.assertLess(len(told), 10)

    def test_one_that_goes_in_the_middle_of_a_message(self):
        container = self.played()
        peer = self.connect(container)
        self.answers(container, peer, 1)
        peer.socket.sendall(b'{"half":')
        peer.close()
        eventually(lambda: not self.client.status(container)['socket_connected'], what='its end')
        self.answers(container, self.connect(container), 2)
        self.assertEqual(self.client.of('message_format_error'), [])

    def test_one_that_comes_while_last_words_are_still_unread(self):
        """A new process may connect before the end of the old one was read: that is no second connection."""
        container = self.played()
        self.daemon.process.send_signal(signal.SIGSTOP)
        peer = self.connect(container)
        peer.say({'last': 'words'})
        peer.close()
        again = self.connect(container)
        self.daemon.process.send_signal(signal.SIGCONT)
        self.heard(container, {'last': 'words'})
        self.answers(container, again, 1)
        self.assertEqual(self.client.of('communication_error'), [])
