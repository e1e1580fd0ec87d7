"""python-socketio's synchronous client: websocket only, polling only, and the upgrade."""
import queue
import threading
import unittest

import socketio

from server import DEADLINE, Server, free_port


class Client(socketio.Client):
    """Keeps what comes, by namespace and event, until it is asked for."""

    def __init__(self):
        super().__init__(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
        self._kept = {}
        self._guard = threading.Lock()

    def keep(self, event, namespace='/'):
        self.on(event, lambda *args: self._queue(event, namespace).put(args), namespace=namespace)

    def _queue(self, event, namespace):
        with self._guard:
            return self._kept.setdefault((event, namespace), queue.Queue())

    def next(self, event, namespace='/'):
        try:
            return self._queue(event, namespace).get(timeout=DEADLINE)
        except queue.Empty:
            raise AssertionError(f'no "{event}" came in {namespace} within {DEADLINE} s') from None

    def leave(self):
        # Ends the attempts to come back, which disconnect() leaves alone.
        if self._reconnect_abort is not None:
            self._reconnect_abort.set()
        self.disconnect()


class Cases:
    transports = None
    last = 'websocket'

    def setUp(self):
        self.server = Server(port=free_port(), ack_timeout=500).start()
        self.addCleanup(self.server.stop)
        self.client = self.make_client()

    def make_client(self):
        client = Client()
        self.addCleanup(client.leave)
        for namespace in ('/', '/custom'):
            for event in ('connect', 'disconnect', 'auth', 'message-back', 'broadcast', 'answered'):
                client.keep(event, namespace)
        return client

    def connect(self, **options):
        self.client.connect(self.server.url, transports=self.transports, **options)
        self.assertEqual(self.client.transport(), self.last)

    def test_events(self):
        """events, answers and a broadcast"""
        self.connect(auth={'token': '123'})
        self.assertEqual(self.client.next('auth'), ({'token': '123'},))
        self.client.emit('message', (1, 'two', {'three': [True, None]}, 'ü ✓ 🎈'))
        self.assertEqual(self.client.next('message-back'), (1, 'two', {'three': [True, None]}, 'ü ✓ 🎈'))
        self.assertEqual(self.client.call('message-with-ack', {'a': 1}, timeout=DEADLINE), {'a': 1})
        self.assertEqual(self.client.call('message-with-ack', ('a', 1), timeout=DEADLINE), ('a', 1))
        with self.assertRaises(socketio.exceptions.TimeoutError):
            self.client.call('nobody-answers-this', 1, timeout=0.05)
        self.client.emit('broadcast', 'all')
        self.assertEqual(self.client.next('broadcast'), ('all',))

    def test_questions(self):
        """the server's questions, answered and not answered"""
        self.client.on('question', lambda *args: ('you said', *args))
        self.connect()
        self.client.emit('ask-back', (1, b'2'))
        self.assertEqual(self.client.next('answered'), (['you said', 1, b'2'],))
        never = threading.Event()
        self.addCleanup(never.set)
        self.client.on('question', lambda: never.wait(DEADLINE))
        self.client.emit('ask-back')
        self.assertEqual(self.client.next('answered'), (None,))

    def test_order(self):
        """many events stay in order"""
        self.connect()
        for number in range(200):
            self.client.call('message-with-ack', number, timeout=DEADLINE) if number % 50 == 0 else None
            self.client.emit('message', number)
        # Each event has a thread of its own here, so what is kept may be in another order.
        came = sorted(self.client.next('message-back')[0] for _ in range(200))
        self.assertEqual(came, list(range(200)))

    def test_binary(self):
        """binary in events and answers"""
        self.connect()
        values = (bytes(range(256)), {'deep': [b'1', {'er': b''}]}, 'text', b'x' * 600_000)
        self.client.emit('message', values)
        self.assertEqual(self.client.next('message-back'), values)
        self.assertEqual(self.client.call('message-with-ack', values, timeout=DEADLINE), values)

    def test_namespaces(self):
        """two namespaces at once, leaving one, and one that is unknown"""
        self.connect(namespaces=['/', '/custom'])
        self.client.emit('message', 'to custom', namespace='/custom')
        self.client.emit('message', 'to main')
        self.assertEqual(self.client.next('message-back', '/custom'), ('to custom',))
        self.assertEqual(self.client.next('message-back'), ('to main',))
        self.client.emit('leave', namespace='/custom')
        self.client.next('disconnect', '/custom')
        self.assertEqual(self.client.call('message-with-ack', 'here', timeout=DEADLINE), 'here')
        stranger = Client()
        self.addCleanup(stranger.disconnect)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            stranger.connect(self.server.url, transports=self.transports, namespaces=['/random'])

    def test_leaving(self):
        """leaving"""
        self.connect()
        self.client.next('connect')
        self.client.disconnect()
        self.client.next('disconnect')

    def test_sent_away(self):
        """being sent away, and coming again"""
        for _ in range(2):
            # A client of its own each time: python-engineio's queue does not survive a quick second connect().
            self.client = self.make_client()
            self.connect()
            self.client.next('connect')
            self.client.emit('leave')
            self.client.next('disconnect')

    def test_reconnect(self):
        """the server is killed and started again"""
        self.connect(namespaces=['/', '/custom'])
        for namespace in ('/', '/custom'):
            self.client.next('connect', namespace)
        before = self.client.get_sid()
        self.server.kill()
        self.client.next('disconnect')
        self.server.start()
        for namespace in ('/', '/custom'):
            self.client.next('connect', namespace)
        self.assertNotEqual(self.client.get_sid(), before)
        self.assertEqual(self.client.call('message-with-ack', 'again', timeout=DEADLINE), 'again')
        self.assertEqual(self.client.transport(), self.last)


class SyncWebsocket(Cases, unittest.TestCase):
    transports = ['websocket']


class SyncPolling(Cases, unittest.TestCase):
    transports = ['polling']
    last = 'polling'


class SyncUpgrade(Cases, unittest.TestCase):
    transports = None


class SyncHeartbeat(unittest.TestCase):
    def test_heartbeat(self):
        """a quiet session lives on its heartbeats"""
        server = Server(ping_interval=50, ping_timeout=2000).start()
        self.addCleanup(server.stop)
        for transports in (['websocket'], ['polling'], None):
            client = Client()
            self.addCleanup(client.disconnect)
            client.connect(server.url, transports=transports)
            pings = threading.Semaphore(0)
            handle = client.eio._receive_packet
            client.eio._receive_packet = lambda packet, handle=handle, pings=pings: (
                pings.release() if packet.packet_type == 2 else None, handle(packet))[1]
            for _ in range(5):
                self.assertTrue(pings.acquire(timeout=DEADLINE))
            self.assertEqual(client.call('message-with-ack', 'fine', timeout=DEADLINE), 'fine')
