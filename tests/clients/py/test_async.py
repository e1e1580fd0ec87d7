"""python-socketio's asyncio client: websocket only, polling only, and the upgrade."""
import asyncio
import unittest

import socketio

from server import DEADLINE, Server, free_port


class Client(socketio.AsyncClient):
    """Keeps what comes, by namespace and event, until it is asked for."""

    def __init__(self):
        super().__init__(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
        self._kept = {}

    def keep(self, event, namespace='/'):
        self._kept[event, namespace] = asyncio.Queue()
        self.on(event, lambda *args: self._kept[event, namespace].put_nowait(args), namespace=namespace)

    async def next(self, event, namespace='/'):
        try:
            return await asyncio.wait_for(self._kept[event, namespace].get(), DEADLINE)
        except asyncio.TimeoutError:
            raise AssertionError(f'no "{event}" came in {namespace} within {DEADLINE} s') from None

    async def leave(self):
        # Ends the attempts to come back, which disconnect() leaves alone.
        if self._reconnect_abort is not None:
            self._reconnect_abort.set()
        await self.disconnect()


class Cases:
    transports = None
    last = 'websocket'

    async def asyncSetUp(self):
        self.server = Server(port=free_port(), ack_timeout=500).start()
        self.addCleanup(self.server.stop)
        self.client = self.make_client()

    def make_client(self):
        client = Client()
        self.addAsyncCleanup(client.leave)
        for namespace in ('/', '/custom'):
            for event in ('connect', 'disconnect', 'auth', 'message-back', 'broadcast', 'answered'):
                client.keep(event, namespace)
        return client

    async def connect(self, **options):
        await self.client.connect(self.server.url, transports=self.transports, **options)
        self.assertEqual(self.client.transport(), self.last)

    async def call(self, *args):
        return await self.client.call('message-with-ack', *args, timeout=DEADLINE)

    async def test_events(self):
        """events, answers and a broadcast"""
        await self.connect(auth={'token': '123'})
        self.assertEqual(await self.client.next('auth'), ({'token': '123'},))
        await self.client.emit('message', (1, 'two', {'three': [True, None]}, 'ü ✓ 🎈'))
        self.assertEqual(await self.client.next('message-back'), (1, 'two', {'three': [True, None]}, 'ü ✓ 🎈'))
        self.assertEqual(await self.call(('a', 1)), ('a', 1))
        with self.assertRaises(socketio.exceptions.TimeoutError):
            await self.client.call('nobody-answers-this', 1, timeout=0.05)
        await self.client.emit('broadcast', 'all')
        self.assertEqual(await self.client.next('broadcast'), ('all',))

    async def test_questions(self):
        """the server's questions, answered and not answered"""
        self.client.on('question', lambda *args: ('you said', *args))
        await self.connect()
        await self.client.emit('ask-back', (1, b'2'))
        self.assertEqual(await self.client.next('answered'), (['you said', 1, b'2'],))
        never = asyncio.Event()

        async def silent():
            await never.wait()

        self.client.on('question', silent)
        await self.client.emit('ask-back')
        self.assertEqual(await self.client.next('answered'), (None,))
        never.set()

    async def test_order(self):
        """many events stay in order"""
        await self.connect()
        for number in range(200):
            await self.client.emit('message', number)
        came = sorted([(await self.client.next('message-back'))[0] for _ in range(200)])
        self.assertEqual(came, list(range(200)))

    async def test_binary(self):
        """binary in events and answers"""
        await self.connect()
        values = (bytes(range(256)), {'deep': [b'1', {'er': b''}]}, 'text', b'x' * 600_000)
        await self.client.emit('message', values)
        self.assertEqual(await self.client.next('message-back'), values)
        self.assertEqual(await self.call(values), values)

    async def test_namespaces(self):
        """two namespaces at once, leaving one, and one that is unknown"""
        await self.connect(namespaces=['/', '/custom'])
        await self.client.emit('message', 'to custom', namespace='/custom')
        await self.client.emit('message', 'to main')
        self.assertEqual(await self.client.next('message-back', '/custom'), ('to custom',))
        self.assertEqual(await self.client.next('message-back'), ('to main',))
        await self.client.emit('leave', namespace='/custom')
        await self.client.next('disconnect', '/custom')
        self.assertEqual(await self.call('here'), 'here')
        stranger = Client()
        self.addAsyncCleanup(stranger.disconnect)
        with self.assertRaises(socketio.exceptions.ConnectionError):
            await stranger.connect(self.server.url, transports=self.transports, namespaces=['/random'])

    async def test_leaving(self):
        """leaving"""
        await self.connect()
        await self.client.next('connect')
        await self.client.disconnect()
        await self.client.next('disconnect')

    async def test_sent_away(self):
        """being sent away, and coming again"""
        for _ in range(2):
            # A client of its own each time: python-engineio's queue does not survive a quick second connect().
            self.client = self.make_client()
            await self.connect()
            await self.client.next('connect')
            await self.client.emit('leave')
            await self.client.next('disconnect')

    async def test_reconnect(self):
        """the server is killed and started again"""
        await self.connect(namespaces=['/', '/custom'])
        for namespace in ('/', '/custom'):
            await self.client.next('connect', namespace)
        before = self.client.get_sid()
        self.server.kill()
        await self.client.next('disconnect')
        self.server.start()
        for namespace in ('/', '/custom'):
            await self.client.next('connect', namespace)
        self.assertNotEqual(self.client.get_sid(), before)
        self.assertEqual(await self.call('again'), 'again')
        self.assertEqual(self.client.transport(), self.last)


class AsyncWebsocket(Cases, unittest.IsolatedAsyncioTestCase):
    transports = ['websocket']


class AsyncPolling(Cases, unittest.IsolatedAsyncioTestCase):
    transports = ['polling']
    last = 'polling'


class AsyncUpgrade(Cases, unittest.IsolatedAsyncioTestCase):
    transports = None
