"""Who ended a run decides what follows (model 3): on the real engine, as people do it with docker."""
from flowtest import FlowTest, eventually, seconds

ENDS_ON_TERM = ['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done']
IGNORES_TERM = ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done']


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


class CrashLoop(FlowTest):
    """Waits of 0, 400 ms, 800 ms and so on, whichever daemon counts them."""

    options = ('--restart-backoff-first', '400ms')

    def test_it_backs_off_also_over_kill_9(self):
        container = self.create_running('web', command=['sh', '-c', 'sleep 0.2; exit 3'])
        first = self.crashes(3)
        self.check_waiting(container, first[-1])
        self.again(auth={'since': first[-1]['seq']})
        self.check_waiting(container, first[-1])
        second = first + self.crashes(1)
        self.check_waiting(container, second[-1])
        self.again(auth={'since': second[-1]['seq']})
        all_of_them = second + self.crashes(1)
        self.check_growth(all_of_them)
        # Whoever asks is served at once, and what was counted is forgotten.
        self.client.done('stop_container', container_id=container)
        self.assertEqual(self.state(container), 'stopped')
        self.client.done('start_container', container_id=container)
        self.assertEqual([self.wait_of(crash['crash_details']) for crash in self.crashes(3)], [3200, 0, 400])

    def test_what_is_stopped_in_backoff_has_no_next_try(self):
        container = self.create_running('web', command=['sh', '-c', 'exit 3'])
        self.check_waiting(container, self.crashes(4)[-1])
        self.client.done('stop_container', container_id=container)
        status = self.client.status(container)
        self.assertEqual((status['state'], status['reason'], status['next_retry_at']), ('stopped', '', None))

    def crashes(self, count):
        """The first of them that this client is told."""
        return eventually(lambda: len(self.client.of('container_crashed')) >= count and
                          self.client.of('container_crashed'), what='%d crashes' % count)[:count]

    def check_waiting(self, container, crash):
        status = eventually(lambda: self.in_backoff(container), what='CrashLoopBackOff')
        self.assertEqual(status['next_retry_at'], crash['crash_details']['next_restart_at'])
        self.assertEqual((status['state'], status['last_exit']['exit_code']), ('restarting', 3))

    def in_backoff(self, container):
        status = self.client.status(container)
        return status if status['reason'] == 'CrashLoopBackOff' and status['next_retry_at'] else None

    def check_growth(self, crashes):
        details = [crash['crash_details'] for crash in crashes]
        times = [d['next_restart_at'] for d in details]
        self.assertEqual(times, sorted(set(times)))
        self.assertEqual([self.wait_of(d) for d in details], [0, 400, 800, 1600, 3200])
        for crash, before in zip(details[1:], times):
            self.assertGreater(crash['finished_at'], before)
        self.assertEqual({(c['exit_code'], c['signal']) for c in crashes}, {(3, None)})

    def wait_of(self, details):
        """Milliseconds from the exit to the next start."""
        return round(1000 * (seconds(details['next_restart_at']) - seconds(details['finished_at'])))


class AtMostOnce(FlowTest):
    """restart: no, and somebody else ends it: the run is over, and that is no error (contract 3)."""

    def ended(self, name, command, end, code):
        container = self.create_running(name, command=command, restart='no')
        docker_id = self.docker_id(container)
        self.engine.printed(docker_id, 'ready')
        end(docker_id)
        reason = 'StoppedOutside' if end == self.stop else 'RemovedOutside'
        status = self.reaches(container, 'stopped')
        self.assertEqual((status['reason'], status['desired_state'], status['next_retry_at']),
                         (reason, 'running', None))
        self.assertEqual((status['last_exit']['exit_code'], status['last_exit']['by']), (code, 'outside'))
        stopped = self.client.wait('container_stopped', container_id=container)
        self.assertEqual((stopped['status'], stopped['exit_code']), ('stopped', code))
        return container

    def check_quiet(self, container):
        """Neither a crash nor an error, nor run again; but whoever asks gets a new run."""
        states = {c['new_state'] for c in self.client.of('status_changed', container_id=container)}
        self.assertEqual(states & {'error', 'restarting', 'completed'}, set())
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertEqual(len(self.client.of('container_started', container_id=container)), 1)
        self.client.done('start_container', container_id=container)
        self.assertEqual(self.state(container), 'running')
        self.assertEqual(len(self.client.of('container_started', container_id=container)), 2)

    def stop(self, docker_id):
        self.engine.stop(docker_id, grace=1)

    def test_docker_stop_with_code_0(self):
        self.check_quiet(self.ended('web', ENDS_ON_TERM, self.stop, 0))

    def test_docker_stop_that_had_to_kill(self):
        self.check_quiet(self.ended('web', IGNORES_TERM, self.stop, 137))

    def test_docker_rm(self):
        self.check_quiet(self.ended('web', ENDS_ON_TERM, self.engine.remove, 137))
