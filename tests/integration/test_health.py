"""Healthchecks and what waits for them, on the real engine (contract 2 and 3)."""
from flowtest import FlowTest, eventually, seconds

# Healthy while /ok is there.
PROGRAM = ['sh', '-c', 'touch /ok; echo ready; trap "exit 0" TERM; sleep 1000 & wait']
PROBE = {'test': 'cat /ok', 'interval': '300ms', 'timeout': '5s', 'retries': 2}


class Health(FlowTest):
    options = ('--update-monitor', '3s')

    def exec(self, docker_id, *command):
        made = self.engine.call('POST', '/containers/%s/exec' % docker_id, {'Cmd': list(command)})
        self.engine.call('POST', '/exec/%s/start' % made['Id'], {'Detach': True})

    def healthy(self, container):
        return eventually(lambda: (lambda s: s['health'] == 'healthy' and s)(self.client.status(container)),
                          what='healthy')

    def test_its_changes_are_told_and_a_failure_is_a_warning(self):
        container = self.create_running('web', command=PROGRAM, healthcheck=PROBE)
        docker_id = self.healthy(container)['docker_id']
        eventually(lambda: [e['health'] for e in self.client.of('status_changed', new_state='running')][-2:] ==
                   ['starting', 'healthy'], what='its changes told')
        self.exec(docker_id, 'rm', '/ok')
        warning = self.client.wait('container_health_warning', container_id=container)
        self.assertEqual(warning['health'], 'unhealthy')
        self.assertGreaterEqual(warning['failing_streak'], 2)
        self.assertIn('/ok', warning['output'])
        status = self.client.status(container)
        self.assertEqual((status['state'], status['reason'], status['health']), ('running', 'Unhealthy', 'unhealthy'))
        self.exec(docker_id, 'touch', '/ok')
        self.assertEqual(self.healthy(container)['reason'], '')
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertEqual(len(self.client.of('container_started')), 1)

    def test_unhealthy_is_restarted_where_that_is_asked_for(self):
        container = self.create_running('web', command=PROGRAM, healthcheck={**PROBE, 'on_unhealthy': 'restart'})
        docker_id = self.healthy(container)['docker_id']
        self.exec(docker_id, 'rm', '/ok')
        self.client.wait('container_health_warning', container_id=container)
        eventually(lambda: len(self.client.of('container_started')) == 2, what='started again')
        self.healthy(container)
        self.assertEqual(self.docker_id(container), docker_id)
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertTrue(self.client.of('status_changed', reason='Unhealthy'))

    def test_it_is_known_after_our_own_outage(self):
        container = self.create_running('web', command=PROGRAM, healthcheck=PROBE)
        docker_id = self.healthy(container)['docker_id']
        self.again(between=lambda: self.become_unhealthy(docker_id))
        eventually(lambda: self.client.status(container)['health'] == 'unhealthy', what='unhealthy')
        self.client.wait('container_health_warning', container_id=container)

    def become_unhealthy(self, docker_id):
        self.exec(docker_id, 'rm', '/ok')
        eventually(lambda: self.engine.inspect(docker_id)['State']['Health']['Status'] == 'unhealthy',
                   what='unhealthy in the engine')

    def test_an_update_that_becomes_unhealthy_goes_back(self):
        container = self.create_running('web', command=PROGRAM, healthcheck=PROBE, environment={'V': '1'})
        docker_id = self.healthy(container)['docker_id']
        answer = self.client.call('update_container', container_id=container, wait=True,
                                  healthcheck={'test': 'cat /never'}, environment={'V': '2'})
        self.assertFalse(answer['ok'], answer)
        self.assertIn('unhealthy', answer['error']['message'])
        self.assertEqual(self.healthy(container)['docker_id'], docker_id)
        self.assertEqual(self.client.status(container)['reason'], 'UpdateFailed')

    def test_with_on_failure_pause_it_is_left(self):
        container = self.create_running('web', command=PROGRAM)
        docker_id = self.docker_id(container)
        answer = self.client.call('update_container', container_id=container, wait=True,
                                  command=['sh', '-c', 'exit 3'], update={'on_failure': 'pause'})
        self.assertFalse(answer['ok'], answer)
        status = self.reaches(container, 'error')
        self.assertEqual((status['reason'], status['active_generation']), ('UpdateFailed', 2))
        eventually(lambda: not self.engine.exists(docker_id), what='the old one gone')
        self.client.done('update_container', container_id=container, command=PROGRAM)
        self.reaches(container, 'running')

    def test_the_images_healthcheck(self):
        """Inherited whole, or field by field, or switched off; and in none of these forms taken for drift."""
        image = self.image_with('HEALTHCHECK --interval=300ms --timeout=7s --retries=4 CMD cat /ok')
        second = 10 ** 9
        forms = {'whole': (None, (['CMD-SHELL', 'cat /ok'], 3 * second // 10, 7 * second, 4)),
                 'fields': ({'interval': '200ms'}, (['CMD-SHELL', 'cat /ok'], second // 5, 7 * second, 4)),
                 'test': ({'test': ['CMD', 'true']}, (['CMD', 'true'], 3 * second // 10, 7 * second, 4)),
                 'off': ({'disable': True}, (['NONE'], None, None, None))}
        ids = {name: self.create_running(name, image=image, command=PROGRAM, **self.probe(given))
               for name, (given, _) in forms.items()}
        docker_ids = {name: self.docker_id(container) for name, container in ids.items()}
        for name, (_, wanted) in forms.items():
            probe = self.engine.inspect(docker_ids[name])['Config']['Healthcheck']
            with self.subTest(form=name):
                self.assertEqual(probe['Test'], wanted[0])
                if wanted[1]:
                    self.assertEqual((probe['Interval'], probe['Timeout'], probe['Retries']), wanted[1:])
        for name in ('whole', 'fields', 'test'):
            self.healthy(ids[name])
        self.assertEqual(self.client.status(ids['off'])['health'], 'none')
        self.again()
        for name, (given, _) in forms.items():
            with self.subTest(applied_again=name):
                answer = self.client.done('update_container', container_id=ids[name], **self.probe(given))
                self.assertFalse(answer['changed'], answer)
                self.assertEqual(self.docker_id(ids[name]), docker_ids[name])

    @staticmethod
    def probe(given):
        return {'healthcheck': given} if given else {}

    def test_probes_that_fail_in_the_start_period_do_not_count(self):
        probe = {'test': 'cat /late', 'interval': '200ms', 'timeout': '5s', 'retries': 1, 'on_unhealthy': 'restart'}
        slow = self.create_running('slow', command=PROGRAM, healthcheck={**probe, 'start_period': '1m'})
        hasty = self.create_running('hasty', command=PROGRAM, healthcheck={**probe, 'on_unhealthy': 'warn'})
        self.client.wait('container_health_warning', container_id=hasty)
        docker_id = self.docker_id(slow)
        health = lambda: self.engine.inspect(docker_id)['State']['Health']
        failed = lambda: [probe for probe in health()['Log'] if probe['ExitCode'] != 0]
        eventually(lambda: len(failed()) >= 3, what='three probes that failed')
        status = self.client.status(slow)
        self.assertEqual((status['state'], status['health'], status['reason']), ('running', 'starting', ''))
        self.exec(docker_id, 'touch', '/late')
        self.healthy(slow)
        self.assertEqual(self.client.of('container_health_warning', container_id=slow), [])
        self.assertEqual(len(self.client.of('container_started', container_id=slow)), 1)


class Dependencies(FlowTest):
    def waits(self, container):
        return eventually(lambda: (lambda s: s['reason'] == 'WaitingForDependency' and s)(
            self.client.status(container)), what='waiting')

    def declare(self, name, **spec):
        answer = self.client.call('create_container', name=name, image='flow-demo:latest', network_mode='none',
                                  desired_state='running', **spec)
        self.assertTrue(answer['ok'], answer)
        return answer['container_id']

    def test_healthy(self):
        web = self.declare('web', command=PROGRAM, depends_on={'db': {'condition': 'healthy'}})
        self.waits(web)
        probe = {**PROBE, 'test': 'cat /later'}
        db = self.declare('db', command=PROGRAM, healthcheck=probe)
        self.reaches(db, 'running')
        self.waits(web)
        docker_id = self.docker_id(db)
        made = self.engine.call('POST', '/containers/%s/exec' % docker_id, {'Cmd': ['touch', '/later']})
        self.engine.call('POST', '/exec/%s/start' % made['Id'], {'Detach': True})
        self.reaches(web, 'running')
        changes = self.client.of('status_changed', container_id=web, reason='WaitingForDependency')
        self.assertIn('waits for db to be healthy', [c['cause'] for c in changes])

    def test_completed_also_after_the_job_is_gone(self):
        web = self.declare('web', command=PROGRAM, depends_on={'migrate': {'condition': 'completed'}})
        self.waits(web)
        self.declare('migrate', kind='job', command=['true'], ttl_after_finished='1s')
        self.reaches(web, 'running')
        self.client.wait('container_deleted', name='migrate')
        late = self.declare('late', command=PROGRAM, depends_on={'migrate': {'condition': 'completed'}})
        self.reaches(late, 'running')
        # Declared anew, the name stands for the new job.
        self.declare('migrate', kind='job', command=PROGRAM)
        later = self.declare('later', command=PROGRAM, depends_on={'migrate': {'condition': 'completed'}})
        self.waits(later)

    def test_a_failed_job_is_waited_for(self):
        web = self.declare('web', command=PROGRAM, depends_on={'migrate': {'condition': 'completed'}})
        migrate = self.declare('migrate', kind='job', command=['false'], backoff_limit=0)
        self.reaches(migrate, 'error')
        self.waits(web)

    def test_at_boot_in_their_order(self):
        """All three were stopped while nobody of ours was there; declared in another order than they depend."""
        probe = {'test': 'cat /ok', 'interval': '300ms', 'timeout': '5s', 'retries': 100}
        slow = 'rm -f /ok; trap "exit 0" TERM; sleep 1; touch /ok; sleep 1000 & wait'
        ids = {'web': self.declare('web', command=PROGRAM, depends_on=['app']),
               'app': self.declare('app', command=PROGRAM, depends_on={'db': {'condition': 'healthy'}}),
               'db': self.declare('db', command=['sh', '-c', slow], healthcheck=probe)}
        docker_ids = {name: self.reaches(container, 'running')['docker_id'] for name, container in ids.items()}
        before = self.started(docker_ids)
        self.again(lambda: [self.engine.stop(docker_id) for docker_id in docker_ids.values()])
        for container in ids.values():
            self.reaches(container, 'running')
        after = self.started(docker_ids)
        self.assertTrue(all(after[name] > before[name] for name in ids), (before, after))
        self.assertEqual(sorted(after, key=after.get), ['db', 'app', 'web'])
        self.assertGreater(after['app'] - after['db'], 1.0, 'not before it was healthy')

    def started(self, docker_ids):
        return {name: seconds(self.engine.inspect(docker_id)['State']['StartedAt'])
                for name, docker_id in docker_ids.items()}
