"""Walks of the model (its last section, numbers as there) on the real engine."""
import time

from flowtest import FlowTest, eventually
from test_concurrency import SilentRegistry

ENDS_ON_USR1 = ['sh', '-c', 'trap "exit 0" USR1; echo ready; while :; do sleep 0.1; done']


class Walks(FlowTest):
    options = ('--update-monitor', '500ms')

    def test_1_crash_backoff_stop_start(self):
        container = self.create('web', command=['sh', '-c', 'sleep 0.3; exit 1'])
        self.client.done('start_container', container_id=container)
        eventually(lambda: len(self.client.of('container_crashed')) == 2, what='two crashes')
        self.client.done('stop_container', container_id=container)
        self.assertEqual(self.state(container), 'stopped')
        self.client.done('start_container', container_id=container)
        eventually(lambda: len(self.client.of('container_crashed')) == 3, what='started at once, and its crash')

    def test_2_start_of_a_starting_one(self):
        first = self.client.call('create_container', image='flow-demo:latest', name='web', network_mode='none',
                                 desired_state='running')
        self.client.done('start_container', container_id=first['container_id'])
        self.assertEqual(len(self.client.of('container_started')), 1)

    def test_3_two_restarts_at_once(self):
        container = self.create_running('web')
        self.client.call('restart_container', container_id=container)
        self.client.done('restart_container', container_id=container)
        eventually(lambda: len(self.client.of('restart_container')) == 2, what='both answered')
        self.assertEqual(self.client.of('error'), [])

    def test_4_stop_start_and_start_stop(self):
        container = self.create_running('web')
        before = self.client.status(container)['started_at']
        self.client.call('stop_container', container_id=container)
        self.client.done('start_container', container_id=container)
        self.assertTrue(self.client.wait('stop_container'))
        self.assertNotEqual(self.client.status(container)['started_at'], before)
        self.client.done('stop_container', container_id=container)
        self.client.call('start_container', container_id=container)
        self.client.done('stop_container', container_id=container)
        eventually(lambda: len(self.client.of('start_container')) == 2 or
                   self.client.of('error', error_type='superseded'), what='the start ended, once')
        eventually(lambda: self.state(container) == 'stopped', what='stopped')

    def test_5_update_without_a_run(self):
        container = self.create('web')
        self.client.done('update_container', container_id=container, environment={'A': '1'})
        self.assertEqual(self.state(container), 'created')
        self.client.done('start_container', container_id=container)
        self.client.done('stop_container', container_id=container)
        self.client.done('update_container', container_id=container, environment={'A': '2'})
        self.assertEqual(self.state(container), 'stopped')
        self.assertEqual(len(self.client.of('container_stopped')), 1)

    def test_5_update_in_backoff_starts_at_once(self):
        container = self.create_running('web', command=['sh', '-c', 'sleep 0.2; exit 1'])
        eventually(lambda: self.client.status(container)['reason'] == 'CrashLoopBackOff', what='backoff')
        self.client.done('update_container', container_id=container, command=['sleep', '1000'])
        eventually(lambda: self.state(container) == 'running', what='running')

    def test_6_update_to_a_command_that_does_not_exist(self):
        container = self.create_running('web')
        old = self.docker_id(container)
        for generation in (2, 3):
            answer = self.client.call('update_container', container_id=container, command=['/no/such'], wait=True)
            self.assertFalse(answer['ok'], answer)
            eventually(lambda: self.state(container) == 'running', what='the old one runs')
            status = self.client.status(container)
            self.assertEqual((status['reason'], status['generation'], status['active_generation']),
                             ('UpdateFailed', generation, 1))
        self.assertEqual(status['docker_id'], old)
        self.engine.remove(old)
        eventually(lambda: self.docker_id(container) not in (None, old), what='the old generation comes back')
        eventually(lambda: self.state(container) == 'running', what='running')
        self.assertEqual(self.client.status(container)['active_generation'], 1)
        eventually(lambda: len(self.daemon.containers()) == 1, what='what failed is gone')

    def test_7_delete_during_a_pull(self):
        registry = SilentRegistry()
        self.addCleanup(registry.end)
        ack = self.client.call('create_container', image=registry.host + '/none:1', name='web', network_mode='none',
                               desired_state='running')
        self.assertTrue(ack['ok'], ack)
        eventually(lambda: registry.taken, what='the pull under way')
        self.assertEqual(self.state(ack['container_id']), 'creating')
        began = time.monotonic()
        answer = self.client.done('delete_container', container_id=ack['container_id'])
        self.assertLess(time.monotonic() - began, 3.0)
        self.assertEqual([e['details']['operation'] for e in self.client.of('error', error_type='superseded')],
                         ['create_container'])
        self.assertEqual(self.client.refused('get_container_status', container_id=answer['container_id'])['error_type'],
                         'container_not_found')
        self.assertEqual(self.daemon.containers(), [])

    def test_8_create_while_the_old_one_is_deleted(self):
        first = self.create_running('web', command=['sh', '-c', 'trap "sleep 2; exit 0" TERM; while :; do sleep 0.1; done'])
        self.client.call('delete_container', container_id=first)
        second = self.client.done('create_container', image='flow-demo:latest', name='web', network_mode='none',
                                  desired_state='running')['container_id']
        self.assertNotEqual(first, second)
        eventually(lambda: self.state(second) == 'running', what='the new one runs')
        eventually(lambda: len(self.daemon.containers()) == 1, what='one container left')

    def test_8_rename_and_create_under_the_old_name(self):
        first = self.create_running('a')
        self.client.call('update_container', container_id=first, name='b')
        second = self.client.done('create_container', image='flow-demo:latest', name='a', network_mode='none',
                                  desired_state='running')['container_id']
        eventually(lambda: {c['Names'][0] for c in self.daemon.containers()} ==
                   {'/%sa' % self.daemon.prefix, '/%sb' % self.daemon.prefix}, what='both names right')
        eventually(lambda: self.state(first) == self.state(second) == 'running', what='both run')

    def test_8_rename_with_a_bad_command_and_create_under_the_old_name(self):
        first = self.create_running('a')
        docker_id = self.docker_id(first)
        self.client.call('update_container', container_id=first, name='b', command=['/no/such'],
                         request_id='rename-to-b-0001')
        second = self.create_running('a')
        error = self.client.wait('error')
        self.assertEqual((error['details']['request_id'], error['details']['reason']),
                         ('rename-to-b-0001', 'UpdateFailed'))
        status = self.reaches(first, 'running')
        self.assertEqual((status['name'], status['reason'], status['generation'], status['active_generation']),
                         ('b', 'UpdateFailed', 2, 1))
        self.assertEqual(status['docker_id'], docker_id)
        self.reaches(second, 'running')
        self.check_names({'b': docker_id, 'a': self.docker_id(second)})
        # The corrected command is a patch on the failed spec: the name is b still.
        self.client.done('update_container', container_id=first, command=['sleep', '1000'])
        status = self.reaches(first, 'running')
        self.assertEqual((status['name'], status['reason'], status['generation'], status['active_generation']),
                         ('b', '', 3, 3))
        self.assertNotEqual(status['docker_id'], docker_id)
        self.assertEqual(self.engine.inspect(status['docker_id'])['Config']['Cmd'], ['sleep', '1000'])
        self.check_names({'b': status['docker_id'], 'a': self.docker_id(second)})
        self.assertEqual(len(self.client.of('container_started', container_id=second)), 1)

    def check_names(self, expected):
        """Of the engine's containers, none besides."""
        expected = {'/' + self.daemon.prefix + name: docker_id for name, docker_id in expected.items()}
        names = lambda: {c['Names'][0]: c['Id'] for c in self.daemon.containers()}
        eventually(lambda: names() == expected, what='the names %s' % expected)
        self.assertTrue(all(self.engine.running(docker_id) for docker_id in expected.values()))

    def test_10_reload_signal_then_crash(self):
        container = self.create_running('web', command=['sh', '-c', 'trap : HUP; sleep 2 & wait; wait; sleep 0.1; exit 5'])
        self.engine.kill(self.docker_id(container), 'HUP')
        crashed = self.client.wait('container_crashed')
        self.assertEqual((crashed['exit_code'], crashed['signal']), (5, None))

    def test_10_two_exits_in_one_gap(self):
        container = self.create_running('web', command=ENDS_ON_USR1, restart='always')
        docker_id = self.docker_id(container)

        def meanwhile():
            self.engine.printed(docker_id, 'ready')
            self.engine.end_by(docker_id, 'USR1')
            self.engine.start(docker_id)
            self.engine.end_by(docker_id, 'KILL')

        self.again(meanwhile, auth={'since': self.seen()})
        crashed = self.client.wait('container_crashed')
        self.assertEqual((crashed['exit_code'], crashed['signal'], crashed['oom_killed']), (137, 'SIGKILL', False))
        self.assertEqual(self.facts(container), [
            ('start', 'web started, run 1'), ('exit', 'web ended with code 0, its own'),
            ('start', 'web started, run 1'), ('exit', 'web ended with code 137, its own')])
        # Each of them counts as a try: the second restart waits.
        status = self.reaches(container, 'restarting')
        self.assertEqual((status['reason'], status['last_exit']['exit_code']), ('CrashLoopBackOff', 137))
        self.assertEqual(status['next_retry_at'], crashed['crash_details']['next_restart_at'])
        self.assertEqual(len(self.client.of('container_crashed')), 1)
        self.assertEqual(self.docker_id(container), docker_id)

    def seen(self):
        return max(data['seq'] for name, data, _ in self.client.events if 'seq' in data)

    def facts(self, container):
        """Starts and exits as they were recorded, without docker ids and times."""
        rows = self.daemon.sql("select type, summary from events where kind = 'fact' and type in ('start', 'exit') and "
                               "container_id = '%s' order by seq" % container)
        return [(kind, summary.split(' (')[0]) for kind, summary in rows]

    def test_11_finished_while_the_daemon_was_down(self):
        ones = {restart: self.create_running('job-' + restart, command=ENDS_ON_USR1, restart=restart)
                for restart in ('no', 'on-failure')}
        docker_ids = {container: self.docker_id(container) for container in ones.values()}

        def meanwhile():
            for docker_id in docker_ids.values():
                self.engine.printed(docker_id, 'ready')
                self.engine.end_by(docker_id, 'USR1')

        self.again(meanwhile, auth={'since': self.seen()})
        for container, docker_id in docker_ids.items():
            status = self.reaches(container, 'completed')
            self.assertEqual((status['reason'], status['desired_state'], status['next_retry_at']),
                             ('', 'running', None))
            self.assertEqual((status['last_exit']['exit_code'], status['last_exit']['by']), (0, 'itself'))
            stopped = self.client.wait('container_stopped', container_id=container)
            self.assertEqual((stopped['status'], stopped['exit_code']), ('completed', 0))
        # Whatever else the daemon had in mind about them is done when these requests are.
        for container, docker_id in docker_ids.items():
            self.client.done('update_container', container_id=container, stop_grace_period='3s')
            self.assertEqual(self.state(container), 'completed')
            self.assertEqual(self.facts(container), [
                ('start', self.client.status(container)['name'] + ' started, run 1'),
                ('exit', self.client.status(container)['name'] + ' ended with code 0, its own')])
            self.assertFalse(self.engine.running(docker_id))
            self.client.done('start_container', container_id=container)
            self.reaches(container, 'running')
        self.assertEqual(self.client.of('container_crashed'), [])

    def test_12_dies_before_the_start_call_answers(self):
        container = self.create('web', command=['sh', '-c', 'exit 7'], restart='no')
        self.client.done('start_container', container_id=container)
        eventually(lambda: self.state(container) == 'error', what='error')
        crashed = self.client.wait('container_crashed')
        self.assertEqual(crashed['exit_code'], 7)
        self.assertEqual(len(self.client.of('container_crashed')), 1)

    def test_13_three_clients_start_what_is_announced(self):
        others = [self.make_client(), self.make_client()]
        for client in [self.client] + others:
            client.sio.on('container_created', lambda data, c=client: c.sio.emit(
                'start_container', {'container_id': data['container_id']}))
        container = self.create('web')
        eventually(lambda: self.state(container) == 'running', what='running')
        eventually(lambda: all(c.of('start_container') for c in [self.client] + others), what='all answered')
        self.assertEqual(len(self.client.of('container_started')), 1)

    def test_14_stop_restart_update_at_once(self):
        container = self.create_running('web')
        self.client.call('stop_container', container_id=container)
        self.client.call('restart_container', container_id=container)
        answer = self.client.call('update_container', container_id=container, image='localhost:1/none:1', wait=True)
        self.assertEqual(answer['error']['error_type'], 'image_not_found', answer)
        eventually(lambda: self.client.of('stop_container') and self.client.of('restart_container'),
                   what='stop and restart done')
        eventually(lambda: self.state(container) == 'running', what='the old one runs on')
        self.assertEqual(self.client.status(container)['active_generation'], 1)
