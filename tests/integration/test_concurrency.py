"""Nobody waits for somebody else's stop or pull (design 4, Queue): on the real engine."""
import socket
import threading
import time

from engine_proxy import BehindProxy, EngineProxy
from flowtest import FlowTest, eventually, seconds

IGNORES_TERM = ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done']
SLOW_STOPS = 20
GRACE = 30


class SilentRegistry:
    """Takes connections and never answers."""

    def __init__(self):
        self.server = socket.socket()
        self.server.bind(('127.0.0.1', 0))
        self.server.listen()
        self.taken = []
        self.host = '127.0.0.1:%d' % self.server.getsockname()[1]
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        try:
            while True:
                self.taken.append(self.server.accept()[0])
        except OSError:
            pass

    def end(self):
        self.server.close()
        for connection in self.taken:
            connection.close()


class Concurrency(FlowTest):
    def test_slow_stops_and_a_pull_that_hangs_delay_nobody(self):
        registry = SilentRegistry()
        self.addCleanup(registry.end)
        slow = [self.create_running('slow%d' % i, command=IGNORES_TERM, stop_grace_period='%ds' % GRACE)
                for i in range(SLOW_STOPS)]
        for container in slow:
            self.engine.printed(self.docker_id(container), 'ready')
        began = time.monotonic()
        for container in slow:
            self.assertTrue(self.client.call('stop_container', container_id=container)['ok'])
        hangs = self.client.call('create_container', name='hangs', image=registry.host + '/x:1', network_mode='none')
        eventually(lambda: registry.taken, what='the pull under way')
        for container in slow:
            self.reaches(container, 'stopping')
        for i in range(3):
            container = self.create_running('quick%d' % i)
            self.client.done('stop_container', {'container_id': container, 'timeout': 0})
            self.client.done('delete_container', container_id=container)
        self.assertLess(time.monotonic() - began, GRACE / 2, 'nine requests, while twenty stops are in hand')
        self.assertEqual({self.state(c) for c in slow}, {'stopping'})
        self.client.done('delete_container', container_id=hangs['container_id'])
        self.cut_short(slow)

    def cut_short(self, slow):
        """A stop with timeout 0 and a delete with force do not wait for the grace."""
        self.client.done('stop_container', {'container_id': slow[0], 'timeout': 0})
        self.assertEqual(self.state(slow[0]), 'stopped')
        for container in slow:
            self.client.call('delete_container', container_id=container, force=True)
        eventually(lambda: self.client.call('list_containers')['count'] == 0, 60, 'all gone')
        self.assertEqual(self.client.of('container_crashed'), [])

    def test_a_newer_spec_overtakes_a_retry(self):
        container = self.create_running('web')
        self.client.call('update_container', container_id=container, image='127.0.0.1:1/nope:1')
        next_try = lambda: self.client.status(container)['next_retry_at'] or ''
        first = eventually(next_try, what='its backoff')
        self.assertEqual(self.client.status(container)['reason'], 'ImagePullBackOff')
        self.assertAlmostEqual(self.ahead(first), 10, delta=3)
        second = eventually(lambda: max(next_try(), first) != first and next_try(), what='the second try')
        self.assertAlmostEqual(self.ahead(second), 20, delta=3)     # twice as long
        self.client.done('update_container', container_id=container, image='flow-demo:latest', environment={'A': '1'})
        status = self.reaches(container, 'running')
        self.assertEqual((status['active_generation'], status['reason']), (3, ''))

    @staticmethod
    def ahead(retry_at):
        return seconds(retry_at) - time.time()

    def test_a_change_that_the_engine_refuses_holds_up_nothing_else(self):
        container = self.create_running('web', command=['sh', '-c', 'trap "exit 0" TERM; echo ready; sleep 1000 & wait'])
        for number, change in enumerate(({'resources': {'cpus': 4096}}, {'logging': {'options': {'nonsense': '1'}}})):
            error = self.client.call('update_container', container_id=container, wait=True, **change)['error']
            self.assertIn(list(change)[0], error['details']['field'], error)
            self.client.done('stop_container', container_id=container)
            self.client.done('start_container', container_id=container)
            self.engine.kill(self.docker_id(container))
            eventually(lambda: len(self.client.of('container_crashed')) == number + 1, what='its crash')
            self.reaches(container, 'running')
            self.client.done('update_container', container_id=container, logging=None, resources=None)
            self.assertEqual(self.reaches(container, 'running')['reason'], '')
        self.assertEqual(len(self.client.of('container_created')), 1)


class OneHangs(FlowTest):
    """An engine that answers nothing about one container, as moby/moby#18848: the others must not notice."""

    def setUp(self):
        self.hangs = None
        self.released = threading.Event()
        self.addCleanup(self.released.set)
        self.proxy = EngineProxy(rewrite=self.hold).up()
        self.addCleanup(self.proxy.close)
        super().setUp()

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=BehindProxy(self.proxy), **more)

    def hold(self, request):
        if self.hangs and ('/containers/%s/json ' % self.hangs).encode() in request:
            self.released.wait(60)
        return request

    def test_an_inspect_that_hangs_holds_up_its_own_row_only(self):
        stuck, other = self.create_running('stuck'), self.create_running('other')
        stuck_id, other_id = self.docker_id(stuck), self.docker_id(other)

        def meanwhile():
            self.hangs = stuck_id
            self.engine.kill(other_id)

        self.again(between=meanwhile)
        self.client.wait('container_crashed', container_id=other)
        self.assertEqual(self.reaches(other, 'running')['docker_id'], other_id)
        self.client.done('stop_container', {'container_id': other, 'timeout': 0})
        self.assertTrue(self.client.call('stop_container', {'container_id': stuck, 'timeout': 0})['ok'])
        self.client.done('delete_container', container_id=other)
        self.assertTrue(self.engine.running(stuck_id), 'nothing is done to what was not seen')
        self.hangs = None
        self.released.set()
        self.reaches(stuck, 'stopped', 60)
        self.assertEqual(self.docker_id(stuck), stuck_id)
