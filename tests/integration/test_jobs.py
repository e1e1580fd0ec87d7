"""Jobs on the real engine (model 8): run to completion, tries, deadline, turn, time to be kept."""
import os

from flowtest import FlowTest, eventually

FOREVER = ['sh', '-c', 'trap "exit 0" TERM; echo ready; sleep 1000 & wait']


class Jobs(FlowTest):
    def job(self, name, script='exit 0', **spec):
        spec.setdefault('command', ['sh', '-c', script])
        answer = self.client.call('create_container', name=name, kind='job', image='flow-demo:latest',
                                  network_mode='none', **spec)
        self.assertTrue(answer['ok'], answer)
        return answer['container_id']

    def gone(self, container):
        error = self.client.call('get_container_status', container_id=container).get('error')
        return error is not None and error['error_type'] == 'container_not_found'

    def test_it_runs_to_completion_and_is_cleaned_up(self):
        container = self.job('done', 'echo worked', ttl_after_finished='1s')
        self.client.wait('container_started', container_id=container)
        stopped = self.client.wait('container_stopped', container_id=container)
        self.assertEqual((stopped['status'], stopped['exit_code']), ('completed', 0))
        self.client.wait('container_deleted', container_id=container)
        said = self.client.wait('activity_log', container_id=container, activity_type='cleanup')
        self.assertIn('ttl_after_finished', said['message'])
        eventually(lambda: self.gone(container), what='its row gone')
        self.assertEqual(self.daemon.containers(), [])

    def test_it_is_tried_again_up_to_its_limit(self):
        container = self.job('fails', 'echo no good; exit 4', backoff_limit=1)
        status = self.reaches(container, 'error')
        self.assertEqual(status['reason'], 'BackoffLimitExceeded')
        self.assertEqual(status['last_exit']['exit_code'], 4)
        crashes = eventually(lambda: (lambda all_: len(all_) == 2 and all_)(self.client.of('container_crashed')),
                             what='both crashes told')
        self.assertEqual([c['crash_details']['logs'][-1:] for c in crashes], [['no good']] * 2)
        self.assertEqual(self.client.of('container_deleted'), [])

    def test_a_failed_one_is_kept_for_its_own_time(self):
        container = self.job('fails', 'exit 4', backoff_limit=0, ttl_after_finished='1h', keep_failed='1s')
        self.client.wait('container_deleted', container_id=container)
        self.assertIn('keep_failed', self.client.wait('activity_log', activity_type='cleanup')['message'])

    def test_its_deadline_ends_it(self):
        container = self.job('slow', command=FOREVER, active_deadline='1s')
        status = self.reaches(container, 'error')
        self.assertEqual(status['reason'], 'DeadlineExceeded')
        self.assertIn('active_deadline of 1s', status['message'])
        self.assertFalse(self.engine.running(status['docker_id']))
        self.assertEqual(self.client.of('container_crashed'), [])

    def test_its_deadline_counts_over_our_own_outage(self):
        container = self.job('slow', command=FOREVER, active_deadline='2s')
        self.client.wait('container_started', container_id=container)
        self.again()
        self.assertEqual(self.reaches(container, 'error')['reason'], 'DeadlineExceeded')

    def test_at_most_once_is_an_error_whoever_ends_it(self):
        container = self.job('once', command=FOREVER, restart='no')
        docker_id = self.client.wait('container_started', container_id=container)['docker_id']
        self.engine.printed(docker_id, 'ready')
        self.engine.stop(docker_id)
        self.assertEqual(self.reaches(container, 'error')['reason'], 'StoppedOutside')

    def test_a_docker_stop_counts_for_nothing(self):
        container = self.job('again', command=FOREVER, backoff_limit=0)
        docker_id = self.client.wait('container_started', container_id=container)['docker_id']
        self.engine.printed(docker_id, 'ready')
        self.engine.stop(docker_id)
        eventually(lambda: len(self.client.of('container_started')) == 2, what='running again')

    def test_its_spec_does_not_change(self):
        container = self.job('fixed', command=FOREVER)
        error = self.client.refused('update_container', container_id=container, environment={'A': '1'})
        self.assertEqual(error['error_type'], 'conflict_error')

    def test_capabilities_are_dropped_by_default(self):
        """And a program that fails for it is told apart: what to try is in the crash and in the status."""
        script = 'grep CapEff /proc/self/status; %schown 1 /tmp; exit 1'
        told = {}
        for name, quiet in (('caps', 'exec 2>&-; '), ('denied', '')):
            container = self.job(name, script % quiet, backoff_limit=0)
            self.reaches(container, 'error')
            details = self.client.wait('container_crashed', container_id=container)['crash_details']
            self.assertIn('CapEff:\t0000000000000000', details['logs'])
            told[name] = (details['error'], self.client.status(container)['message'])
        for text in told['denied']:
            self.assertIn('security.cap_add', text)
        for text in told['caps']:
            self.assertNotIn('security.cap_add', text)

    def test_a_finished_one_of_a_manifest_does_not_come_back(self):
        folder = os.path.join(self.daemon.folder, 'manifests')
        os.mkdir(folder)
        with open(folder + '/job.yaml', 'w') as f:
            f.write('apiVersion: flow/v1\nkind: Job\nmetadata: {name: once}\nspec:\n  image: flow-demo:latest\n'
                    '  command: "true"\n  network_mode: none\n  ttl_after_finished: 1s\n')
        self.daemon.options += ['--manifests', folder]
        self.again()
        eventually(lambda: self.daemon.sql("select 1 from events where type = 'container_deleted'"),
                   what='completed and cleaned up')
        self.again()
        self.assertEqual(self.client.call('list_containers')['count'], 0)
        self.assertEqual(len(self.daemon.sql("select 1 from events where type = 'container_created'")), 1)


class Turns(FlowTest):
    options = ('--max-running-jobs', '2')

    def test_the_others_wait_in_order(self):
        jobs = []
        for i in range(5):
            answer = self.client.call('create_container', name='job%d' % i, kind='job', image='flow-demo:latest',
                                      network_mode='none', command=FOREVER)
            self.assertTrue(answer['ok'], answer)
            jobs.append(answer['container_id'])
        for container in jobs[:2]:
            self.reaches(container, 'running')
        for container in jobs[2:]:
            status = eventually(lambda: (lambda s: s['reason'] == 'Queued' and s)(self.client.status(container)),
                                what='queued')
            self.assertEqual(status['state'], 'creating')
        self.assertEqual(len(self.daemon.containers()), 2)
        self.client.done('stop_container', container_id=jobs[0])
        self.reaches(jobs[2], 'running')
        self.assertEqual(self.client.status(jobs[3])['reason'], 'Queued')
        self.client.done('delete_container', container_id=jobs[1])
        self.reaches(jobs[3], 'running')
        self.assertEqual(self.client.status(jobs[4])['reason'], 'Queued')
