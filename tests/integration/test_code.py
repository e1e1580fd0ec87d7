"""Code (contract 2 and 6): copied when it is accepted, mounted by a link, switched in the same engine container, put back
when it does not stay up; over kills of the daemon, restarts and deletion."""
import base64
import json
import os
import tempfile
import unittest
import urllib.parse

from flowtest import FlowTest, eventually

KEEP = 'trap "exit 0" TERM\nwhile :; do sleep 0.1; done\n'
DEMO = {'image': 'flow-demo:latest', 'command': ['sh', '/app/main'], 'update': {'monitor': '1s'}}
# A flow of that version, which says in its answers where it runs.
ANSWERS = ('while read -r m; do id=${m##*\\"message_id\\":\\"}\n'
           'printf \'{"reply_to":"%%s","version":%d,"in":"%%s","got":%%s}\\n\' '
           '"${id%%%%\\"*}" $FLOW_CONTAINER_ID "$m"; done\n')


def program(version, rest=KEEP):
    return '#!/bin/sh\necho version %s\n%s' % (version, rest)


class Code(FlowTest):
    def setUp(self):
        super().setUp()
        self.source = tempfile.mkdtemp(prefix='ftcode', dir='/tmp')
        self.addCleanup(lambda: __import__('shutil').rmtree(self.source, ignore_errors=True))

    def write(self, text, name='main'):
        path = os.path.join(self.source, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text)
        return self.source

    def printed(self, container, line):
        self.engine.printed(self.docker_id(container), line)

    def link(self, container):
        return os.path.join(self.daemon.data, 'code', 'links', container)

    def trees(self):
        folder = os.path.join(self.daemon.data, 'code', 'trees')
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def updated(self, container):
        return self.client.of('container_updated', container_id=container)

    def refusal(self, **spec):
        return self.client.refused('create_container', name='refused', network_mode='none', **spec)

    def test_a_folder_is_copied_when_it_is_accepted(self):
        os.chmod(self.write(program(1)), 0o700)
        os.chmod(os.path.join(self.source, 'main'), 0o600)
        box = self.create_running('copied', **DEMO, code_path=self.source)
        self.write(program('never seen'))
        self.printed(box, 'version 1')
        inspected = self.engine.inspect(self.docker_id(box))
        mount = [m for m in inspected['Mounts'] if m['Destination'] == '/app'][0]
        self.assertEqual((mount['Type'], mount['RW'], mount['Source']), ('bind', False, self.link(box)))
        self.assertEqual(inspected['HostConfig']['CapDrop'], ['ALL'], 'restricted, and it is readable all the same')
        tree = os.path.join(self.daemon.data, 'code', 'trees', self.trees()[0])
        self.assertEqual(os.stat(tree).st_mode & 0o777, 0o755)
        self.assertEqual(os.stat(tree + '/main').st_mode & 0o777, 0o755)
        self.client.done('restart_container', container_id=box)
        self.printed(box, 'version 1')

    def test_files_in_the_request(self):
        files = {'main': program(1, 'cat /app/lib/text; ' + KEEP),
                 'lib/text': {'base64': base64.b64encode('grüße\n'.encode()).decode()}}
        box = self.create_running('given', image='flow-demo:latest', command=['/app/main'], code={'files': files})
        self.printed(box, 'grüße')
        spec = json.dumps(self.daemon.http('GET', '/api/containers/%s/revisions' % box)[1])
        self.assertIn('"contents"', spec)
        self.assertNotIn('version 1', spec, 'the content is not kept in the spec')

    def test_an_update_switches_the_code_of_the_same_engine_container(self):
        self.write(program(1))
        box = self.create_running('swapped', **DEMO, code_path=self.source)
        self.printed(box, 'version 1')
        docker_id, first = self.docker_id(box), os.readlink(self.link(box))
        self.write(program(2))
        answer = self.client.done('update_container', container_id=box, code_path=self.source)
        self.assertTrue(answer['changed'])
        told = self.client.wait('container_updated', container_id=box)
        self.assertEqual((told['changed_fields'], told['code_path'], told['recreated']), (['code'], self.source, False))
        self.assertEqual(self.docker_id(box), docker_id)
        self.assertNotEqual(os.readlink(self.link(box)), first)
        self.printed(box, 'version 2')
        self.assertEqual(self.state(box), 'running')
        self.assertEqual(self.client.of('container_crashed'), [])
        states = [e['new_state'] for e in self.client.of('status_changed', container_id=box)]
        self.assertIn('updating', states)

    def test_the_same_content_is_no_change(self):
        self.write(program(1))
        box = self.create_running('same', **DEMO, code_path=self.source)
        os.utime(os.path.join(self.source, 'main'), (1, 1))
        answer = self.client.done('update_container', container_id=box, code_path=self.source)
        self.assertFalse(answer['changed'])
        self.write(program(2))
        answer = self.client.done('update_container', container_id=box, labels={'a': 'b'})
        self.assertTrue(answer['changed'])
        self.printed(box, 'version 1')
        self.assertEqual(len(self.trees()), 1, 'an update of something else does not read the folder again')

    def test_messages_sent_over_an_update_arrive_in_order(self):
        """And what they go through is the same before and after."""
        first = 'trap "echo asked to end; sleep 0.5; exit 0" TERM\n' + ANSWERS % 1     # long enough for some of them
        box = self.create_running('spoken', code={'files': {'main': first}}, update={'monitor': '1s'})
        told = self.client.call('send_message', container_id=box, message={'n': 0}, expect_reply=True)
        self.assertEqual((told['reply']['version'], told['reply']['in']), (1, box), told)
        socket = os.path.join(self.daemon.data, 'run', box, box + '.sock')
        look = lambda: (os.stat(socket).st_ino, os.stat(socket).st_mtime_ns, self.docker_id(box))
        before = look()
        answer = self.client.call('update_container', container_id=box, code={'files': {'main': ANSWERS % 2}})
        self.assertTrue(answer['changed'], answer)
        self.printed(box, 'asked to end')
        for n in range(1, 21):
            sent = self.client.call('send_message', container_id=box, message={'n': n})
            self.assertTrue(sent['ok'], sent)
        replies = lambda: [e['message'] for e in self.client.of('message_received', container_id=box)]
        eventually(lambda: len(replies()) >= 21, what='a reply to each')
        self.assertEqual([(reply['got']['n'], reply['version'], reply['in']) for reply in replies()],
                         [(0, 1, box)] + [(n, 2, box) for n in range(1, 21)])
        self.client.wait('container_updated', container_id=box)
        self.assertEqual(look(), before)
        statuses = [e['status'] for e in self.client.of('message_sent', container_id=box)]
        self.assertIn('queued', statuses, 'they were sent while nobody could read them')

    def test_a_message_right_after_the_acceptance_goes_to_the_new_code(self):
        """The old process is ended by what was accepted before: what it has not read yet is lost with it."""
        box = self.create_running('slow', code={'files': {'main': 'trap "exit 0" TERM; echo ready; sleep 1000 & wait'}},
                                  update={'monitor': '1s'})
        self.printed(box, 'ready')
        eventually(lambda: self.client.status(box)['socket_connected'], what='its connection')
        self.assertTrue(self.client.call("update_container", {"container_id": box, "code": {"files": {"main": ANSWERS % 2}}})["ok"])
        answer = self.client.call('send_message', {'container_id': box, 'message': {'n': 1}, 'expect_reply': True,
                                                   'timeout': '5s'})
        self.assertTrue(answer['ok'], answer)
        self.assertEqual(answer['reply']['version'], 2)

    def test_code_that_does_not_stay_up_is_put_back(self):
        self.write(program(1))
        box = self.create_running('back', **DEMO, code_path=self.source)
        self.printed(box, 'version 1')
        first = os.readlink(self.link(box))
        self.write(program(2, 'exit 3\n'))
        answer = self.client.call('update_container', container_id=box, code_path=self.source, wait=True)
        self.assertFalse(answer['ok'])
        self.assertIn('rolled back', answer['error']['message'])
        status = self.reaches(box, 'running')
        self.assertEqual((status['reason'], status['generation'], status['active_generation']), ('UpdateFailed', 2, 1))
        self.assertEqual(os.readlink(self.link(box)), first)
        self.assertEqual(self.updated(box), [])
        log = self.engine.call('GET', '/containers/%s/logs?stdout=1' % status['docker_id'], raw=True)
        self.assertEqual((log.count(b'version 1'), log.count(b'version 2')), (2, 1))

    def test_a_container_that_does_not_run_gets_it_at_once_and_stays_as_it_is(self):
        self.write(program(1))
        box = self.create('still', **DEMO, code_path=self.source)
        docker_id = self.docker_id(box)
        self.write(program(2))
        self.client.done('update_container', container_id=box, code_path=self.source)
        self.assertEqual((self.state(box), self.docker_id(box)), ('created', docker_id))
        self.client.done('start_container', container_id=box)
        self.printed(box, 'version 2')
        self.client.done('stop_container', container_id=box)
        self.write(program(3))
        self.client.done('update_container', container_id=box, code_path=self.source)
        self.assertEqual(self.state(box), 'stopped')

    def test_first_code_is_a_recreate_and_so_is_its_end(self):
        box = self.create_running('first', image='flow-demo:latest', update={'monitor': '1s'},
                                  command=['sh', '-c', 'ls /app; ' + KEEP])
        docker_id = self.docker_id(box)
        self.write(program(1))
        self.client.done('update_container', container_id=box, code_path=self.source)
        self.assertNotEqual(self.docker_id(box), docker_id)
        self.printed(box, 'main')
        self.client.done('update_container', container_id=box, code=None)
        mounts = self.engine.inspect(self.docker_id(box))['Mounts']
        self.assertEqual([m for m in mounts if m['Destination'] == '/app'], [])

    def test_code_and_command_at_once_go_back_together(self):
        self.write(program(1))
        box = self.create_running('both', **DEMO, code_path=self.source)
        first = os.readlink(self.link(box))
        self.write(program(2))
        answer = self.client.call('update_container', container_id=box, code_path=self.source, command=['/none'],
                                  wait=True)
        self.assertFalse(answer['ok'])
        status = self.reaches(box, 'running')
        self.assertEqual(status['active_generation'], 1)
        self.assertEqual(os.readlink(self.link(box)), first)
        self.printed(box, 'version 1')
        self.client.done('update_container', container_id=box, code_path=self.source, environment={'A': 'B'},
                         command=['sh', '/app/main'])
        self.printed(box, 'version 2')

    def test_rollback_brings_the_old_code(self):
        self.write(program(1))
        box = self.create_running('older', **DEMO, code_path=self.source)
        self.write(program(2))
        self.client.done('update_container', container_id=box, code_path=self.source)
        self.write(program('never copied'))
        code, answer = self.daemon.http('POST', '/api/containers/%s/rollback' % box, json.dumps({'to_generation': 1}))
        self.assertEqual((code, answer['generation']), (200, 3))
        eventually(lambda: self.client.status(box)['active_generation'] == 3, what='the old code')
        log = self.engine.call('GET', '/containers/%s/logs?stdout=1' % self.docker_id(box), raw=True)
        self.assertEqual([log.count(b'version 1'), log.count(b'version 2'), log.count(b'never')], [2, 1, 0])

    def test_deletion_takes_the_link_along(self):
        self.write(program(1))
        box = self.create_running('gone', **DEMO, code_path=self.source)
        self.client.done('delete_container', container_id=box)
        cleanup = self.client.wait('container_deleted', container_id=box)['cleanup']
        self.assertEqual((cleanup['code'], cleanup['workspace']), ('removed', 'none'))
        self.assertFalse(os.path.islink(self.link(box)))
        self.assertEqual(len(self.trees()), 1, 'for those that might have the same')

    def test_a_create_that_is_undone_leaves_no_link(self):
        self.write(program(1))
        self.client.refused('create_container', name='undone', image='localhost:1/none:1', network_mode='none',
                            pull_policy='never', code_path=self.source, wait=True)
        folder = os.path.join(self.daemon.data, 'code', 'links')
        eventually(lambda: not os.path.isdir(folder) or os.listdir(folder) == [], what='no link')

    def test_killed_in_an_update_it_goes_on(self):
        """While the old code is asked to end, then while the new one is watched."""
        slow = 'trap "echo asked to end; sleep 2; exit 0" TERM\nwhile :; do sleep 0.1; done\n'
        self.write(program(1, slow))
        box = self.create_running('killed', **DEMO, code_path=self.source)
        self.printed(box, 'version 1')
        first = os.readlink(self.link(box))
        for version, line in ((2, 'asked to end'), (3, 'version 3')):
            self.write(program(version))
            self.client.call('update_container', container_id=box, code_path=self.source)
            self.printed(box, line)
            self.client.close()
            self.daemon.kill()
            self.assertEqual(os.readlink(self.link(box)) == first, version == 2, 'the step that the kill was meant for')
            self.daemon.start()
            self.client = self.make_client()
            eventually(lambda: self.client.status(box)['active_generation'] == version, what='version %d' % version)
            self.reaches(box, 'running')
            self.printed(box, 'version %d' % version)
        self.assertEqual(len(self.daemon.containers()), 1)

    def test_what_is_refused(self):
        self.write(program(1))
        for path, kind, part in (('/etc', 'forbidden', 'host_paths'), ('/', 'forbidden', 'whole host'),
                                 (self.daemon.data, 'forbidden', 'data directory'),
                                 ('/nowhere/at/all', 'validation_error', 'does not exist'),
                                 (self.source + '/main', 'validation_error', 'is not a folder')):
            error = self.refusal(code_path=path)
            self.assertEqual(error['error_type'], kind, path)
            self.assertIn(part, json.dumps(error), path)
        trick = os.path.join(tempfile.mkdtemp(prefix='ftcode', dir='/tmp'), 'trick')
        os.symlink('/etc', trick)
        self.assertEqual(self.refusal(code_path=trick)['error_type'], 'forbidden')
        os.symlink('/etc/shadow', os.path.join(self.source, 'shadow'))
        self.assertIn('leads out of it', json.dumps(self.refusal(code_path=self.source)))
        for name in ('../main', '/main', 'a//b'):
            error = self.refusal(code={'files': {name: 'x'}})
            self.assertIn('code.files', json.dumps(error))
        error = self.refusal(code={'digest': '0' * 64})
        self.assertIn('not kept any more', json.dumps(error))
        self.assertEqual(self.trees(), [])

    def test_two_containers_share_a_tree(self):
        self.write(program(1))
        one = self.create_running('one', **DEMO, code_path=self.source)
        two = self.create_running('two', **DEMO, code={'files': {'main': program(1)}})
        self.assertEqual(os.readlink(self.link(one)), os.readlink(self.link(two)))
        self.assertEqual(len(self.trees()), 1)

    def test_a_stray_link_goes_at_the_start(self):
        self.write(program(1))
        box = self.create('kept', **DEMO, code_path=self.source)
        os.symlink('../trees/x', self.link('0123456789ab'))
        self.again()
        self.assertFalse(os.path.islink(self.link('0123456789ab')))
        self.assertTrue(os.path.islink(self.link(box)))


if __name__ == '__main__':
    unittest.main()
