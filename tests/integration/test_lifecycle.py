"""One container from create to delete: every field of every event, answer and acknowledgement on the way."""
import json
import os
import re

from flowtest import FlowTest, eventually, seconds

TIME = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$')
NUMBERS = ['cpu_percent', 'memory_usage', 'memory_limit', 'memory_percent', 'network_rx_bytes', 'network_tx_bytes',
           'disk_read_bytes', 'disk_write_bytes', 'pids']
MEMORY = 64 << 20
SPEC = {'image': 'flow:latest', 'name': 'web', 'environment': {'A': '1', 'API_TOKEN': 'geheim'}, 'ports': {'8080': 0},
        'labels': {'app': 'demo'}, 'resources': {'memory': '64m'}, 'task_id': 't-1', 'runner_id': 'r-1'}
# Each request: name of its request_id, operation, generation it leaves, desired state, whether it changed anything.
REQUESTS = [
    ('create', 'create_container', 1, 'created', True),
    ('start', 'start_container', 1, 'running', True),
    ('start-again', 'start_container', 1, 'running', False),
    ('restart', 'restart_container', 1, 'running', True),
    ('update', 'update_container', 2, 'running', True),
    ('update-again', 'update_container', 2, 'running', False),
    ('stop', 'stop_container', 2, 'stopped', True),
    ('stop-again', 'stop_container', 2, 'stopped', False),
    ('delete', 'delete_container', 2, 'stopped', True),
]
# Each status_changed: old and new state, cause, request that it follows from, generation.
CHANGES = [
    ('creating', 'created', 'as declared', 'create', 1),
    ('created', 'starting', 'as declared', 'start', 1),
    ('starting', 'running', 'its process runs', 'start', 1),
    ('running', 'restarting', 'a restart was asked for', 'restart', 1),
    ('restarting', 'starting', 'as declared', 'restart', 1),
    ('starting', 'running', 'its process runs', 'restart', 1),
    ('running', 'updating', 'spec changed (environment)', 'update', 2),
    ('updating', 'running', 'its process runs', 'update', 2),
    ('running', 'stopping', 'a stop was asked for', 'stop', 2),
    ('stopping', 'stopped', 'it should not run', 'stop', 2),
    ('stopped', 'removing', 'deletion was asked for', 'delete', 2),
]


def key(request):
    return 'request-' + request.ljust(16, '.')


def unstamped(event):
    return {k: v for k, v in event.items() if k not in ('seq', 'timestamp')}


class Lifecycle(FlowTest):
    options = ('--update-monitor', '500ms', '--stats-interval', '300ms')

    def test_every_field(self):
        self.other = self.make_client()
        self.check_connected()
        self.create_web()
        self.start_web()
        self.restart_web()
        self.update_web()
        self.stop_web()
        self.delete_web()
        self.check_changes()
        self.check_activity()
        self.check_order()
        self.check_other()
        self.check_audit()

    # -- what each step must say -----------------------------------------------------------------------

    def base(self, request, generation, docker_id):
        return {'container_id': self.web, 'name': 'web', 'docker_id': docker_id, 'generation': generation,
                'task_id': 't-1', 'runner_id': 'r-1', 'request_id': key(request)}

    def check_event(self, event, request, generation, docker_id, **fields):
        """All of it: nothing missing, nothing more, each value."""
        self.assertIsInstance(event['seq'], int)
        self.assertRegex(event['timestamp'], TIME)
        self.assertEqual(unstamped(event), {**self.base(request, generation, docker_id), **fields})

    def check_answer(self, request, operation, result, **more):
        """The fields of the result event without seq, and which event that was."""
        answer = self.client.wait(operation, request_id=key(request))
        self.assertEqual(answer, {**unstamped(result), 'request_id': key(request), 'result_seq': result['seq'], **more})
        return answer

    def done(self, request, **more):
        """Sends the request of that name; checks the acknowledgement at its end."""
        _, operation, generation, _, changed = [r for r in REQUESTS if r[0] == request][0]
        ack = self.client.done(operation, container_id='web', request_id=key(request), **more)
        self.assertEqual({k: ack[k] for k in set(ack) - {'seq', 'result'}},
                         {'ok': True, 'container_id': self.web, 'name': 'web', 'generation': generation,
                          'changed': changed, 'outcome': 'done'})
        self.assertIsInstance(ack['seq'], int)
        self.assertEqual(self.client.wait(operation, request_id=key(request)), ack['result'])

    def running(self, event):
        """The fields of a started container; the engine says the same."""
        inspect = self.engine.inspect(event['docker_id'])
        self.assertTrue(inspect['State']['Running'])
        port = int(inspect['NetworkSettings']['Ports']['8080/tcp'][0]['HostPort'])
        self.assertGreater(port, 0)
        self.assertRegex(event['started_at'], TIME)
        self.assertAlmostEqual(seconds(event['started_at']), seconds(inspect['State']['StartedAt']), delta=1)
        return {'status': 'running', 'ports': {'8080/tcp': [{'host_ip': '0.0.0.0', 'host_port': port}]},
                'started_at': event['started_at']}

    def check_connected(self):
        connected = self.client.wait('connected')
        self.assertEqual(set(connected), {'message', 'server_version', 'instance_id', 'seq'})
        self.assertEqual((connected['instance_id'], connected['seq']), (self.daemon.instance_id(), 0))
        self.assertTrue(connected['message'])
        self.assertRegex(connected['server_version'], r'^\d+\.\d+\.\d+')

    def create_web(self):
        ack = self.client.call('create_container', SPEC, request_id=key('create'))
        self.web = ack['container_id']
        self.assertRegex(self.web, r'^[0-9a-f]{12}$')
        self.assertIsInstance(ack.pop('seq'), int)
        self.assertEqual(ack, {'ok': True, 'container_id': self.web, 'name': 'web', 'generation': 1, 'changed': True})
        created = self.client.wait('container_created')
        self.first = created['docker_id']
        self.path = '%s/run/%s/%s.sock' % (self.daemon.data, self.web, self.web)
        self.check_event(created, 'create', 1, self.first, image='flow:latest', status='created', ports={},
                         socket_path=self.path)
        self.assertTrue(os.path.isdir(os.path.dirname(self.path)))
        self.check_answer('create', 'create_container', created)
        self.check_engine_side(self.engine.inspect(self.first))
        self.check_status(state='created', desired='created', docker_id=self.first, generation=1)

    def start_web(self):
        self.done('start')
        started = self.client.wait('container_started')
        self.check_event(started, 'start', 1, self.first, **self.running(started))
        self.check_answer('start', 'start_container', started)
        self.done('start-again')
        self.check_answer('start-again', 'start_container', started)
        self.check_usage()
        status = self.check_status(state='running', desired='running', docker_id=self.first, generation=1,
                                   ports=started['ports'], started_at=started['started_at'])
        self.assertGreater(status['uptime'], 0)
        self.check_list(started['ports'])

    def restart_web(self):
        self.done('restart')
        restarted = self.client.wait('container_restarted')
        self.check_event(restarted, 'restart', 1, self.first, **self.running(restarted))
        self.assertGreater(restarted['started_at'], self.client.of('container_started')[0]['started_at'])
        self.check_answer('restart', 'restart_container', restarted)

    def update_web(self):
        self.done('update', environment={'A': '2'})
        updated = self.client.wait('container_updated')
        self.second = updated['docker_id']
        self.assertNotEqual(self.second, self.first)
        self.check_event(updated, 'update', 2, self.second, status='updated', changed_fields=['environment'],
                         code_path=None, recreated=True)
        self.assertIn('A=2', self.engine.inspect(self.second)['Config']['Env'])
        answer = self.client.wait('update_container')
        runs = {k: v for k, v in self.running(answer).items() if k != 'status'}
        self.check_answer('update', 'update_container', updated, **runs)
        self.done('update-again', environment={'A': '2'})
        self.check_answer('update-again', 'update_container', updated, **runs)

    def stop_web(self):
        self.done('stop')
        stopped = self.client.wait('container_stopped')
        self.check_event(stopped, 'stop', 2, self.second, status='stopped', ports={}, exit_code=0)
        self.check_answer('stop', 'stop_container', stopped)
        self.done('stop-again')
        self.check_answer('stop-again', 'stop_container', stopped)
        status = self.check_status(state='stopped', desired='stopped', docker_id=self.second, generation=2)
        self.assertEqual(status['uptime'], 0)
        self.assertEqual({k: status['resource_usage'][k] for k in NUMBERS}, dict.fromkeys(NUMBERS, 0))
        last = status['last_exit']
        self.assertRegex(last.pop('finished_at'), TIME)
        self.assertEqual(last, {'exit_code': 0, 'signal': 'SIGTERM', 'oom_killed': False, 'by': 'flow-manager'})

    def delete_web(self):
        self.done('delete')
        deleted = self.client.wait('container_deleted')
        self.check_event(deleted, 'delete', 2, None, status='deleted',
                         cleanup={'container': 'removed', 'volumes': 'none', 'socket': 'removed', 'code': 'none',
                                  'workspace': 'none'})
        self.check_answer('delete', 'delete_container', deleted)
        self.assertFalse(os.path.exists(os.path.dirname(self.path)))
        self.assertEqual(self.daemon.containers(), [])

    def check_engine_side(self, inspect):
        env = dict(x.split('=', 1) for x in inspect['Config']['Env'])
        self.assertEqual(env['FLOW_SOCKET'], '/var/run/flow/%s.sock' % self.web)
        self.assertEqual((env['FLOW_CONTAINER_ID'], env['FLOW_NAME'], env['FLOW_TASK_ID'], env['FLOW_RUNNER_ID']),
                         (self.web, 'web', 't-1', 'r-1'))
        mount = [m for m in inspect['Mounts'] if m['Destination'] == '/var/run/flow'][0]
        self.assertFalse(mount['RW'])
        labels = inspect['Config']['Labels']
        self.assertEqual((labels['flow.container-id'], labels['flow.name'], labels['flow.task-id']),
                         (self.web, 'web', 't-1'))
        host = inspect['HostConfig']
        self.assertEqual((host['RestartPolicy']['Name'], host['CapDrop'], host['PidsLimit'], host['Memory']),
                         ('no', ['ALL'], 512, MEMORY))
        self.assertIn('flow-net', inspect['NetworkSettings']['Networks'])
        self.assertEqual(inspect['Name'], '/%sweb' % self.daemon.prefix)

    # -- queries ---------------------------------------------------------------------------------------

    def queried(self, request, named, **payload):
        """The acknowledgement's fields, which both events have too."""
        ack = self.client.call(request, **payload)
        self.assertIs(ack.pop('ok'), True)
        for event in (named, request):      # those of an earlier query may still be on their way
            eventually(lambda: ack in self.client.of(event), what='%s as acknowledged: %s' % (event, ack))
        self.assertNotIn('seq', ack)
        return ack

    def check_status(self, state, desired, docker_id, generation, ports=(), started_at=None):
        connected = state == 'running'
        eventually(lambda: self.daemon.http('GET', '/api/containers/web')[1]['socket_connected'] is connected,
                   what='its connection, or the end of it')
        status = self.queried('get_container_status', 'container_status', container_id='web')
        self.assertEqual(set(status['resource_usage']), {*NUMBERS, 'timestamp'})
        for time in (status['timestamp'], status['observed_at'], status['resource_usage']['timestamp']):
            self.assertRegex(time, TIME)
        expected = {k: v for k, v in self.base('', generation, docker_id).items() if k != 'request_id'}
        expected.update(state=state, status=state, reason='', message='', image='flow:latest', desired_state=desired,
                        observed_generation=generation, active_generation=generation, health='none',
                        started_at=started_at, restart_count=0, next_retry_at=None, ports=dict(ports),
                        socket_path=self.path, socket_connected=connected)
        loose = {'uptime', 'last_exit', 'timestamp', 'observed_at', 'resource_usage', 'last_communication'}
        self.assertEqual({k: v for k, v in status.items() if k not in loose}, expected)
        self.assertLessEqual(loose, set(status))
        if state != 'stopped':
            self.assertIsNone(status['last_exit'])
        if state == 'created':
            self.assertIsNone(status['last_communication'])
        else:
            self.assertRegex(status['last_communication'], TIME)
        return status

    def check_usage(self):
        """In the answer, and told unasked while it runs, with the same fields."""
        usage = eventually(lambda: [u for u in [self.client.status('web')['resource_usage']] if u['memory_usage']],
                           what='memory in use')[0]
        self.assertEqual(usage['memory_limit'], MEMORY)
        self.assertLess(usage['memory_usage'], MEMORY)
        self.assertAlmostEqual(usage['memory_percent'], 100 * usage['memory_usage'] / MEMORY, places=3)
        self.assertGreaterEqual(usage['pids'], 1)
        for name in NUMBERS:
            self.assertGreaterEqual(usage[name], 0, name)
        told = eventually(lambda: [u for u in self.client.of('container_status_update', container_id=self.web)
                                   if u['resource_usage']['memory_usage']], what='container_status_update')[0]
        self.assertEqual(set(told), set(self.client.of('container_status')[-1]))
        self.assertEqual((told['state'], told['resource_usage']['memory_limit']), ('running', MEMORY))

    def check_list(self, ports):
        page = self.queried('list_containers', 'container_list')
        self.assertEqual((page['count'], page['next_cursor'], len(page['containers'])), (1, None, 1))
        entry = page['containers'][0]
        self.assertRegex(entry.pop('created'), TIME)
        self.assertEqual(entry, {
            'container_id': self.web, 'id': self.web, 'name': 'web', 'status': 'running', 'reason': '',
            'image': 'flow:latest', 'socket_path': self.path, 'ports': ports, 'labels': {'app': 'demo'},
            'health': 'none', 'desired_state': 'running', 'generation': 1, 'docker_id': self.first})

    # -- the whole of it -------------------------------------------------------------------------------

    def check_changes(self):
        told = self.client.of('status_changed')
        self.assertEqual([(c['old_state'], c['new_state']) for c in told], [(c[0], c[1]) for c in CHANGES])
        for event, (old, new, cause, request, generation) in zip(told, CHANGES):
            replaced = old == 'updating' or request in ('stop', 'delete')
            self.check_event(event, request, generation, self.second if replaced else self.first, old_state=old,
                             new_state=new, reason='', health='none', cause=cause)

    def check_activity(self):
        told = self.client.of('activity_log')
        self.assertEqual([a['request_id'] for a in told], [key(r[0]) for r in REQUESTS])
        for event, (request, operation, generation, desired, changed) in zip(told, REQUESTS):
            at_that_time = {'create': None, 'start': self.first, 'start-again': self.first, 'restart': self.first,
                            'update': self.first}.get(request, self.second)
            self.check_event(event, request, generation, at_that_time, activity_type='request_accepted',
                             actor='anonymous',
                             message='%s web accepted%s' % (operation, self.outcome(request, changed)),
                             details={'operation': operation, 'container_id': self.web, 'name': 'web',
                                      'generation': generation, 'desired_state': desired, 'changed': changed,
                                      'changed_fields': ['environment'] if request == 'update' else []})

    def outcome(self, request, changed):
        return ': environment' if request == 'update' else '' if changed else ': it is so already'

    def stored_events(self, client):
        return [(name, data) for name, data, _ in client.events if 'seq' in data and name != 'connected']

    def check_order(self):
        seqs = [data['seq'] for _, data in self.stored_events(self.client)]
        self.assertEqual(seqs, sorted(set(seqs)))
        for event in ('created', 'started', 'restarted', 'updated', 'stopped', 'deleted'):
            self.assertEqual(len(self.client.of('container_' + event)), 1, event)
        self.assertEqual(self.client.of('error') + self.client.of('container_crashed'), [])

    def check_other(self):
        """Another client has heard the same events, and no answer."""
        mine = self.stored_events(self.client)
        eventually(lambda: len(self.stored_events(self.other)) == len(mine), what='the same events')
        self.assertEqual(self.stored_events(self.other), mine)
        self.assertEqual({name for name, data, _ in self.other.events if 'seq' not in data},
                         {'container_status_update'})

    def check_audit(self):
        rows = self.daemon.sql("select actor, type, summary, request_id from audit_log where container_id = '%s'" %
                               self.web)
        asked = [(actor, summary, request) for actor, type_, summary, request in rows if type_ == 'activity_log']
        self.assertEqual(asked, [('anonymous', a['message'], a['request_id']) for a in self.client.of('activity_log')])
        text = '\n'.join(str(row) for row in rows)
        self.assertIn('StartContainer', text)
        self.assertIn('spec changed (environment)', text)
        self.assertNotIn('geheim', json.dumps([data for _, data, _ in self.client.events]))
        self.assertNotIn('geheim', text)

    # -- beside it -------------------------------------------------------------------------------------

    def test_ids_that_were_not_given_are_not_there(self):
        self.create_running('web')
        for name, data, _ in list(self.client.events):
            self.assertFalse({'task_id', 'runner_id'} & set(data), (name, data))
