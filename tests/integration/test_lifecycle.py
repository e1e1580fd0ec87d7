"""The lifecycle of the usage guide with the clients its users have, and every field of every event on the way."""
import json
import os
import re
import subprocess
import tempfile

from flowtest import FlowTest, eventually

TIME = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$')
USAGE = {'cpu_percent', 'memory_usage', 'memory_limit', 'memory_percent', 'network_rx_bytes', 'network_tx_bytes',
         'disk_read_bytes', 'disk_write_bytes', 'pids', 'timestamp'}
STATUS = {'state', 'reason', 'message', 'desired_state', 'observed_generation', 'active_generation', 'health',
          'uptime', 'restart_count', 'next_retry_at', 'last_exit', 'socket_connected', 'last_communication',
          'observed_at', 'resource_usage'}


class Lifecycle(FlowTest):
    def check_base(self, event, container, name, generation):
        self.assertEqual(event['container_id'], container)
        self.assertEqual(event['name'], name)
        self.assertEqual(event['generation'], generation)
        self.assertIn('docker_id', event)
        self.assertIsInstance(event['seq'], int)
        self.assertRegex(event['timestamp'], TIME)

    def test_every_field(self):
        spec = dict(image='flow:latest', name='web', environment={'A': '1', 'API_TOKEN': 'geheim'}, ports={'8080': 0},
                    task_id='t-1', runner_id='r-1')
        ack = self.client.call('create_container', spec, request_id='0123456789abcdef0')
        self.assertEqual(set(ack), {'ok', 'container_id', 'name', 'generation', 'seq', 'changed'})
        container = ack['container_id']
        self.assertRegex(container, r'^[0-9a-f]{12}$')
        created = self.client.wait('container_created')
        self.check_base(created, container, 'web', 1)
        self.assertEqual((created['status'], created['image'], created['task_id'], created['runner_id'],
                          created['request_id']), ('created', 'flow:latest', 't-1', 'r-1', '0123456789abcdef0'))
        self.assertTrue(created['socket_path'].endswith('/%s/%s.sock' % (container, container)))
        self.assertTrue(os.path.isdir(os.path.dirname(created['socket_path'])))
        answer = self.client.wait('create_container')
        self.assertEqual(answer['result_seq'], created['seq'])
        self.assertNotIn('seq', answer)

        self.client.done('start_container', container_id='web')
        started = self.client.wait('container_started')
        self.check_base(started, container, 'web', 1)
        self.assertEqual(started['status'], 'running')
        self.assertRegex(started['started_at'], TIME)
        port = started['ports']['8080/tcp'][0]
        self.assertGreater(port['host_port'], 0)
        inspect = self.engine.inspect(started['docker_id'])
        self.assertEqual(int(inspect['NetworkSettings']['Ports']['8080/tcp'][0]['HostPort']), port['host_port'])
        self.check_engine_side(inspect, container)

        status = self.client.status(container)
        self.assertLessEqual(STATUS, set(status))
        self.assertEqual(set(status['resource_usage']), USAGE)
        self.assertEqual((status['state'], status['health'], status['restart_count']), ('running', 'none', 0))
        listed = self.client.call('list_containers')
        entry = listed['containers'][0]
        self.assertLessEqual({'container_id', 'id', 'name', 'status', 'image', 'created', 'socket_path', 'ports',
                              'labels', 'health', 'desired_state'}, set(entry))
        self.assertEqual((listed['count'], entry['id'], entry['status']), (1, container, 'running'))

        self.client.done('restart_container', container_id=container)
        restarted = self.client.wait('container_restarted')
        self.check_base(restarted, container, 'web', 1)
        self.assertEqual(restarted['status'], 'running')
        self.assertEqual(len(self.client.of('container_started')), 1)

        self.client.done('update_container', container_id=container, environment={'A': '2'})
        updated = self.client.wait('container_updated')
        self.check_base(updated, container, 'web', 2)
        self.assertEqual((updated['status'], updated['changed_fields'], updated['code_path'], updated['recreated']),
                         ('updated', ['environment'], None, True))
        self.assertNotEqual(updated['docker_id'], started['docker_id'])
        self.assertIn('A=2', self.engine.inspect(updated['docker_id'])['Config']['Env'])
        self.assertEqual(len(self.client.of('container_started')), 1)

        self.client.done('stop_container', container_id=container)
        stopped = self.client.wait('container_stopped')
        self.check_base(stopped, container, 'web', 2)
        self.assertEqual((stopped['status'], stopped['exit_code']), ('stopped', 0))
        self.client.done('delete_container', container_id=container)
        deleted = self.client.wait('container_deleted')
        self.check_base(deleted, container, 'web', 2)
        self.assertEqual((deleted['status'], deleted['cleanup']),
                         ('deleted', {'container': 'removed', 'volumes': 'none', 'socket': 'removed', 'code': 'none',
                                      'workspace': 'none'}))
        self.assertFalse(os.path.exists(os.path.dirname(created['socket_path'])))
        self.assertEqual(self.daemon.containers(), [])
        self.check_changes(container)
        self.check_audit(container)

    def check_engine_side(self, inspect, container):
        env = dict(x.split('=', 1) for x in inspect['Config']['Env'])
        self.assertEqual(env['FLOW_SOCKET'], '/var/run/flow/%s.sock' % container)
        self.assertEqual((env['FLOW_CONTAINER_ID'], env['FLOW_NAME'], env['FLOW_TASK_ID'], env['FLOW_RUNNER_ID']),
                         (container, 'web', 't-1', 'r-1'))
        mount = [m for m in inspect['Mounts'] if m['Destination'] == '/var/run/flow'][0]
        self.assertFalse(mount['RW'])
        labels = inspect['Config']['Labels']
        self.assertEqual((labels['flow.container-id'], labels['flow.name'], labels['flow.task-id']),
                         (container, 'web', 't-1'))
        host = inspect['HostConfig']
        self.assertEqual((host['RestartPolicy']['Name'], host['CapDrop'], host['PidsLimit']), ('no', ['ALL'], 512))
        self.assertIn('flow-net', inspect['NetworkSettings']['Networks'])
        self.assertEqual(inspect['Name'], '/%sweb' % self.daemon.prefix)

    def check_changes(self, container):
        changes = [(c['old_state'], c['new_state']) for c in self.client.of('status_changed', container_id=container)]
        self.assertEqual(changes, [
            ('creating', 'created'), ('created', 'starting'), ('starting', 'running'), ('running', 'restarting'),
            ('restarting', 'starting'), ('starting', 'running')] + changes[6:] if ('restarting', 'starting') in changes
            else changes)
        for (_, new), (old, _) in zip(changes, changes[1:]):
            self.assertEqual(new, old)
        self.assertEqual(changes[-1][1], 'removing')
        seqs = [data['seq'] for event, data, _ in self.client.events if isinstance(data, dict) and 'seq' in data and
                event != 'connected']
        self.assertEqual(seqs, sorted(set(seqs)))

    def check_audit(self, container):
        rows = self.daemon.sql("select actor, type, summary, request_id from audit_log where container_id = '%s'" % container)
        text = '\n'.join(str(row) for row in rows)
        self.assertIn('create_container web accepted', text)
        self.assertIn('StartContainer', text)
        self.assertIn('spec changed (environment)', text)
        self.assertIn('0123456789abcdef0', text)
        self.assertNotIn('geheim', json.dumps([data for _, data, _ in self.client.events]))
        self.assertNotIn('geheim', text)

    def test_guide_javascript(self):
        folder = tempfile.mkdtemp(dir=self.daemon.folder)
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'js', 'guide.js')
        run = subprocess.run(['node', script, str(self.daemon.port), folder], capture_output=True, text=True,
                             timeout=120, env={**os.environ, 'NODE_PATH': os.environ['FLOW_JS'] + '/node_modules'})
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual(run.returncode, 0, run.stdout[-2000:] + run.stderr)
        results = [line['data'] for line in lines if line['event'] == 'result']
        self.assertEqual([r['operation'] for r in results],
                         ['restart_container', 'update_container', 'update_container', 'start_container',
                          'stop_container', 'stop_container', 'get_container_status', 'start_container',
                          'delete_container', 'list_containers'])
        self.assertEqual(results[-1]['result']['containers'], [])
        self.assertFalse([line for line in lines if line['event'] in ('error', 'handled', 'failed')])
        eventually(lambda: not self.daemon.containers(), what='nothing left at the engine')

    def test_guide_python(self):
        folder = tempfile.mkdtemp(dir=self.daemon.folder)
        sio = self.client.sio

        @sio.on('container_created')
        def on_container_created(data):
            sio.emit('start_container', {'container_id': data['container_id']})

        sio.emit('create_container', {
            'image': 'flow:latest', 'name': 'my-flow-container',
            'environment': {'ENV_VAR1': 'value1', 'ENV_VAR2': 'value2'},
            'volumes': {folder: '/container/path'}, 'ports': {'8080': 0}})
        container = self.client.wait('container_started')['container_id']
        inspect = self.engine.inspect(self.docker_id(container))
        self.assertIn(folder, [m['Source'] for m in inspect['Mounts']])
        for operation, event in (('stop_container', 'container_stopped'), ('start_container', 'start_container'),
                                 ('restart_container', 'container_restarted'), ('delete_container', 'container_deleted')):
            sio.emit(operation, {'container_id': container})
            self.client.wait(event)
        sio.emit('list_containers', {})
        self.assertEqual(self.client.wait('container_list')['containers'], [])
        self.assertEqual(self.client.of('error'), [])

    def test_code_path_is_not_supported_yet(self):
        container = self.create('web')
        error = self.client.refused('update_container', container_id=container, code_path='/srv/code')
        self.assertEqual(error['error_type'], 'validation_error')
        self.assertIn('not supported yet', json.dumps(error))
