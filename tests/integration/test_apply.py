"""Documents while the daemon runs: `apply` and what its dry run foretells, the folder that is watched and pruned, and the
way back to an old spec."""
import os
import shutil
import time

from flowtest import Daemon, FlowTest, eventually
from test_manifests import ENDS_ON_TERM, ManifestTest, document

STEPS = {'CreateContainer': 'create', 'StartContainer': 'start', 'StopContainer': 'stop', 'KillContainer': 'stop',
         'RemoveContainer': 'remove', 'RenameContainer': 'rename', 'UpdateContainer': 'update',
         'UnpauseContainer': 'unpause'}


def foretold(plan):
    """[(step, cause)] of the engine calls in a plan, as the log names them."""
    found = []
    for line in plan:
        head, cause = line.split(': ', 1)
        kind = head.split()[1]
        if kind in STEPS:
            found.append((STEPS[kind], cause))
    return found


class ApplyTest(FlowTest):
    options = ('--update-monitor', '500ms')

    def apply(self, *documents, **more):
        answer = self.client.call('apply', manifests='---\n'.join(documents), **more)
        self.assertTrue(answer['ok'], answer)
        return {result['name']: result for result in answer['results']}

    def taken(self, name, since):
        """[(step, cause)] that the loop took for that name, from the log."""
        rows = self.daemon.sql("select type, summary from audit_log where kind = 'action' and seq > %d and name = '%s' "
                               "order by seq" % (since, name))
        return [(step, summary.split(': ', 1)[1]) for step, summary in rows]

    def last_seq(self):
        return self.daemon.sql('select coalesce(max(seq), 0) from audit_log')[0][0]


class DryRun(ApplyTest):
    """The dry run's steps are those that the loop then takes, with their causes."""

    def check(self, action, *documents, **more):
        """Foretells, applies, compares; the results of the dry run."""
        since = self.last_seq()
        told = self.apply(*documents, dry_run=True, **more)
        self.assertEqual(self.last_seq(), since, 'a dry run writes nothing')
        done = self.apply(*documents, wait=True, **more)
        for name, result in told.items():
            with self.subTest(name=name, plan=result['plan']):
                self.assertEqual(result['action'], action)
                self.assertEqual((done[name]['action'], done[name]['generation'], done[name]['diff']),
                                 (result['action'], result['generation'], result['diff']))
                wanted = foretold(result['plan'])
                eventually(lambda: len(self.taken(name, since)) >= len(wanted), what='the steps of ' + name)
                self.assertEqual(self.taken(name, since), wanted)
        if action != 'deleted':
            for name, result in self.apply(*documents, dry_run=True).items():
                eventually(lambda: self.apply(*documents, dry_run=True)[name]['plan'] == [], what='rest')
                self.assertEqual(result['action'], 'unchanged')
        return told

    def test_each_way_through_the_loop(self):
        v1 = {'command': ENDS_ON_TERM, 'resources': {'memory': '32m'}}
        new = self.check('created', document('web', **v1), document('db', command=ENDS_ON_TERM))
        self.assertEqual([line.split()[1] for line in new['web']['plan']], ['CreateContainer', 'StartContainer'])
        self.assertIsNone(new['web']['container_id'])
        self.assertEqual(foretold(self.check('unchanged', document('web', **v1))['web']['plan']), [])

        replaced = self.check('updated', document('web', **v1, environment={'A': '2', 'MY_TOKEN': 'geheim'}))['web']
        self.assertEqual(replaced['diff'], [{'field': 'environment', 'from': {},
                                             'to': {'A': '2', 'MY_TOKEN': '********'}}])
        self.assertEqual([step for step, _ in foretold(replaced['plan'])],
                         ['create', 'stop', 'rename', 'rename', 'start', 'remove'])
        v2 = {**v1, 'environment': {'A': '2', 'MY_TOKEN': 'geheim'}}

        limited = self.check('updated', document('web', **{**v2, 'resources': {'memory': '48m'}}))['web']
        self.assertEqual([step for step, _ in foretold(limited['plan'])], ['update'])
        v3 = {**v2, 'resources': {'memory': '48m'}}

        stopped = self.check('updated', document('web', **v3, desired_state='stopped'))['web']
        self.assertEqual(stopped['diff'], [{'field': 'desired_state', 'from': 'running', 'to': 'stopped'}])
        self.assertEqual([step for step, _ in foretold(stopped['plan'])], ['stop'])
        v4 = {**v3, 'hostname': 'other'}
        self.check('updated', document('web', **v4, desired_state='stopped'))
        started = self.check('updated', document('web', **v4))['web']
        self.assertEqual([step for step, _ in foretold(started['plan'])], ['start'])

    def test_what_is_pruned(self):
        self.apply(document('web', command=ENDS_ON_TERM), document('old', command=ENDS_ON_TERM), wait=True)
        mine = self.create_running('mine', command=ENDS_ON_TERM)
        since = self.last_seq()
        told = self.apply(document('web', command=ENDS_ON_TERM), prune=True, dry_run=True)
        self.assertEqual({name: result['action'] for name, result in told.items()},
                         {'web': 'unchanged', 'old': 'deleted'})
        self.apply(document('web', command=ENDS_ON_TERM), prune=True, wait=True)
        self.assertEqual(self.taken('old', since), foretold(told['old']['plan']))
        names = {c['name'] for c in self.client.call('list_containers')['containers']}
        self.assertEqual(names, {'web', 'mine'})
        self.assertEqual(self.state(mine), 'running')
        again = self.apply(document('web', command=ENDS_ON_TERM), prune=True)
        self.assertEqual(list(again), ['web'])

    def test_a_dependency_in_the_same_set(self):
        documents = (document('app', command=ENDS_ON_TERM, depends_on=['db']), document('db', command=ENDS_ON_TERM))
        since = self.last_seq()
        told = self.apply(*documents, dry_run=True)
        self.assertIn('#2 Wait app: db does not run yet', told['app']['plan'])
        self.apply(*documents, wait=True)
        self.assertEqual(self.taken('app', since), foretold(told['app']['plan']))

    def test_of_an_update_and_a_create(self):
        web = self.create_running('web', command=ENDS_ON_TERM)
        since = self.last_seq()
        told = self.client.call('update_container', container_id='web', environment={'A': '1'}, dry_run=True)
        self.assertEqual((told['ok'], told['dry_run'], told['container_id'], told['generation']),
                         (True, True, web, 2))
        self.assertEqual(self.client.status(web)['generation'], 1)
        self.client.done('update_container', container_id='web', environment={'A': '1'})
        wanted = foretold(told['plan'])
        eventually(lambda: self.taken('web', since) == wanted, what='the steps that were foretold')
        created = self.client.call('create_container', image='flow-demo:latest', name='new', dry_run=True)
        self.assertEqual([step for step, _ in foretold(created['plan'])], ['create'])
        refused = self.client.refused('create_container', image='flow-demo:latest', name='WEB', dry_run=True)
        self.assertEqual(refused['error_type'], 'name_conflict')
        self.assertEqual(len(self.client.call('list_containers')['containers']), 1)


class Apply(ApplyTest):
    def test_a_stop_by_hand_is_taken_back_by_an_apply_by_hand(self):
        text = document('web', command=ENDS_ON_TERM)
        self.assertEqual(self.apply(text, wait=True)['web']['outcome'], 'done')
        self.client.done('stop_container', container_id='web')
        self.assertEqual(self.apply(text, wait=True)['web']['action'], 'updated')
        self.reaches('web', 'running')

    def test_what_has_completed_is_not_run_again(self):
        text = document('once', command=['true'])
        self.apply(text)
        before = self.reaches('once', 'completed')
        self.assertEqual(self.apply(text, wait=True)['once']['action'], 'unchanged')
        self.assertEqual(self.state('once'), 'completed')
        self.assertEqual(self.client.status('once')['last_exit'], before['last_exit'])

    def test_a_row_that_fails_with_wait(self):
        error = self.client.refused('apply', manifests=[{
            'apiVersion': 'flow/v1', 'kind': 'Container', 'metadata': {'name': 'bad'},
            'spec': {'image': 'flow-demo:latest', 'network_mode': 'none', 'command': ['/nothing']}}], wait=True)
        self.assertEqual(error['error_type'], 'docker_api_error')
        self.assertEqual([(r['name'], r['action'], r['outcome']) for r in error['details']['results']],
                         [('bad', 'created', 'failed')])

    def test_over_http(self):
        text = document('web', command=ENDS_ON_TERM)
        status, tried = self.daemon.http('POST', '/api/apply?dry_run=1', text)
        self.assertEqual((status, tried['dry_run'], tried['results'][0]['action']), (200, True, 'created'))
        self.assertEqual(self.daemon.http('GET', '/api/containers')[1]['count'], 0)
        status, done = self.daemon.http('POST', '/api/apply?wait=1', text)
        self.assertEqual((status, done['results'][0]['outcome']), (200, 'done'), done)
        self.assertEqual(self.state('web'), 'running')
        status, error = self.daemon.http('POST', '/api/apply', 'apiVersion: flow/v1\nkind: Pod\n')
        self.assertEqual((status, error['error_type']), (400, 'validation_error'))
        status, pruned = self.daemon.http('POST', '/api/apply?prune=1&wait=1', document('other', command=ENDS_ON_TERM))
        self.assertEqual([(r['name'], r['action']) for r in pruned['results']], [('other', 'created'), ('web', 'deleted')])
        eventually(lambda: self.daemon.http('GET', '/api/containers')[1]['count'] == 1, what='web gone')


class Rollback(ApplyTest):
    def test_to_the_spec_before(self):
        web = self.create_running('web', command=ENDS_ON_TERM, environment={'A': '1'})
        self.client.done('update_container', container_id='web', environment={'A': '2'})
        answer = self.client.done('rollback_container', container_id='web')
        self.assertEqual((answer['generation'], answer['result']['changed_fields']), (3, ['environment']))
        updated = self.client.wait('container_updated', generation=3)
        self.assertEqual(updated['seq'], answer['result']['result_seq'])
        self.assertIn('A=1', self.engine.inspect(self.docker_id(web))['Config']['Env'])
        # Generation 3 is active: before it stands 2.
        status, there = self.daemon.http('POST', '/api/containers/web/rollback', '{}')
        self.assertEqual((status, there['generation'], there['changed']), (200, 4, True))
        eventually(lambda: self.client.status(web)['active_generation'] == 4, what='generation 4 active')
        self.assertIn('A=2', self.engine.inspect(self.docker_id(web))['Config']['Env'])

    def test_an_unknown_generation(self):
        self.create('web')
        for to in ({}, {'to_generation': 2}, {'to_generation': 99}):
            error = self.client.refused('rollback_container', container_id='web', **to)
            self.assertEqual(error['error_type'], 'validation_error')
            self.assertEqual(error['details']['field_errors'][0]['path'], 'to_generation')
        self.assertEqual(self.client.status('web')['generation'], 1)

    def test_revisions_outlive_the_daemon(self):
        self.create('web', environment={'A': '1'})
        self.client.done('update_container', container_id='web', environment={'A': '2'})
        self.again(end=Daemon.kill)
        status, known = self.daemon.http('GET', '/api/containers/web/revisions')
        self.assertEqual((status, [r['generation'] for r in known['revisions']], known['active_generation']),
                         (200, [2, 1], 2))
        self.assertEqual([r['spec']['environment'] for r in known['revisions']], [{'A': '2'}, {'A': '1'}])
        self.assertEqual(self.client.done('rollback_container', container_id='web', to_generation=1)['generation'], 3)
        self.assertEqual(self.daemon.http('GET', '/api/containers/nobody/revisions')[0], 404)


class Watched(ManifestTest):
    """The folder is looked at whenever a file in it changes."""

    options = ('--update-monitor', '500ms')

    def first_manifests(self):
        self.write('web', document('web', command=ENDS_ON_TERM))

    def names(self):
        return {c['name'] for c in self.client.call('list_containers')['containers']}

    def refusals(self):
        return self.client.of('activity_log', activity_type='manifest_refused')

    def test_new_and_changed_files(self):
        self.reaches('web', 'running')
        self.write('db', document('db', command=ENDS_ON_TERM))
        eventually(lambda: 'db' in self.names(), what='db')
        self.reaches('db', 'running')
        self.write('web', document('web', command=ENDS_ON_TERM, environment={'A': '2'}))
        eventually(lambda: self.client.status('web')['active_generation'] == 2, what='web updated')
        self.assertEqual(self.client.status('db')['generation'], 1)

    def test_a_bad_file_is_told_once_and_taken_when_it_is_mended(self):
        self.reaches('web', 'running')
        self.write('web', document('web', command=ENDS_ON_TERM, ports=['x']))
        told = eventually(self.refusals, what='refused')
        self.assertEqual((told[0]['details']['file'], told[0]['details']['line'], told[0]['details']['field']),
                         ('web.yaml', 4, 'spec.ports[0]'))
        self.write('db', document('db', command=ENDS_ON_TERM))
        self.reaches_new('db')
        self.assertEqual(self.client.status('web')['generation'], 1)
        self.write('web', document('web', command=ENDS_ON_TERM, environment={'A': '2'}))
        eventually(lambda: self.client.status('web')['active_generation'] == 2, what='mended')
        self.assertEqual(len(self.refusals()), 1)

    def reaches_new(self, name):
        eventually(lambda: name in self.names(), what=name)
        self.reaches(name, 'running')

    def test_a_file_that_is_being_written_is_left_alone(self):
        self.reaches('web', 'running')
        text = document('db', command=ENDS_ON_TERM)
        with open(os.path.join(self.folder, 'db.yaml'), 'w') as slow:
            slow.write(text[:len(text) // 2])
            slow.flush()
            time.sleep(1.5)         # a slow writer
            slow.write(text[len(text) // 2:])
        self.reaches_new('db')
        self.assertEqual(self.refusals(), [])

    def test_a_folder_that_comes_back(self):
        self.reaches('web', 'running')
        other = self.folder + '.away'
        os.rename(self.folder, other)
        eventually(self.refusals, what='the folder cannot be read')
        self.assertEqual(self.state('web'), 'running')
        os.mkdir(self.folder)
        self.write('web', document('web', command=ENDS_ON_TERM, environment={'A': '2'}))
        eventually(lambda: self.client.status('web')['active_generation'] == 2, what='web updated')
        shutil.rmtree(other)

    def test_a_document_that_moves_is_the_same(self):
        before = self.reaches('web', 'running')
        self.client.done('stop_container', container_id='web')
        os.rename(os.path.join(self.folder, 'web.yaml'), os.path.join(self.folder, 'moved.yaml'))
        self.write('db', document('db', command=ENDS_ON_TERM))
        self.reaches_new('db')
        self.restarted()
        after = self.reaches('web', 'stopped')
        self.assertEqual((after['docker_id'], after['generation']), (before['docker_id'], 1))

    def test_what_is_stopped_by_hand_stays_so_over_restarts(self):
        self.reaches('web', 'running')
        self.client.done('stop_container', container_id='web')
        for end in (Daemon.stop, Daemon.kill):
            self.again(end=end)
            self.create_running('after-%s' % end.__name__)
            self.assertEqual(self.state('web'), 'stopped')
        self.write('web', document('web', command=ENDS_ON_TERM, environment={'A': '2'}))
        self.reaches('web', 'running')

    def test_nothing_is_deleted_without_the_option(self):
        self.reaches('web', 'running')
        os.unlink(os.path.join(self.folder, 'web.yaml'))
        self.write('db', document('db', command=ENDS_ON_TERM))
        self.restarted()
        self.reaches_new('db')
        self.assertEqual(self.state('web'), 'running')


class Pruned(ManifestTest):
    options = ('--prune',)

    def first_manifests(self):
        self.write('web', document('web', command=ENDS_ON_TERM, volumes={self.volume(): '/data'}))
        self.write('db', document('db', command=ENDS_ON_TERM))

    def volume(self):
        return 'keep-' + os.path.basename(self.folder)

    def setUp(self):
        super().setUp()
        self.addCleanup(lambda: self.engine.call('DELETE', '/volumes/' + self.volume(), ok=(204, 404, 409)))

    def names(self):
        return {c['name'] for c in self.client.call('list_containers')['containers']}

    def remove(self, name):
        os.unlink(os.path.join(self.folder, name + '.yaml'))

    def test_what_is_gone_is_deleted_and_nothing_else(self):
        for name in ('web', 'db'):
            self.reaches(name, 'running')
        self.create_running('mine', command=ENDS_ON_TERM)
        self.write('mine', document('mine', command=ENDS_ON_TERM, environment={'A': '1'}))
        eventually(lambda: self.client.status('mine')['generation'] == 2, what='mine taken over')
        db = self.docker_id('db')
        os.rename(os.path.join(self.folder, 'db.yaml'), os.path.join(self.folder, 'moved.yaml'))
        self.remove('web')
        self.remove('mine')
        gone = self.client.wait('container_deleted', name='web')
        self.assertEqual(gone['cleanup']['volumes'], 'kept')
        self.engine.call('GET', '/volumes/' + self.volume())
        self.assertEqual(self.names(), {'db', 'mine'})
        self.assertEqual(self.docker_id('db'), db)
        told = self.client.of('activity_log', activity_type='manifest_pruned')
        self.assertEqual([(t['details']['name'], t['details']['source']) for t in told], [('web', 'manifest:web.yaml')])
        # It comes back with its document, though that has not changed.
        self.write('web', document('web', command=ENDS_ON_TERM, volumes={self.volume(): '/data'}))
        eventually(lambda: 'web' in self.names(), what='web back')
        self.reaches('web', 'running')

    def stays(self, between, says=''):
        """web's document is gone, but not in a pass in which that counts."""
        self.reaches('web', 'running')
        self.restarted(between)
        self.assertEqual(self.names(), {'web', 'db'})
        self.assertEqual(self.state('web'), 'running')
        self.assertIn(says, self.daemon.log())

    def test_not_in_a_pass_with_a_bad_file(self):
        self.reaches('db', 'running')

        def between():
            self.remove('web')
            self.write('db', document('db', ports=['x']))

        self.stays(between, 'spec.ports[0]')
        self.write('db', document('db', command=ENDS_ON_TERM))
        self.client.wait('container_deleted', name='web')

    def test_not_with_an_empty_folder_or_none(self):
        self.stays(lambda: (self.remove('web'), self.remove('db')))
        self.stays(lambda: shutil.rmtree(self.folder), 'cannot be read')
        os.mkdir(self.folder)

    def test_not_with_a_file_without_a_byte(self):
        self.stays(lambda: open(os.path.join(self.folder, 'web.yaml'), 'w').close(), 'a manifest is empty')

    def test_what_went_while_the_daemon_was_down(self):
        self.reaches('web', 'running')
        self.restarted(lambda: self.remove('web'))
        self.client.wait('container_deleted', name='web')
        self.assertEqual(self.names(), {'db'})
