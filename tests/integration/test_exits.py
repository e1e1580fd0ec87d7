"""Who ended a run decides what follows (model 3): on the real engine, as people do it with docker."""
from flowtest import FlowTest, eventually


class Exits(FlowTest):
    def test_docker_kill_is_a_crash_and_it_runs_again(self):
        container = self.create_running('web', command=['sh', '-c', 'echo last words; exec sleep 1000'])
        first = self.client.wait('container_started')
        self.engine.kill(first['docker_id'])
        crashed = self.client.wait('container_crashed')
        self.assertEqual((crashed['exit_code'], crashed['signal'], crashed['oom_killed']), (137, 'SIGKILL', False))
        self.assertEqual(crashed['crash_details']['logs'], ['last words'])
        self.assertEqual(set(crashed['crash_details']),
                         {'error', 'logs', 'finished_at', 'restart_count', 'next_restart_at'})
        eventually(lambda: len(self.client.of('container_started')) == 2, what='running again')
        self.assertEqual(self.docker_id(container), first['docker_id'])
        self.assertEqual(len(self.client.of('container_crashed')), 1)

    def test_docker_stop_is_no_crash(self):
        container = self.create_running('web')
        first = self.client.wait('container_started')
        self.engine.stop(first['docker_id'])
        eventually(lambda: self.client.of('status_changed', reason='StoppedOutside'), what='StoppedOutside')
        eventually(lambda: len(self.client.of('container_started')) == 2, what='running again')
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertIsNone(self.client.status(container)['next_retry_at'])

    def test_docker_rm_is_no_crash(self):
        container = self.create_running('web')
        first = self.client.wait('container_started')
        self.engine.remove(first['docker_id'])
        eventually(lambda: self.client.of('status_changed', reason='RemovedOutside'), what='RemovedOutside')
        eventually(lambda: len(self.client.of('container_started')) == 2, what='running again')
        self.assertNotEqual(self.docker_id(container), first['docker_id'])
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertEqual(len(self.client.of('container_created')), 1)
        self.assertIsNone(self.client.status(container)['next_retry_at'])

    def test_crash_loop_survives_kill_9(self):
        container = self.create_running('web', command=['sh', '-c', 'sleep 1; exit 3'])
        status = eventually(lambda: self.in_backoff(container), what='CrashLoopBackOff')
        self.assertIsNotNone(status['next_retry_at'])
        self.daemon.kill()
        self.daemon.start()
        self.client = self.make_client()
        again = eventually(lambda: self.in_backoff(container), what='CrashLoopBackOff after the restart')
        self.assertGreaterEqual(again['next_retry_at'], status['next_retry_at'])
        self.client.done('stop_container', container_id=container)
        self.assertEqual(self.state(container), 'stopped')
        self.client.done('start_container', container_id=container)

    def in_backoff(self, container):
        status = self.client.status(container)
        return status if status['reason'] == 'CrashLoopBackOff' and status['next_retry_at'] else None

    def test_completed_runs_again_when_asked(self):
        container = self.create('job', command=['sh', '-c', 'exit 0'])
        self.client.done('start_container', container_id=container)
        eventually(lambda: self.state(container) == 'completed', what='completed')
        self.assertEqual(self.client.wait('container_stopped')['status'], 'completed')
        self.assertEqual(self.client.of('container_crashed'), [])
        self.client.done('start_container', container_id=container)
        eventually(lambda: len(self.client.of('container_stopped')) == 2, what='completed a second time')

    def test_paused_and_started_by_hand(self):
        container = self.create_running('web')
        docker_id = self.client.wait('container_started')['docker_id']
        self.engine.call('POST', '/containers/%s/pause' % docker_id)
        eventually(lambda: not self.engine.inspect(docker_id)['State']['Paused'], what='unpaused')
        self.client.done('stop_container', container_id=container)
        self.engine.start(docker_id)
        eventually(lambda: not self.engine.inspect(docker_id)['State']['Running'], what='stopped again')
        eventually(lambda: self.state(container) == 'stopped', what='stopped')


class Walks(FlowTest):
    """Walks of the model on the real engine (numbers as there)."""

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
        self.assertEqual(len(self.daemon.containers()), 1)

    def test_7_delete_during_a_pull(self):
        ack = self.client.call('create_container', image='10.255.255.1:5000/none:1', name='web', network_mode='none',
                               desired_state='running')
        self.assertTrue(ack['ok'], ack)
        answer = self.client.call('delete_container', container_id=ack['container_id'], wait=True)
        self.assertTrue(answer['ok'] or answer['error']['error_type'] == 'container_not_found', answer)
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

    def test_10_reload_signal_then_crash(self):
        container = self.create_running('web', command=['sh', '-c', 'trap : HUP; sleep 2 & wait; wait; sleep 0.1; exit 5'])
        self.engine.kill(self.docker_id(container), 'HUP')
        crashed = self.client.wait('container_crashed')
        self.assertEqual((crashed['exit_code'], crashed['signal']), (5, None))

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
