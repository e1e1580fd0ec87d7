"""Where images come from (contract 2, pull_policy and registry_auth): a registry with a password on loopback."""
import base64
import crypt
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid

from flowtest import FlowTest, eventually, seconds

FOREVER = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']
USER, PASSWORD = 'ann', 'open sesame'


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Registry:
    """Debian's docker-registry, with one user; ended by its pid."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='fr', dir='/tmp')
        self.port = free_port()
        self.host = '127.0.0.1:%d' % self.port
        hashed = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
        with open(self.folder + '/users', 'w') as f:
            f.write('%s:%s\n' % (USER, hashed))
        with open(self.folder + '/config.yml', 'w') as f:
            f.write('version: 0.1\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: %s}\n'
                    'auth: {htpasswd: {realm: test, path: %s/users}}\n' % (self.folder, self.host, self.folder))
        with open(self.folder + '/log', 'w') as log:
            self.process = subprocess.Popen(['docker-registry', 'serve', self.folder + '/config.yml'],
                                            stdout=log, stderr=log)
        eventually(self.answers, 30, 'an answer of the registry')

    def answers(self):
        try:
            connection = http.client.HTTPConnection(self.host, timeout=5)
            connection.request('GET', '/v2/')
            return connection.getresponse().status == 401
        except OSError:
            return False

    def end(self):
        self.process.terminate()
        self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)


class Gate:
    """In front of a registry: keeps what is asked for, and lets 3 MB a second through."""

    def __init__(self, registry):
        self.registry = registry
        self.asked = []
        self.server = socket.create_server(('127.0.0.1', 0))
        self.host = '127.0.0.1:%d' % self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                client = self.server.accept()[0]
                registry = socket.create_connection(('127.0.0.1', self.registry.port))
                threading.Thread(target=self.pump, args=(client, registry, self.note), daemon=True).start()
                threading.Thread(target=self.pump, args=(registry, client, self.slowly), daemon=True).start()
        except OSError:
            pass

    def note(self, data):
        self.asked += [path.decode() for path in re.findall(rb'(?:GET|HEAD) (\S+) HTTP/1', data)]

    @staticmethod
    def slowly(data):
        time.sleep(len(data) / 3e6)

    @staticmethod
    def pump(source, sink, each):
        try:
            for data in iter(lambda: source.recv(32768), b''):
                each(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            sink.close()

    def end(self):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


class Images(FlowTest):
    def setUp(self):
        super().setUp()
        self.registry = Registry()
        self.addCleanup(self.registry.end)
        self.made = []
        self.addCleanup(self.forget)
        secret = os.path.join(self.daemon.folder, 'secret')
        with open(secret, 'w') as f:
            f.write(PASSWORD + '\n')
        self.config = os.path.join(self.daemon.folder, 'config.yaml')
        with open(self.config, 'w') as f:
            f.write('registries:\n  ours: {server: "%s", username: %s, password_file: %s}\n'
                    '  wrong: {server: "%s", username: %s, password: nonsense}\n'
                    % (self.registry.host, USER, secret, self.registry.host, USER))
        self.daemon.options += ['--config', self.config]
        self.again()

    def forget(self):
        for image in self.made:
            self.engine.call('DELETE', '/images/%s?force=1' % image, ok=(200, 404, 409))

    def push(self, tag='1', script='true', command=None):
        """A new image in the registry; the engine itself does not have it any more. Answers name and digest."""
        repository = '%s/team/app%s' % (self.registry.host, uuid.uuid4().hex[:6])
        return self.push_as(repository, tag, script, command=command)

    def push_as(self, repository, tag, script, keep=False, command=None):
        """`command`: what is run for the layer that is its own."""
        made = self.engine.call('POST', '/containers/create', {'Image': 'flow-demo:latest', 'Cmd': command or ['true'],
                                                               'HostConfig': {'NetworkMode': 'none'}})['Id']
        if command:
            self.engine.start(made)
            self.engine.call('POST', '/containers/%s/wait' % made)
        self.engine.call('POST', '/commit?container=%s&repo=%s&tag=%s' % (made, repository, tag),
                         {'Labels': {'made': script + uuid.uuid4().hex}})
        self.engine.remove(made)
        image = '%s:%s' % (repository, tag)
        auth = {'username': USER, 'password': PASSWORD, 'serveraddress': self.registry.host}
        said = self.push_call(repository, tag, base64.urlsafe_b64encode(json.dumps(auth).encode()).decode())
        digest = [line['aux']['Digest'] for line in said if 'aux' in line][0]
        if not keep:
            self.engine.call('DELETE', '/images/%s?force=1' % image)
        self.made += [image, '%s@%s' % (repository, digest)]
        return image, digest

    def push_call(self, repository, tag, auth):
        from flowtest import UnixConnection
        connection = UnixConnection(self.engine.path)
        connection.request('POST', '/v1.41/images/%s/push?tag=%s' % (repository, tag), None, {'X-Registry-Auth': auth})
        said = [json.loads(line) for line in connection.getresponse().read().splitlines()]
        connection.close()
        self.assertFalse([line for line in said if 'error' in line], said)
        return said

    def test_a_private_image_comes_with_the_configured_credentials(self):
        image, _ = self.push()
        container = self.create_running('web', image=image, registry_auth='ours', command=FOREVER)
        self.assertEqual(self.state(container), 'running')
        for form in (PASSWORD, base64.b64encode(PASSWORD.encode()).decode().rstrip('=')[2:-2]):
            self.assertNotIn(form, self.daemon.log())

    def check_progress(self, image, containers):
        """Told to all while it comes, not more than twice a second."""
        told = self.client.of('image_pull_progress', image=image)
        for event in told:
            self.assertEqual(sorted(event['container_ids']), sorted(containers), event)
            self.assertGreaterEqual(event['layers'], 1)
            share = 100 * event['bytes_done'] / event['bytes_total'] if event['bytes_total'] else 0
            self.assertAlmostEqual(event['percent'], share, places=3, msg=event)
            self.assertTrue(0 <= event['percent'] <= 100, event)
        times = [seconds(event['timestamp']) for event in told]
        self.assertTrue(all(b - a > 0.49 for a, b in zip(times, times[1:])), times)
        return told

    def test_two_rows_share_one_pull_and_all_are_told_how_far_it_is(self):
        gate = Gate(self.registry)
        self.addCleanup(gate.end)
        with open(self.config, 'a') as f:
            f.write('  gate: {server: "%s", username: %s, password: %s}\n' % (gate.host, USER, PASSWORD))
        self.again()
        self.client.sio.on('image_pull_progress', self.client.keeper('image_pull_progress'))
        pushed, _ = self.push(command=['dd', 'if=/dev/urandom', 'of=/large', 'bs=1M', 'count=6'])
        image = pushed.replace(self.registry.host, gate.host)
        self.made.append(image)
        asks = [self.client.call('create_container', name=name, image=image, registry_auth='gate', command=FOREVER,
                                 network_mode='none', desired_state='running') for name in ('one', 'two')]
        ids = [ask['container_id'] for ask in asks]
        for container in ids:
            self.reaches(container, 'running')
        path = image[len(gate.host):].replace(':', '/manifests/')
        self.assertEqual(gate.asked.count('/v2' + path), 1, gate.asked)
        told = self.check_progress(image, ids)
        self.assertTrue([event for event in told if 0 < event['percent'] < 100], told)
        self.assertGreater(told[-1]['bytes_total'], 6 << 20)

    def test_without_or_with_wrong_credentials_it_is_not_found_and_says_so(self):
        image, _ = self.push()
        for more in ({}, {'registry_auth': 'wrong'}):
            answer = self.client.call('create_container', wait=True, name='web', image=image, network_mode='none', **more)
            self.assertFalse(answer['ok'], answer)
            self.assertEqual(answer['error']['error_type'], 'image_not_found')
            self.assertEqual(answer['error']['details']['cause'], 'unauthorized', answer)
        error = self.client.refused('create_container', name='web', image=image, registry_auth='nobody')
        self.assertEqual(error['details']['field_errors'][0]['path'], 'registry_auth')

    def test_what_is_not_there_is_told_apart_from_a_registry_that_does_not_answer(self):
        missing = self.client.call('create_container', wait=True, name='web', image=self.registry.host + '/team/none:1',
                                   network_mode='none', registry_auth='ours')['error']
        self.assertEqual((missing['error_type'], missing['details']['cause']), ('image_not_found', 'not_found'), missing)
        silent = self.client.call('create_container', wait=True, name='web', network_mode='none',
                                  image='127.0.0.1:%d/team/none:1' % free_port())['error']
        self.assertEqual(silent['details']['cause'], 'registry_unreachable', silent)

    def test_pinned_by_digest(self):
        image, digest = self.push()
        pinned = '%s@%s' % (image.rsplit(':', 1)[0], digest)
        container = self.create_running('web', image=pinned, registry_auth='ours', command=FOREVER)
        inspected = self.engine.inspect(self.docker_id(container))
        self.assertEqual(inspected['Config']['Image'], pinned)
        self.client.done('update_container', container_id=container, image=pinned)
        self.assertEqual(self.client.status(container)['docker_id'], inspected['Id'])

    def test_never_is_an_error(self):
        answer = self.client.call('create_container', wait=True, name='web', image='flow-nowhere:1', pull_policy='never',
                                  network_mode='none')
        self.assertEqual(answer['error']['error_type'], 'image_not_found', answer)
        self.assertIn('pull_policy is never', answer['error']['message'])
        elsewhere = self.client.refused('create_container', name='web', image='flow-demo:latest', registry_auth='ours')
        self.assertIn('docker.io', elsewhere['message'])

    def test_always_pulls_for_each_generation_but_not_by_itself(self):
        image, _ = self.push()
        repository, tag = image.rsplit(':', 1)
        container = self.create_running('web', image=image, registry_auth='ours', pull_policy='always', command=FOREVER)
        first = self.engine.inspect(self.docker_id(container))['Image']
        # The tag moves, here and in the registry; the first image stays here without a name.
        self.push_as(repository, tag, 'second', keep=True)
        moved = self.engine.call('GET', '/images/%s/json' % image)['Id']
        self.assertNotEqual(moved, first)
        self.push_as(repository, tag, 'third')
        self.engine.call('POST', '/images/%s/tag?repo=%s&tag=%s' % (moved, repository, tag))
        docker_id = self.docker_id(container)
        self.engine.remove(docker_id)
        eventually(lambda: self.client.status(container)['docker_id'] not in (None, docker_id) and
                   self.state(container) == 'running', what='made again')
        self.assertEqual(self.engine.inspect(self.docker_id(container))['Image'], moved, 'not pulled by itself')
        self.client.done('update_container', container_id=container, environment={'V': '2'})
        self.assertNotIn(self.engine.inspect(self.docker_id(container))['Image'], (first, moved))

    def test_a_restart_pulls_and_another_image_is_a_replace(self):
        image, _ = self.push()
        repository, tag = image.rsplit(':', 1)
        container = self.create_running('web', image=image, registry_auth='ours', pull_policy='always', command=FOREVER,
                                        update={'monitor': '300ms'})
        docker_id = self.docker_id(container)
        first = self.engine.inspect(docker_id)
        self.client.done('restart_container', container_id=container)
        same = self.engine.inspect(self.docker_id(container))
        self.assertEqual((same['Id'], same['Image']), (docker_id, first['Image']), 'the same image: a plain restart')
        self.assertNotEqual(same['State']['StartedAt'], first['State']['StartedAt'])
        self.push_as(repository, tag, 'second', keep=True)
        moved = self.engine.call('GET', '/images/%s/json' % image)['Id']
        self.engine.call('POST', '/images/%s/tag?repo=%s&tag=%s' % (first['Image'], repository, tag))
        self.client.done('restart_container', container_id=container)
        eventually(lambda: self.state(container) == 'running' and self.docker_id(container) != docker_id,
                   what='replaced')
        status = self.client.status(container)
        self.assertEqual(self.engine.inspect(status['docker_id'])['Image'], moved)
        self.assertEqual((status['active_generation'], status['observed_generation']), (1, 1), 'of the same generation')
        eventually(lambda: len(self.daemon.containers()) == 1, what='the old one gone')
        self.assertEqual(self.client.of('container_crashed'), [])

    def test_a_restart_whose_pull_fails_leaves_the_old_one_running(self):
        image, _ = self.push()
        container = self.create_running('web', image=image, registry_auth='ours', pull_policy='always', command=FOREVER)
        before = self.engine.inspect(self.docker_id(container))
        self.registry.process.terminate()
        self.registry.process.wait(20)
        answer = self.client.call('restart_container', wait=True, container_id=container)
        self.assertFalse(answer['ok'], answer)
        self.assertEqual(answer['error']['details']['cause'], 'registry_unreachable', answer)
        self.assertEqual(self.client.status(container)['reason'], 'ImagePullBackOff')
        after = self.engine.inspect(before['Id'])
        self.assertEqual(after['State']['StartedAt'], before['State']['StartedAt'])

    def test_an_image_that_fails_is_left_for_the_one_before_though_its_name_has_moved(self):
        image, _ = self.push()
        repository, tag = image.rsplit(':', 1)
        container = self.create_running('web', image=image, registry_auth='ours', pull_policy='always', command=FOREVER)
        first = self.engine.inspect(self.docker_id(container))['Image']
        self.push_as(repository, tag, 'second', keep=True)
        answer = self.client.call('update_container', wait=True, container_id=container, command=['sh', '-c', 'exit 3'])
        self.assertFalse(answer['ok'], answer)
        status = self.reaches(container, 'running')
        self.assertEqual(status['reason'], 'UpdateFailed')
        self.engine.remove(status['docker_id'])
        eventually(lambda: self.client.status(container)['docker_id'] not in (None, status['docker_id']) and
                   self.state(container) == 'running', what='made again')
        again = self.engine.inspect(self.docker_id(container))
        self.assertEqual((again['Image'], again['Config']['Cmd']), (first, FOREVER))
