"""What bad input gets: a clear error that names operation, container and field, an audit row, and nothing else."""
import json
import os
import socket
import uuid

from engine_proxy import BehindProxy, EngineProxy
from flowtest import FlowTest, eventually

GOOD = {'image': 'flow-demo:latest', 'network_mode': 'none'}
WRITES = ('start_container', 'stop_container', 'restart_container', 'update_container', 'delete_container')


class BadInput(FlowTest):
    def everything(self):
        """All that a refusal must leave alone: rows, revisions, the log without refusals, the engine, the folders."""
        engine = sorted((c['Id'], c['Names'], c['State'], c['Labels'].get('flow.generation'))
                        for c in self.daemon.containers())
        run = os.path.join(self.daemon.data, 'run')
        return {'containers': self.daemon.sql('select * from containers'),
                'revisions': self.daemon.sql('select * from spec_revisions'),
                'status': self.daemon.sql('select * from status'),
                'log': self.daemon.sql("select seq, kind, type, summary from events where kind <> 'refusal'"),
                'engine': engine, 'folders': sorted(os.listdir(run)) if os.path.isdir(run) else []}

    def refusals(self):
        return self.daemon.sql('select seq, type, container_id, request_id, summary, payload from audit_log '
                               "where kind = 'refusal' order by seq")

    def settled(self):
        """Nothing is in hand any more: a request may end before the last step that follows from it."""
        statuses = [json.loads(doc) for doc, in self.daemon.sql('select doc from status')]
        return not [s for s in statuses if s.get('intention') or s.get('next_id') or s.get('prev_id')]

    def rejected(self, request, payload, error_type, fields=(), **more):
        """Sends it; checks the acknowledgement, the `error` event, the audit row, and that nothing changed."""
        eventually(self.settled, what='nothing in hand')
        before, rows = self.everything(), len(self.refusals())
        heard = len(self.client.of('error'))
        answer = self.client.sio.call(request, payload, timeout=30)
        self.assertEqual(set(answer), {'ok', 'error'}, answer)
        self.assertIs(answer['ok'], False)
        error = answer['error']
        self.check_error(error, request, error_type, fields, **more)
        eventually(lambda: len(self.client.of('error')) == heard + 1, what='the error event')
        self.assertEqual(self.client.of('error')[-1], error)
        eventually(lambda: len(self.refusals()) == rows + 1, what='the audit row')
        row = self.refusals()[-1]
        self.assertEqual(row[1], request)
        self.assertEqual(row[2], error['details'].get('container_id', ''))
        self.assertTrue(row[4])
        self.assertEqual(json.loads(row[5])['error_type'], error_type)
        self.assertEqual(self.everything(), before)
        return error

    def check_error(self, error, operation, error_type, fields=(), container=None):
        self.assertEqual(set(error), {'error', 'error_type', 'message', 'details'})
        self.assertIs(error['error'], True)
        self.assertEqual(error['error_type'], error_type, error)
        self.assertTrue(error['message'])
        self.assertEqual(error['details']['operation'], operation)
        if container is not None:
            self.assertEqual(error['details'].get('container_id'), container)
        found = {f['path'] for f in error['details'].get('field_errors', [])} or {error['details'].get('field')} - {None}
        self.assertEqual(found, set(fields), error)

    # -- the form of a request -------------------------------------------------------------------------

    def test_unknown_event(self):
        error = self.rejected('creat_container', {}, 'validation_error')
        self.assertIn('create_container', error['message'])
        self.rejected('format_disk', {'container_id': 'x'}, 'validation_error')
        self.rejected('query_events', {'container_id': 'x'}, 'validation_error')
        self.assertIn('query_events', self.client.of('error')[-1]['message'])

    def test_not_an_object(self):
        for payload in ('text', 7, True, ['a'], None):
            error = self.rejected('create_container', payload, 'validation_error')
            self.assertIn('object', error['message'])
        for request in WRITES + ('get_container_status',):
            self.rejected(request, 'web', 'validation_error')

    def test_missing_and_wrong_fields(self):
        self.rejected('create_container', {}, 'validation_error', ['image'])
        for request in WRITES + ('get_container_status',):
            self.rejected(request, {}, 'validation_error', ['container_id'])
            self.rejected(request, {'container_id': 7}, 'validation_error', ['container_id'])
        # All of them at once, each with its path.
        bad = {'image': 'UPPER case', 'name': '-x', 'environment': {'A': {}}, 'ports': {'99999': 0},
               'resources': {'memory': -1}, 'no_such_field': 1, 'wait': 'yes', 'restart': 'sometimes'}
        error = self.client.sio.call('create_container', bad)['error']
        paths = [f['path'] for f in error['details']['field_errors']]
        for field in ('image', 'name', 'environment', 'ports', 'resources.memory', 'no_such_field', 'wait', 'restart'):
            self.assertTrue([p for p in paths if p.startswith(field)], (field, paths))
        self.assertEqual(self.daemon.sql('select * from containers'), [])

    def test_compose_fields_are_answered_with_our_path(self):
        for field, ours in (('cap_add', 'security.cap_add'), ('mem_limit', 'resources.memory'),
                            ('privileged', 'security.privileged')):
            error = self.rejected('create_container', {**GOOD, field: 'x'}, 'validation_error', [field])
            self.assertIn(ours, json.dumps(error))

    def test_unknown_container(self):
        for request in WRITES + ('get_container_status',):
            for reference in ('nobody', '0123456789ab', 'f' * 64):
                error = self.rejected(request, {'container_id': reference}, 'container_not_found', container=reference)
                self.assertIn(reference, error['message'])

    def test_a_name_that_passes_for_an_id(self):
        for name in ('0123456789ab', 'f' * 63, 'deadbeefdead', 'DEADBEEFDEAD'):
            self.rejected('create_container', {**GOOD, 'name': name}, 'validation_error', ['name'])
        container = self.create('web')
        self.rejected('update_container', {'container_id': container, 'name': 'deadbeefdead'}, 'validation_error',
                      ['name'], container=container)
        self.create('deadbeefdea')

    def test_request_ids(self):
        for bad in ('short', 'x' * 15, 'x' * 129, 7, {}):
            self.rejected('create_container', {**GOOD, 'name': 'web', 'request_id': bad}, 'validation_error',
                          ['request_id'])
        self.client.done('create_container', GOOD, name='a', request_id='x' * 16)
        self.client.done('create_container', GOOD, name='b', request_id='y' * 128)

    def test_secrets_do_not_get_into_errors_or_audit(self):
        self.rejected('create_container', {'name': 'web', 'environment': {'API_TOKEN': 'hush-hush'}},
                      'validation_error', ['image'])
        self.assertNotIn('hush-hush', json.dumps(self.client.events) + json.dumps(self.refusals()))
        self.assertNotIn('hush-hush', self.daemon.log())

    # -- repetition and compare-and-set ----------------------------------------------------------------

    def test_repetition(self):
        key = str(uuid.uuid4())
        first = self.client.call('create_container', GOOD, name='web', request_id=key)
        self.client.wait('create_container')
        again = self.client.call('create_container', GOOD, name='web', request_id=key)
        waiting = self.client.call('create_container', GOOD, name='web', request_id=key, wait=True)
        self.assertEqual(again, first)
        self.assertEqual((waiting['container_id'], waiting['outcome']), (first['container_id'], 'done'))
        self.assertEqual(len(self.daemon.containers()), 1)
        self.assertEqual(len(self.client.of('container_created')), 1)
        eventually(lambda: len(self.client.of('create_container')) == 3, what='each time its answer')
        error = self.rejected('create_container', {**GOOD, 'name': 'other', 'request_id': key}, 'conflict_error')
        self.assertEqual(error['details']['request_id'], key)
        # A refusal is remembered as well, although what was wrong is not wrong any more.
        key = str(uuid.uuid4())
        self.rejected('create_container', {**GOOD, 'name': 'web', 'request_id': key}, 'name_conflict', ['name'])
        self.client.done('delete_container', container_id='web')
        error = self.client.refused('create_container', {**GOOD, 'name': 'web', 'request_id': key})
        self.assertEqual(error['error_type'], 'name_conflict')
        self.assertEqual(self.daemon.containers(), [])

    def test_repetition_after_the_container_is_gone(self):
        container = self.create('web')
        key = str(uuid.uuid4())
        first = self.client.call('delete_container', container_id='web', request_id=key, wait=True)
        again = self.client.call('delete_container', container_id='web', request_id=key, wait=True)
        self.assertEqual(again, first)
        self.assertTrue(first['ok'], first)
        self.assertEqual(first['container_id'], container)

    def test_expected_generation(self):
        container = self.create('web')
        for request in WRITES:
            payload = {'container_id': container, 'expected_generation': 2}
            if request == 'update_container':
                payload['environment'] = {'A': '1'}
            error = self.rejected(request, payload, 'conflict_error', container=container)
            self.assertIn('1', error['message'])
        self.client.done('update_container', container_id=container, environment={'A': '1'}, expected_generation=1)
        self.client.done('update_container', container_id=container, environment={'A': '2'}, expected_generation=2)
        self.rejected('update_container', {'container_id': container, 'environment': {}, 'expected_generation': 1},
                      'conflict_error', container=container)
        self.rejected('start_container', {'container_id': container, 'expected_generation': 'x'}, 'validation_error',
                      ['expected_generation'])

    # -- what does not fit the host --------------------------------------------------------------------

    def test_an_image_that_does_not_exist(self):
        network = self.daemon.prefix + 'net'
        for wait in (True, False):
            answer = self.client.call('create_container', image='localhost:1/none:1', name='web', networks=[network],
                                      desired_state='running', wait=wait)
            if wait:
                self.assertFalse(answer['ok'], answer)
            eventually(lambda: self.client.of('error'), what='the error')
            error = self.client.of('error')[-1]
            self.check_error(error, 'create_container', 'image_not_found', ['image'])
            self.assertEqual(error['details']['cause'], 'registry_unreachable')
            container = error['details']['container_id']
            self.assertIn('localhost:1/none:1', error['message'])
            self.check_undone(container, 'image_not_found')
            eventually(lambda: 'Id' not in self.engine.call('GET', '/networks/' + network, ok=(200, 404)),
                       what='no network left')
            self.client.events.clear()
        container = self.create_running('web')
        eventually(lambda: self.state(container) == 'running', what='the corrected one runs')
        self.check_update_to_it(container)

    def check_undone(self, container, error_type):
        gone = eventually(lambda: self.client.of('status_changed', container_id=container, new_state='removed'),
                          what='removed')
        self.assertEqual(len(gone), 1)
        self.assertEqual(self.daemon.sql('select * from containers'), [])
        self.assertEqual(self.daemon.containers(), [])
        eventually(lambda: self.client.of('error'), what='the error event, which may come after the acknowledgement')
        self.assertEqual(len(self.client.of('error')), 1)
        self.assertEqual(self.client.of('container_created'), [])
        eventually(lambda: not os.listdir(os.path.join(self.daemon.data, 'run')), what='no folder left')
        self.check_failed_once(container, 'create_container', error_type)
        self.client.events.clear()
        self.rejected('start_container', {'container_id': container}, 'container_not_found', container=container)

    def check_failed_once(self, container, operation, error_type):
        rows = eventually(lambda: self.daemon.sql(
            "select type, summary, payload from audit_log where kind = 'end' and container_id = '%s' and "
            "summary like '%%failed%%'" % container), what='the audit row of the end')
        self.assertEqual(len(rows), 1, rows)
        self.assertEqual(rows[0][0], operation)
        self.assertIn(error_type, rows[0][1] + rows[0][2])

    def check_update_to_it(self, container):
        """A later generation stays declared, and the old one runs on."""
        answer = self.client.call('update_container', container_id=container, image='localhost:1/none:1', wait=True)
        self.check_error(answer['error'], 'update_container', 'image_not_found', ['image'], container=container)
        status = self.client.status(container)
        self.assertEqual((status['state'], status['generation'], status['active_generation']), ('running', 2, 1))
        self.client.done('update_container', container_id=container, image='flow-demo:latest')
        self.assertEqual(self.state(container), 'running')

    def test_bind_sources(self):
        missing = os.path.join(self.daemon.folder, 'missing')
        error = self.rejected('create_container', {**GOOD, 'name': 'web', 'volumes': {missing: '/in'}},
                              'validation_error', ['volumes[0].source'])
        self.assertIn(missing, error['message'])
        self.assertFalse(os.path.exists(missing))
        link = os.path.join(self.daemon.folder, 'link')
        os.symlink('/etc', link)
        for source in ('/', '/etc', '/var', '/proc/1', '/var/run/docker.sock', self.daemon.data, link):
            error = self.rejected('create_container', {**GOOD, 'name': 'web', 'volumes': {source: '/in'}},
                                  'forbidden', ['volumes[0].source'])
            self.assertIn('policy', error['message'])
        for more, field in (({'security': {'privileged': True}}, 'security.privileged'),
                            ({'network_mode': 'host'}, 'network_mode'),
                            ({'security': {'cap_add': ['SYS_ADMIN']}}, 'security.cap_add')):
            self.rejected('create_container', {**GOOD, 'name': 'web', **more}, 'forbidden', [field])
        container = self.create('web')
        self.rejected('update_container', {'container_id': container, 'volumes': {'/etc': '/in'}}, 'forbidden',
                      ['volumes[0].source'], container=container)

    def test_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            taken.listen()
            port = taken.getsockname()[1]
            answer = self.client.call('create_container', image='flow-demo:latest', name='web', desired_state='running',
                                      ports=['127.0.0.1:%d:80' % port], wait=True)
            self.assertFalse(answer['ok'], answer)
            container = answer['error']['details']['container_id']
            self.check_error(answer['error'], 'create_container', 'docker_api_error', ['ports'], container=container)
            self.assertEqual(answer['error']['details']['cause'], 'port_conflict')
            self.assertIn(str(port), answer['error']['message'])
            self.check_failed_once(container, 'create_container', 'docker_api_error')
            status = self.client.status(container)
            self.assertEqual((status['state'], status['reason'], status['desired_state'], status['restart_count']),
                             ('starting', 'PortConflict', 'running', 0))
            self.assertIsNotNone(status['next_retry_at'])
            changes = [(c['old_state'], c['new_state'], c['reason']) for c in self.client.of('status_changed')]
            self.assertEqual(changes, [('creating', 'starting', ''), ('starting', 'starting', 'PortConflict')])
        self.client.done('start_container', container_id=container)
        self.assertEqual(self.state(container), 'running')
        self.assertEqual(len(self.client.of('error')), 1)

    def test_name_taken_by_ours(self):
        container = self.create('web')
        for name in ('web', 'WEB'):
            error = self.rejected('create_container', {**GOOD, 'name': name}, 'name_conflict', ['name'])
            self.assertIn(container, error['message'])
        other = self.create('other')
        self.rejected('update_container', {'container_id': other, 'name': 'web'}, 'name_conflict', ['name'],
                      container=other)

    def test_name_taken_by_a_foreign_container(self):
        name = self.daemon.prefix + 'web'
        foreign = self.engine.call('POST', '/containers/create?name=' + name, {'Image': 'flow-demo:latest'})['Id']
        self.addCleanup(self.engine.remove, foreign)
        answer = self.client.call('create_container', GOOD, name='web', wait=True)
        self.assertFalse(answer['ok'], answer)
        error = answer['error']
        self.check_error(error, 'create_container', 'name_conflict', ['name'])
        self.assertIn(name, error['message'])
        self.check_undone(error['details']['container_id'], 'name_conflict')
        self.assertTrue(self.engine.exists(foreign))
        self.engine.remove(foreign)
        self.create('web')


class EngineAway(FlowTest):
    def setUp(self):
        self.proxy = EngineProxy()
        self.addCleanup(self.proxy.close)
        super().setUp()

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=BehindProxy(self.proxy), **more)

    def failed_away(self, request, payload):
        """Ends in a docker_api_error that names what was tried; the wish stays."""
        answer = self.client.call(request, payload, wait=True)
        self.assertFalse(answer['ok'], answer)
        error = answer['error']
        self.assertEqual(error['error_type'], 'docker_api_error', error)
        self.assertEqual(error['details']['operation'], request)
        self.assertTrue(error['details']['container_id'])
        self.assertIn(self.proxy.path, json.dumps(error))
        ends = eventually(lambda: self.daemon.sql(
            "select summary, payload from audit_log where kind = 'end' and type = '%s' and container_id = '%s'" %
            (request, error['details']['container_id'])), what='the audit row')
        self.assertIn('docker_api_error', ends[-1][0] + ends[-1][1])
        return error['details']['container_id']

    def test_no_engine_at_the_start(self):
        container = self.failed_away('create_container', {**GOOD, 'name': 'web', 'desired_state': 'running'})
        status = self.client.status(container)
        self.assertEqual((status['state'], status['reason'], status['docker_id']),
                         ('unknown', 'EngineUnavailable', None))
        self.assertEqual(self.client.call('list_containers')['containers'][0]['status'], 'unknown')
        errors = len(self.client.of('error'))
        self.proxy.up()
        self.client.wait('container_started')
        self.assertEqual(self.state(container), 'running')
        self.assertEqual(len(self.client.of('error')), errors)
        self.assertEqual(len(self.client.of('container_created')), 1)
        self.assertEqual(len(self.client.of('container_started')), 1)
        self.assertEqual(self.client.of('container_crashed'), [])

    def test_the_engine_goes_while_running(self):
        self.proxy.up()
        container = self.create_running('web')
        quiet = self.create('quiet')
        docker_id = self.docker_id(container)
        self.client.events.clear()
        self.proxy.down()
        eventually(lambda: self.state(container) == 'unknown', what='unknown at once')
        eventually(lambda: self.client.of('activity_log', activity_type='engine_lost'), what='engine_lost')
        self.failed_away('start_container', {'container_id': quiet})
        self.failed_away('stop_container', {'container_id': container})
        self.failed_away('update_container', {'container_id': quiet, 'environment': {'A': '1'}})
        doomed = self.failed_away('create_container', {**GOOD, 'name': 'doomed'})
        self.failed_away('delete_container', {'container_id': doomed})
        self.assertTrue(self.engine.inspect(docker_id)['State']['Running'])
        self.proxy.up()
        eventually(lambda: self.state(container) == 'stopped', what='the stop is done on its return')
        eventually(lambda: self.state(quiet) == 'running', what='the start is done on its return')
        eventually(lambda: len(self.client.of('container_deleted')) == 1, what='the deletion is done on its return')
        self.assertIn('A=1', self.engine.inspect(self.docker_id(quiet))['Config']['Env'])
        eventually(lambda: len(self.daemon.containers()) == 2, what='the one that was replaced is gone')
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertEqual(len(self.client.of('error')), 5)
        self.assertEqual(len(self.client.of('activity_log', activity_type='engine_lost')), 1)

    def test_a_short_cut_is_no_crash_and_loses_nothing(self):
        self.proxy.up()
        stays = self.create_running('stays')
        crashes = self.create_running('crashes')
        started = self.client.status(stays)['started_at']
        self.client.events.clear()
        self.proxy.down()
        eventually(lambda: self.state(stays) == 'unknown', what='unknown at once')
        self.engine.kill(self.docker_id(crashes))
        self.proxy.up()
        eventually(lambda: self.state(stays) == 'running', what='contact')
        eventually(lambda: self.client.of('container_crashed'), what='the crash is told')
        eventually(lambda: self.state(crashes) == 'running', what='running again')
        self.assertEqual(self.client.status(stays)['started_at'], started)
        self.assertEqual([c['container_id'] for c in self.client.of('container_crashed')], [crashes])
        self.assertEqual(self.client.of('container_started', container_id=stays), [])
