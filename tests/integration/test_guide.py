"""The usage guide's own programs, in JavaScript and in Python: safeContainerOperation returns for each operation,
also for one that changes nothing."""
import json
import os
import subprocess
import sys
import tempfile

from flowtest import FlowTest, eventually

HERE = os.path.dirname(os.path.abspath(__file__))
MAIN = {'container_id': 'my-flow-container'}
OTHER = {'container_id': 'other'}
CREATE = {'image': 'flow:latest', 'name': 'other', 'request_id': 'create-other-0001'}
RESTART = {**MAIN, 'request_id': 'restart-main-0001'}
DELETE = {**MAIN, 'request_id': 'delete-main-00001'}
# Operation, payload, fields that the result must have; `again`: it changes nothing, and the answer is that of the
# step before but for its request_id.
STEPS = [
    ('update_container', {**MAIN, 'environment': {'ENV_VAR1': 'value1'}},
     {'status': 'updated', 'generation': 1, 'changed_fields': [], 'code_path': None, 'recreated': False,
      'result_seq': None}),
    ('create_container', CREATE, {'status': 'created', 'generation': 1, 'ports': {}}),
    ('create_container', CREATE, 'again'),
    ('restart_container', RESTART, {'status': 'running', 'generation': 1}),
    ('restart_container', RESTART, 'again'),
    ('update_container', {**MAIN, 'environment': {'ENV_VAR1': 'other'}},
     {'status': 'updated', 'generation': 2, 'changed_fields': ['environment'], 'code_path': None, 'recreated': True}),
    ('update_container', {**MAIN, 'environment': {'ENV_VAR1': 'other'}}, 'again'),
    ('update_container', {**MAIN, 'stop_grace_period': '3s'},
     {'status': 'updated', 'generation': 3, 'changed_fields': ['stop_grace_period'], 'code_path': None,
      'recreated': False}),
    ('stop_container', MAIN, {'status': 'stopped', 'exit_code': 0, 'ports': {}}),
    ('stop_container', MAIN, 'again'),
    ('get_container_status', MAIN, {'state': 'stopped', 'desired_state': 'stopped', 'reason': '', 'generation': 3}),
    ('list_containers', {}, {'count': 2, 'next_cursor': None}),
    ('start_container', MAIN, {'status': 'running', 'generation': 3}),
    ('start_container', MAIN, 'again'),
    ('delete_container', OTHER, {'status': 'deleted', 'docker_id': None}),
    ('delete_container', DELETE, {'status': 'deleted', 'docker_id': None}),
    ('delete_container', DELETE, 'again'),
    ('list_containers', {}, {'containers': [], 'count': 0, 'next_cursor': None}),
    ('start_container', MAIN, 'container_not_found'),
]
RESULT_EVENTS = {'create_container': 'container_created', 'start_container': 'container_started',
                 'stop_container': 'container_stopped', 'restart_container': 'container_restarted',
                 'update_container': 'container_updated', 'delete_container': 'container_deleted'}


class Guide(FlowTest):
    options = ('--update-monitor', '500ms')

    def test_javascript(self):
        self.run_guide(['node', os.path.join(HERE, 'js', 'guide.js')],
                       {'NODE_PATH': os.environ['FLOW_JS'] + '/node_modules'})

    def test_python(self):
        self.run_guide([sys.executable, os.path.join(HERE, 'py', 'guide.py')], {})

    def run_guide(self, command, env):
        folder = tempfile.mkdtemp(dir=self.daemon.folder)
        steps = json.dumps([step[:2] for step in STEPS])
        run = subprocess.run(command + [str(self.daemon.port), folder, steps], capture_output=True, text=True,
                             timeout=120, env={**os.environ, **env})
        self.assertEqual(run.returncode, 0, run.stdout[-2000:] + run.stderr)
        self.lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.check_start(folder)
        ends = [line for line in self.lines if line['event'] in ('result', 'failed')]
        self.assertEqual([end['data']['operation'] for end in ends], [step[0] for step in STEPS], ends)
        before = None
        for (operation, payload, expected), end in zip(STEPS, ends):
            with self.subTest(operation=operation, payload=payload):
                before = self.check_end(operation, payload, expected, end, before)
        eventually(lambda: not self.daemon.containers(), what='nothing left at the engine')

    def of(self, event):
        return [line['data'] for line in self.lines if line['event'] == event]

    def check_start(self, folder):
        """What the guide's first part has brought about, before anything was asked for through the safe way."""
        self.assertEqual(set(self.of('connected')[0]), {'message', 'server_version', 'instance_id', 'seq'})
        created, started = self.of('container_created')[0], self.of('container_started')[0]
        self.assertEqual((created['name'], created['status']), ('my-flow-container', 'created'))
        self.assertEqual((started['container_id'], started['status']), (created['container_id'], 'running'))
        self.assertIn('8080/tcp', started['ports'])
        canonical = json.loads(self.daemon.sql("select spec from spec_revisions where container_id = '%s' "
                                               'order by generation' % created['container_id'])[0][0])
        self.assertIn(folder, json.dumps(canonical))

    def check_end(self, operation, payload, expected, end, before):
        if isinstance(expected, str) and expected != 'again':
            self.assertEqual(end['event'], 'failed', end)
            self.assertTrue(end['data']['message'].startswith(expected + ': '), end)
            self.assertEqual([e['error_type'] for e in self.of('error')], [expected])
            return None
        self.assertEqual(end['event'], 'result', end)
        result = end['data']['result']
        self.assertNotIn('seq', result)
        if expected == 'again':
            strip = lambda answer: {k: v for k, v in answer.items() if k != 'request_id'}
            self.assertEqual(strip(result), strip(before))
            return result
        self.assertEqual({k: result.get(k, 'missing') for k in expected}, expected)
        if operation in RESULT_EVENTS and 'result_seq' not in expected:
            self.check_named(operation, result)
        return result

    def check_named(self, operation, result):
        """result_seq names a result event of that container which was heard, with the same fields."""
        event = [e for e in self.of(RESULT_EVENTS[operation]) if e['seq'] == result['result_seq']]
        self.assertEqual(len(event), 1, result)
        same = {k: v for k, v in event[0].items() if k not in ('seq', 'timestamp')}
        self.assertEqual({k: result.get(k, 'missing') for k in same}, same)
