"""The containers' sockets on the host (contract 6): who may connect, what survives, and messages that must not be lost."""
import os
import subprocess
import sys
import time

from flowtest import FlowTest, eventually

ECHO = ['sh', '-c', 'while read -r m; do id=${m##*\\"message_id\\":\\"}; '
                    'printf \'{"reply_to":"%s","got":%s}\\n\' "${id%%\\"*}" "$m"; done']
# A program that never reads its input.
DEAF = ['sleep', '100000']
CONNECT = 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])'
NOBODY = 65534
SOON = 2.0      # seconds for a reply beside a flood


class SocketsTest(FlowTest):
    def flow(self, name, command=ECHO, **spec):
        container = self.create_running(name, image='flow:latest', command=command, **spec)
        self.connected(container)
        return container

    def connected(self, container):
        eventually(lambda: self.client.status(container)['socket_connected'], what='its connection')

    def send(self, container, message, **more):
        return self.client.call('send_message', container_id=container, message=message, **more)

    def reply(self, container, message):
        answer = self.send(container, message, expect_reply=True)
        self.assertTrue(answer['ok'], answer)
        return answer['reply']['got']

    def folder(self, container):
        return os.path.join(self.daemon.data, 'run', container)

    def path(self, container):
        return os.path.join(self.folder(container), container + '.sock')


class Files(SocketsTest):
    def test_modes_and_who_else_on_the_host_gets_in(self):
        container = self.flow('echo')
        modes = [os.stat(path).st_mode & 0o777 for path in (os.path.dirname(self.folder(container)),
                                                            self.folder(container), self.path(container))]
        self.assertEqual(modes, [0o700, 0o755, 0o666])
        os.chmod(self.daemon.folder, 0o755)     # what refuses is the folder of the sockets
        tried = subprocess.run([sys.executable, '-c', CONNECT, self.path(container)], user=NOBODY, group=NOBODY,
                               extra_groups=[], capture_output=True, text=True)
        self.assertIn('PermissionError', tried.stderr)

    def test_a_container_sees_its_own_socket_only_and_cannot_put_another_there(self):
        self.flow('other')
        container = self.flow('looks', ['sh', '-c', 'ls /var/run/flow; touch /var/run/flow/mine; read -r m'])
        docker_id = self.docker_id(container)
        self.engine.printed(docker_id, container + '.sock')
        text = self.engine.call('GET', '/containers/%s/logs?stdout=1&stderr=1' % docker_id, raw=True).decode()
        self.assertEqual(text.count('.sock'), 1, text)
        self.assertIn('Read-only file system', text)

    def test_a_file_that_somebody_removed_is_made_again(self):
        container = self.flow('echo')
        os.remove(self.path(container))
        eventually(lambda: os.path.exists(self.path(container)), what='the socket again')
        told = self.client.wait('communication_error', container_id=container)
        self.assertIn('made again', told['message'])
        self.assertEqual(self.reply(container, {'n': 1})['n'], 1)
        self.client.done('restart_container', container_id=container)
        self.assertEqual(self.reply(container, {'n': 2})['n'], 2)

    def test_it_goes_with_the_container(self):
        container = self.flow('echo')
        self.client.done('delete_container', container_id=container)
        self.assertEqual(self.client.wait('container_deleted', container_id=container)['cleanup']['socket'], 'removed')
        self.assertFalse(os.path.exists(self.folder(container)))
        self.assertEqual(self.send(container, {})['error']['error_type'], 'container_not_found')

    def test_messaging_that_is_off_and_on_again(self):
        container = self.create_running('off', command=DEAF, messaging={'enabled': False})
        self.assertFalse(os.path.exists(self.path(container)))
        self.assertEqual(self.send(container, {})['error']['error_type'], 'validation_error')
        self.client.done('update_container', container_id=container, messaging={'enabled': True})
        eventually(lambda: os.path.exists(self.path(container)), what='its socket')


class Ours(SocketsTest):
    """Messages sent while we ourselves stop and start what they are for."""

    def test_a_restart(self):
        container = self.flow('echo')
        self.client.call('restart_container', container_id=container)
        self.assertEqual([self.reply(container, {'n': n})['n'] for n in range(5)], list(range(5)))
        self.assertEqual(self.client.status(container)['restart_count'], 0)

    def test_an_update_that_makes_a_new_engine_container(self):
        container = self.flow('echo')
        docker_id = self.docker_id(container)
        self.client.call('update_container', container_id=container, environment={'NEW': '1'})
        answers = [self.reply(container, {'n': n})['n'] for n in range(3)]
        self.assertEqual(answers, list(range(3)))
        eventually(lambda: self.docker_id(container) != docker_id, what='the new engine container')
        self.assertEqual(self.reply(container, {'n': 9})['n'], 9)

    def test_a_new_daemon_is_found_at_once(self):
        container = self.flow('echo')
        for n in range(3):
            self.again()
            self.assertEqual(self.reply(container, {'n': n})['n'], n)


class Bounded(SocketsTest):
    def test_who_never_reads_hurts_nobody_and_its_queue_ends(self):
        deaf, echo = self.flow('deaf', DEAF), self.flow('echo')
        big = 'x' * 200_000
        statuses = []
        for n in range(200):
            answer = self.send(deaf, {'n': n, 'data': big})
            statuses.append(answer['status'] if answer['ok'] else answer['error']['error_type'])
            if statuses[-1] == 'rate_limited':
                break
        self.assertEqual(sorted(set(statuses)), ['queued', 'rate_limited', 'sent'])
        self.assertEqual(self.reply(echo, {'n': 1})['n'], 1)

    def test_who_floods_hurts_nobody(self):
        # Python takes what it is sent, and has no time for anything else: these two want to know nothing of messages.
        self.client.call('subscribe', types=['container_*'])
        self.client.call('subscribe', types=['container_*'])    # a flood of events is another matter
        self.flow('flood', ['sh', '-c', 'yes \'{"n":1,"text":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\''])
        echo = self.flow('echo')
        quiet = self.make_client()
        quiet.call('subscribe', types=['container_*'])
        self.answers_soon(quiet, echo, 20)

    def test_who_floods_the_store_hurts_nobody(self):
        self.client.call('subscribe', types=['container_*'])
        self.flow('flood', ['sh', '-c', 'yes \'{"n":1,"text":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}\''],
                  messaging={'durable': True})
        echo = self.flow('echo')
        quiet = self.make_client()
        quiet.call('subscribe', types=['container_*'])
        self.answers_soon(quiet, echo, 10)
        self.client.done('delete_container', container_id='flood', force=True)

    def answers_soon(self, client, echo, times):
        """None of them waits for what somebody else sends."""
        took = []
        for n in range(times):
            began = time.monotonic()
            answer = client.call('send_message', container_id=echo, message={'n': n}, expect_reply=True)
            took.append(round(time.monotonic() - began, 3))
            self.assertEqual(answer['reply']['got']['n'], n)
        self.assertLess(max(took), SOON, took)

    def test_a_message_that_is_too_long_from_either_side(self):
        container = self.flow('small', ['sh', '-c', 'read -r m; printf \'{"a":"%2000s"}\\n{"ok":1}\\n\' x; read -r m'],
                              messaging={'max_message': '1k'})
        error = self.send(container, {'data': 'x' * 2000})['error']
        self.assertEqual(error['error_type'], 'validation_error')
        self.assertIn('messaging.max_message', error['message'])
        self.send(container, {'go': 1})
        self.client.wait('message_received', message={'ok': 1})
        wrong = self.client.call('subscribe', since=0)
        self.assertTrue(wrong['ok'])
        eventually(lambda: self.daemon.sql("select count(*) from audit_log where type = 'message_format_error'")[0][0],
                   what='what was too long, in the log')


class Durable(SocketsTest):
    def test_it_is_in_the_log_and_comes_again_with_since(self):
        container = self.flow('kept', messaging={'durable': True, 'record_payload': True})
        before = max(e['seq'] for e in self.client.of('container_created'))
        answer = self.send(container, {'n': 1, 'API_TOKEN': 'hidden'}, expect_reply=True)
        self.assertTrue(answer['ok'], answer)
        late = self.make_client(auth={'since': before})
        sent = late.wait('message_sent', message_id=answer['message_id'])
        heard = late.wait('message_received', reply_to=answer['message_id'])
        self.assertLess(sent['seq'], heard['seq'])
        rows = self.daemon.sql('select direction, status, payload from messages order by created_at')
        self.assertEqual([row[:2] for row in rows], [('out', 'sent'), ('in', 'received')])
        for row in rows:
            self.assertNotIn('hidden', row[2])

    def test_a_queued_one_survives_kill_9_and_arrives_once(self):
        container = self.flow('later', messaging={'queue_ttl': '1h'})
        self.client.done('stop_container', container_id=container)
        ids = []
        for n in range(5):
            answer = self.send(container, {'n': n})
            self.assertEqual(answer['status'], 'queued', answer)
            ids.append(answer['message_id'])
        seq = max(e['seq'] for e in self.client.of('message_sent'))
        self.again(auth={'since': seq})
        self.client.done('start_container', container_id=container)
        eventually(lambda: len(self.client.of('message_received')) >= 5, what='their answers')
        self.assertEqual([e['message']['got']['n'] for e in self.client.of('message_received')], list(range(5)))
        self.assertEqual([e['message_id'] for e in self.client.of('message_sent', status='sent')], ids)
        self.assertEqual(self.daemon.sql("select count(*) from messages where status = 'queued'"), [(0,)])
        self.assertEqual(self.daemon.sql("select count(*) from messages where payload is not null"), [(0,)])

    def test_a_request_that_comes_again_after_kill_9_is_not_sent_twice(self):
        container = self.flow('later', messaging={'queue_ttl': '1h'})
        self.client.done('stop_container', container_id=container)
        request = {'container_id': container, 'message': {'n': 1}, 'request_id': 'again-0123456789'}
        first = self.client.call('send_message', request)
        self.assertEqual(first['status'], 'queued', first)
        self.again()
        self.assertEqual(self.client.call('send_message', request), first)
        other = self.client.call('send_message', {**request, 'message': {'n': 2}, 'request_id': 'again-0123456789'})
        self.assertEqual(other['error']['error_type'], 'conflict_error')
        self.client.done('start_container', container_id=container)
        self.client.wait('message_received')
        self.again()
        answer = self.client.call('send_message', request)
        self.assertEqual((answer['message_id'], answer['status']), (first['message_id'], 'sent'))
        self.assertEqual(self.send(container, {'n': 3}, expect_reply=True)['reply']['got']['n'], 3)
        self.assertEqual(self.daemon.sql("select count(*) from messages where direction = 'out'"), [(2,)])

    def test_a_queued_one_expires_and_one_goes_with_its_container(self):
        container = self.flow('never', messaging={'queue_ttl': '500ms'})
        self.client.done('stop_container', container_id=container)
        answer = self.send(container, {'n': 1}, expect_reply=True)
        self.assertEqual(answer['error']['error_type'], 'socket_connection_error')
        self.client.wait('message_sent', status='expired')
        self.client.done('update_container', container_id=container, messaging={'queue_ttl': '1h'})
        self.assertEqual(self.send(container, {'n': 2})['status'], 'queued')
        self.client.done('delete_container', container_id=container)
        eventually(lambda: self.daemon.sql("select count(*) from messages where status = 'expired'") == [(2,)],
                   what='both given up')

    def test_a_repeated_request_is_sent_once(self):
        container = self.flow('echo')
        request = {'container_id': container, 'message': {'n': 1}, 'expect_reply': True, 'request_id': 'r' * 20}
        first, second = self.client.call('send_message', request), self.client.call('send_message', request)
        self.assertTrue(first['ok'], first)
        self.assertEqual(first, second)
        other = self.client.call('send_message', {**request, 'message': {'n': 2}})
        self.assertEqual(other['error']['error_type'], 'conflict_error')
        self.assertEqual(len(self.client.of('message_sent')), 1)
