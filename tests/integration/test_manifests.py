"""Manifests at the start of the daemon: what changed is applied and started, what is wrong is told, and who had been
there in between, too."""
import json
import os
import shutil
import tempfile

from flowtest import Daemon, FlowTest, eventually

SLEEPS = ['sleep', '1000']
ENDS_ON_TERM = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done']


def document(name, **spec):
    """One document; a value is written as JSON, which is YAML too."""
    spec = {'image': 'flow-demo:latest', 'network_mode': 'none', **spec}
    return 'apiVersion: flow/v1\nkind: Container\nmetadata: {name: %s}\nspec: %s\n' % (name, json.dumps(spec))


class ManifestTest(FlowTest):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='fm', dir='/tmp')
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.options = ('--manifests', self.folder, *self.options)
        self.first_manifests()
        super().setUp()

    def first_manifests(self):
        pass

    def write(self, name, *documents):
        with open(os.path.join(self.folder, name + '.yaml'), 'w') as f:
            f.write('---\n'.join(documents))

    def restarted(self, between=None):
        """With a client that is told all that was ever stored."""
        self.again(between, end=Daemon.stop, auth={'since': 0})

    def env_of(self, name):
        return self.engine.inspect(self.docker_id(name))['Config']['Env']


class Changed(ManifestTest):
    """Walk 5 by a changed manifest: started in each case but `stopped` asked for by it."""

    options = ('--update-monitor', '500ms')
    # Name: first spec, its state when the manifest changes.
    CASES = {
        'backoff': ({'command': ['sh', '-c', 'exit 1']}, 'restarting'),
        'error': ({'command': ['sh', '-c', 'exit 1'], 'restart': 'no'}, 'error'),
        'completed': ({'command': ['sh', '-c', 'exit 0']}, 'completed'),
        'stopped': ({'command': ENDS_ON_TERM}, 'stopped'),
        'created': ({'command': SLEEPS, 'desired_state': 'created'}, 'created'),
        'running': ({'command': SLEEPS}, 'running'),
    }

    def first_manifests(self):
        for name, (spec, _) in self.CASES.items():
            self.write(name, document(name, **spec))

    def reach_them_all(self):
        self.reaches('stopped', 'running')
        self.client.done('stop_container', container_id='stopped')
        before = {name: self.reaches(name, state) for name, (_, state) in self.CASES.items()}
        before['backoff'] = eventually(lambda: [s for s in [self.client.status('backoff')] if
                                                s['reason'] == 'CrashLoopBackOff'], what='a backoff')[0]
        return before

    def test_a_new_spec_starts_what_does_not_run(self):
        before = self.reach_them_all()
        self.restarted(lambda: [self.write(name, document(name, command=SLEEPS, environment={'A': '2'}))
                                for name in self.CASES])
        for name in self.CASES:
            with self.subTest(case=name):
                status = self.reaches(name, 'running')
                self.assertEqual(status['container_id'], before[name]['container_id'])
                self.client.wait('container_updated', name=name)
                self.check_updated(name, before[name])
        # At once, not when the backoff is over.
        self.assertLess(self.client.status('backoff')['started_at'], before['backoff']['next_retry_at'])
        # What was replaced goes after it was told.
        eventually(lambda: len(self.daemon.containers()) == len(self.CASES), what='no old container left')

    def check_updated(self, name, before):
        status = self.reaches(name, 'running')
        self.assertEqual((status['generation'], status['active_generation'], status['reason'], status['desired_state'],
                          status['next_retry_at'], status['restart_count']), (2, 2, '', 'running', None, 0))
        self.assertNotEqual(status['docker_id'], before['docker_id'])
        self.assertIn('A=2', self.env_of(name))
        updated = self.client.of('container_updated', name=name)
        self.assertEqual([(u['generation'], u['recreated']) for u in updated], [(2, True)])

    def test_a_field_that_needs_no_new_container_starts_it_too(self):
        before = self.reach_them_all()

        def change():
            for name, (spec, _) in self.CASES.items():
                self.write(name, document(name, **{**spec, 'stop_grace_period': '3s', 'desired_state': 'running'}))

        self.restarted(change)
        crashes = lambda name: [c for c in self.client.of('container_crashed', name=name) if c['generation'] == 2]
        eventually(lambda: crashes('backoff') and crashes('error'), what='those that fail have run again')
        self.assertLess(crashes('backoff')[0]['crash_details']['finished_at'], before['backoff']['next_retry_at'])
        ends = lambda: self.client.of('container_stopped', name='completed')
        eventually(lambda: [e['generation'] for e in ends()] == [1, 2], what='completed a second time')
        for name in ('stopped', 'created', 'running'):
            self.reaches(name, 'running')
        self.assertEqual(self.client.status('running')['started_at'], before['running']['started_at'])
        for name in self.CASES:
            self.assertEqual(self.client.status(name)['docker_id'], before[name]['docker_id'], name)

    def test_stopped_asked_for_by_it(self):
        before = self.reach_them_all()
        self.restarted(lambda: [self.write(name, document(name, command=SLEEPS, environment={'A': '2'},
                                                          desired_state='stopped')) for name in self.CASES])
        for name in self.CASES:
            with self.subTest(case=name):
                updated = self.client.wait('container_updated', name=name)
                self.assertEqual(updated['generation'], 2)
                eventually(lambda: self.client.status(name)['started_at'] is None, what='no process of ' + name)
                status = self.client.status(name)
                self.assertEqual((status['desired_state'], status['active_generation']), ('stopped', 2))
                self.assertFalse(self.engine.running(status['docker_id']))
                later = [e for e in self.client.of('container_started', name=name) if e['generation'] == 2]
                self.assertEqual(later, [])
        self.assertEqual(before.keys(), {c['name'] for c in self.client.call('list_containers')['containers']})


class Refused(ManifestTest):
    def first_manifests(self):
        self.write('b', document('web', environment={'FROM': 'b'}), document('other'))
        self.write('a', document('first'), document('web', environment={'FROM': 'a'}))

    def refusals(self):
        return self.client.of('activity_log', activity_type='manifest_refused')

    def test_two_files_declare_one_name(self):
        self.check_first_counts('b.yaml')

    def test_the_case_of_a_name_does_not_count(self):
        self.write('b', document('WEB', environment={'FROM': 'b'}))
        self.check_first_counts('b.yaml')

    def check_first_counts(self, refused_file):
        """Told at each start; the first file's is the one that runs, and it stays so."""
        for _ in range(2):
            before = len(self.told())
            self.restarted()
            self.reaches('web', 'running')
            told = self.told()
            self.assertEqual(len(told), before + 1)
            for refusal in told:
                self.check_refusal(refusal, refused_file)
            self.assertIn('FROM=a', self.env_of('web'))
            status = self.client.status('web')
            self.assertEqual((status['name'], status['generation'], status['docker_id']),
                             ('web', 1, self.client.wait('container_created', name='web')['docker_id']))
        self.assertEqual(len(self.client.of('container_created', name='web')), 1)
        self.assertEqual(self.client.of('container_created', name='WEB'), [])

    def told(self):
        """All refusals that are stored: they are, before the daemon listens."""
        rows = self.daemon.sql("select payload from audit_log where type = 'activity_log' and actor = 'manifests'")
        return [refusal for refusal in (json.loads(payload) for payload, in rows)
                if refusal['activity_type'] == 'manifest_refused']

    def check_refusal(self, refusal, file):
        self.assertEqual(refusal['actor'], 'manifests')
        self.assertEqual(set(refusal['details']), {'file', 'line', 'field'})
        self.assertEqual((refusal['details']['file'], refusal['details']['field']), (file, 'metadata.name'))
        self.assertIsInstance(refusal['details']['line'], int)
        self.assertIn('a.yaml', refusal['message'])
        self.assertIn(file, refusal['message'])

    def test_a_bad_file_changes_nothing_of_its_own(self):
        for name in 'ab':
            os.unlink(os.path.join(self.folder, name + '.yaml'))
        self.write('bad', document('fine'), document('bad', ports=['x']))
        self.write('good', document('good'))
        self.restarted()
        self.reaches('good', 'running')
        told = eventually(lambda: [t for t in self.refusals() if t['details']['file'] == 'bad.yaml'], what='refused')
        self.assertEqual(len(told), 1, told)
        self.assertEqual((told[0]['details']['line'], told[0]['details']['field']), (9, 'spec.ports[0]'))
        self.assertTrue(told[0]['message'].startswith('bad.yaml:9: spec.ports[0]: '), told[0]['message'])
        names = {c['name'] for c in self.client.call('list_containers')['containers']}
        self.assertFalse(names & {'fine', 'bad'})


class ChangedBy(ManifestTest):
    """The log of a changed manifest names who had changed its container in between."""

    options = ('--update-monitor', '500ms')

    def first_manifests(self):
        self.write('web', document('web', environment={'A': '1'}))
        self.write('quiet', document('quiet', environment={'A': '1'}))

    def test_a_client_in_between(self):
        self.reaches('web', 'running')
        self.client.done('update_container', container_id='web', environment={'A': 'mine'})
        self.restarted(lambda: [self.write(name, document(name, environment={'A': '2'}))
                                for name in ('web', 'quiet')])
        for name, generation in (('web', 3), ('quiet', 2)):
            eventually(lambda: self.client.status(name)['active_generation'] == generation, what='%s applied' % name)
            self.reaches(name, 'running')
            self.assertIn('A=2', self.env_of(name))
        logged = self.applied('web', 3)
        self.assertEqual(logged['details']['changed_by'], 'anonymous')
        self.assertIn('anonymous', logged['message'])
        self.assertNotIn('changed_by', self.applied('quiet', 2)['details'])
        rows = self.daemon.sql("select actor, summary from audit_log where type = 'activity_log' and "
                               "request_id = '%s'" % logged['request_id'])
        self.assertEqual(rows, [('manifest:web.yaml', logged['message'])])

    def applied(self, name, generation):
        """The one activity_log of that document."""
        told = [a for a in self.client.of('activity_log', name=name, generation=generation)
                if a['details'].get('source') == 'manifest:%s.yaml' % name]
        self.assertEqual(len(told), 1, self.client.of('activity_log'))
        self.assertEqual((told[0]['actor'], told[0]['details']['operation'], told[0]['details']['changed']),
                         ('manifest:%s.yaml' % name, 'apply', True))
        return told[0]

    def test_unchanged_ones_leave_alone_what_a_client_did(self):
        self.reaches('web', 'running')
        self.client.done('update_container', container_id='web', environment={'A': 'mine'})
        self.client.done('stop_container', container_id='quiet')
        self.client.done('delete_container', container_id='web')
        self.restarted()
        self.create_running('after')
        self.assertEqual(self.state('quiet'), 'stopped')
        names = {c['name'] for c in self.client.call('list_containers')['containers']}
        self.assertEqual(names, {'quiet', 'after'})
