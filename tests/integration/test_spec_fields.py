"""Every field of the spec that concerns the engine: what the engine made of it, and that applying it twice plans nothing
(contract 2, design 4). Then the defaults that keep a container in its place, seen from inside."""
import json
import os
import socket
import tempfile
import time

from flowtest import FlowTest, eventually

FOREVER = ['sh', '-c', 'trap "exit 0" TERM; echo ready; sleep 1000 & wait']
MB = 1 << 20


def config(*path):
    return lambda inspected: walk(inspected['Config'], path)


def host(*path):
    return lambda inspected: walk(inspected['HostConfig'], path)


def walk(value, path):
    for key in path:
        value = value[key]
    return value


def mount_at(target):
    return lambda inspected: [(m['Type'], m['RW']) for m in inspected['Mounts'] if m['Destination'] == target]


# Name, fields, how the engine shows it, what it must show.
FIELDS = [
    ('labels', {'labels': {'app': 'x'}}, config('Labels', 'app'), 'x'),
    ('task', {'task_id': 't-1', 'runner_id': 'r-1'}, config('Labels', 'flow.task-id'), 't-1'),
    ('command', {'command': FOREVER}, config('Cmd'), FOREVER),
    ('command-text', {'command': 'sleep "1000"'}, config('Cmd'), ['sleep', '1000']),
    ('entrypoint', {'entrypoint': ['sh', '-c', 'sleep 1000 & wait'], 'command': None}, config('Entrypoint'),
     ['sh', '-c', 'sleep 1000 & wait']),
    ('environment', {'environment': {'B': '2', 'A': '1'}}, lambda i: {'A=1', 'B=2'} <= set(i['Config']['Env']), True),
    ('volume', {'volumes': {'VOLUME': '/data'}}, mount_at('/data'), [('volume', True)]),
    ('anonymous', {'volumes': ['/scratch']}, mount_at('/scratch'), [('volume', True)]),
    ('bind', {'volumes': {'FOLDER': '/in:ro'}}, mount_at('/in'), [('bind', False)]),
    ('two-mounts', {'volumes': ['FOLDER:/b', 'FOLDER:/a']}, mount_at('/a'), [('bind', True)]),
    ('tmpfs', {'tmpfs': ['/x:size=1m', '/y']}, host('Tmpfs'), {'/x': 'size=1m', '/y': ''}),
    ('ports', {'ports': ['127.0.0.1::90', '81'], 'networks': ['NETWORK-p'], 'network_mode': None}, host('PortBindings', '90/tcp', 0, 'HostIp'),
     '127.0.0.1'),
    ('networks', {'networks': ['NETWORK-b', 'NETWORK-a'], 'network_mode': None},
     lambda i: len(i['NetworkSettings']['Networks']), 2),
    ('hostname', {'hostname': 'elsewhere'}, config('Hostname'), 'elsewhere'),
    ('user', {'user': '1000:1000'}, config('User'), '1000:1000'),
    ('working_dir', {'working_dir': '/tmp'}, config('WorkingDir'), '/tmp'),
    ('read_only', {'read_only': True}, host('ReadonlyRootfs'), True),
    ('init', {'init': True}, host('Init'), True),
    ('cpus', {'resources': {'cpus': 0.5}}, host('NanoCpus'), 500_000_000),
    ('cpu_shares', {'resources': {'cpu_shares': 512}}, host('CpuShares'), 512),
    ('memory', {'resources': {'memory': '64m', 'memory_reservation': '32m'}}, host('MemorySwap'), 64 * MB),
    ('pids', {'resources': {'pids': 99}}, host('PidsLimit'), 99),
    ('ulimits', {'resources': {'ulimits': {'nofile': {'soft': 100, 'hard': 200}, 'core': 0}}},
     lambda i: sorted(u['Name'] for u in i['HostConfig']['Ulimits']), ['core', 'nofile']),
    ('shm_size', {'resources': {'shm_size': '1m'}}, host('ShmSize'), MB),
    ('restricted', {'security': {'profile': 'restricted', 'cap_add': ['net_bind_service', 'CAP_CHOWN']}},
     host('CapDrop'), ['ALL']),
    ('baseline', {'security': {'profile': 'baseline', 'cap_drop': ['mknod']}}, host('CapDrop'), ['MKNOD']),
    ('privileges', {'security': {'no_new_privileges': False}}, host('SecurityOpt'), None),
    ('healthcheck', {'healthcheck': {'test': ['CMD', 'true'], 'interval': '10s'}}, config('Healthcheck', 'Interval'),
     10 ** 10),
    ('no-healthcheck', {'healthcheck': {'disable': True}}, config('Healthcheck', 'Test'), ['NONE']),
    ('logging', {'logging': {'options': {'max-size': '1m'}}}, host('LogConfig', 'Config', 'max-size'), '1m'),
    ('log-driver', {'logging': {'driver': 'none'}}, host('LogConfig', 'Type'), 'none'),
    ('stop', {'stop_signal': 'int', 'stop_grace_period': '3s'}, config('StopSignal'), 'SIGINT'),
    ('restart', {'restart': 'always'}, host('RestartPolicy', 'Name'), 'no'),
    ('job', {'kind': 'job', 'backoff_limit': 2}, host('CapDrop'), ['ALL']),
    ('depends_on', {'depends_on': ['labels']}, lambda i: i['State']['Running'], True),
    ('code', {'code': {'files': {'main': 'echo never'}}}, mount_at('/app'), [('bind', False)]),
    ('workspace', {'workspace': True}, mount_at('/workspace'), [('volume', True)]),
    ('workspace-size', {'workspace': '1m'}, mount_at('/workspace'), [('volume', True)]),
    ('inject', {'messaging': {'inject': True}}, config('Entrypoint'), ['/flow-runtime']),
    ('no-messaging', {'messaging': {'enabled': False}},
     lambda i: [line for line in i['Config']['Env'] if line.startswith('FLOW_SOCKET')], []),
    ('messaging', {'messaging': {'framing': 'lines', 'max_message': '2m', 'queue_ttl': '1m'}},
     mount_at('/var/run/flow'), [('bind', False)]),
    ('seccomp', {'security': {'seccomp': 'default', 'apparmor': 'default'}}, host('SecurityOpt'),
     ['no-new-privileges:true']),
]
# What a policy has to allow. (`network_mode: bridge` is in test_spec_random, where the bridge is our own.)
BY_POLICY = [
    ('host', {'network_mode': 'host'}, host('NetworkMode'), 'host'),
    # Not started: a host that lacks capabilities itself has none to give.
    ('privileged', {'security': {'privileged': True}, 'desired_state': 'created'}, host('Privileged'), True),
    ('unconfined', {'security': {'seccomp': 'unconfined', 'apparmor': 'unconfined'}},
     lambda i: {'apparmor=unconfined', 'seccomp=unconfined'} <= set(i['HostConfig']['SecurityOpt']), True),
    ('userns', {'security': {'userns': 'host'}}, host('UsernsMode'), 'host'),
    ('capability', {'security': {'cap_add': ['SYS_PTRACE']}}, host('CapAdd'), ['SYS_PTRACE']),
]


def filled(test, value):
    """A part of a spec with the test's own folder, volume and network in it."""
    if isinstance(value, dict):
        return {filled(test, k): filled(test, v) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(test, v) for v in value]
    if isinstance(value, str):
        return (value.replace('FOLDER', test.folder).replace('VOLUME', test.daemon.prefix + 'volume')
                .replace('NETWORK', test.daemon.prefix + 'net'))
    return value


class Fields(FlowTest):
    def setUp(self):
        with tempfile.NamedTemporaryFile('w', suffix='.yaml', delete=False) as file:
            file.write('policy: {privileged: true, host_network: true, unconfined: true, capabilities: [SYS_PTRACE]}\n')
        self.addCleanup(os.unlink, file.name)
        self.options = ('--config', file.name)
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix='in', dir='/srv' if os.path.isdir('/srv') else '/tmp')
        self.addCleanup(os.rmdir, self.folder)

    def test_each_is_applied_once(self):
        specs, ids, table, self.states = {}, {}, FIELDS + BY_POLICY, {}
        for name, fields, _, _ in table:
            spec = {'image': 'flow-demo:latest', 'network_mode': 'none', 'command': FOREVER, **filled(self, fields)}
            specs[name] = {k: v for k, v in spec.items() if v is not None}
            self.states[name] = specs[name].pop('desired_state', 'running')
            answer = self.client.call('create_container', name=name, desired_state=self.states[name], **specs[name])
            self.assertTrue(answer['ok'], (name, answer))
            ids[name] = answer['container_id']
        before = {}
        for name, _, look, wanted in table:
            status = self.reaches(ids[name], self.states[name])
            before[name] = status['docker_id']
            with self.subTest(field=name):
                self.assertEqual(look(self.engine.inspect(status['docker_id'])), wanted)
        self.applied_again(specs, ids, before)
        self.again()
        self.applied_again(specs, ids, before)
        # Those with networks one after the other: an engine 20.10 that lets two endpoints go at one moment can lock itself up.
        for name in ('networks', 'ports'):
            self.client.done('delete_container', container_id=ids.pop(name), force=True)
        for container in ids.values():
            self.client.call('delete_container', container_id=container, force=True)
        eventually(lambda: self.client.call('list_containers')['count'] == 0, 60, 'all gone')
        volumes = [v['Name'] for v in self.engine.call('GET', '/volumes')['Volumes'] or []]
        self.assertNotIn(self.daemon.prefix + 'volume', volumes)
        networks = [n['Name'] for n in self.engine.call('GET', '/networks')]
        self.assertFalse([n for n in networks if n.startswith(self.daemon.prefix)])

    def applied_again(self, specs, ids, before):
        for name, spec in specs.items():
            with self.subTest(applied_again=name):
                answer = self.client.done('update_container', container_id=ids[name], **spec)
                self.assertFalse(answer['changed'], answer)
                status = self.reaches(ids[name], self.states[name])
                self.assertEqual((status['docker_id'], status['generation'], status['reason']), (before[name], 1, ''))


class Limits(FlowTest):
    """In place where the engine can; a limit that is taken away needs a new container."""

    options = ('--update-monitor', '300ms')

    def limits(self, container):
        inspected = self.engine.inspect(self.docker_id(container))['HostConfig']
        return inspected['Memory'], inspected['MemorySwap'], inspected['PidsLimit']

    def test_in_place(self):
        container = self.create_running('web', command=FOREVER, resources={'memory': '64m'})
        docker_id = self.docker_id(container)
        for memory in (32 * MB, 128 * MB):
            self.client.done('update_container', container_id=container, resources={'memory': memory})
            self.assertEqual(self.limits(container), (memory, memory, 512))
        self.client.done('update_container', container_id=container, resources={'pids': -1})
        self.assertIn(self.limits(container)[2], (0, -1, None))
        self.assertEqual(self.docker_id(container), docker_id)
        self.client.done('update_container', container_id=container, resources={'memory': None})
        self.assertNotEqual(self.docker_id(container), docker_id)
        self.assertEqual(self.limits(container)[:2], (0, 0))


class Inside(FlowTest):
    """What a program finds out about its own cage."""

    def printed(self, name, script, **spec):
        """All that the script writes; it is to end with 0."""
        spec.setdefault('security', {'profile': 'restricted'})
        container = self.create_running(name, command=['sh', '-c', script], **spec)
        status = eventually(lambda: (lambda s: s['state'] in ('completed', 'error') and s)(self.client.status(container)),
                            what='its end')
        return self.engine.call('GET', '/containers/%s/logs?stdout=1&stderr=1' % status['docker_id'], raw=True).decode(
            errors='replace')

    def test_no_capabilities_and_no_new_privileges(self):
        text = self.printed('caps', 'cat /proc/self/status')
        for line in ('CapEff:\t0000000000000000', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1', 'Seccomp:\t2'):
            self.assertIn(line, text)

    def test_baseline_has_dockers_own_and_no_new_privileges(self):
        text = self.printed('base', 'cat /proc/self/status', security={'profile': 'baseline'})
        self.assertIn('CapEff:\t00000000a80425fb', text)
        self.assertIn('NoNewPrivs:\t1', text)

    def test_a_fork_bomb_ends_at_its_limit(self):
        script = 'i=0; while [ $i -lt 200 ]; do sleep 3 & i=$((i+1)); done; echo survived'
        self.assertIn("can't fork", self.printed('bomb', script, resources={'pids': 32}, restart='no'))

    def test_memory_has_no_swap_beside_it(self):
        container = self.create_running('hungry', restart='no', resources={'memory': '16m'},
                                        command=['sh', '-c', 'tail /dev/zero'])
        crash = self.client.wait('container_crashed', container_id=container)
        self.assertTrue(crash['oom_killed'], crash)
        self.assertEqual(self.reaches(container, 'error')['reason'], 'OOMKilled')

    def test_the_root_can_be_read_only(self):
        self.assertIn('Read-only', self.printed('ro', 'touch /x; touch /tmp/y && echo fine', read_only=True,
                                                tmpfs='/tmp', restart='no'))


# Name, fields, the field that is named, and the call that the engine refuses for good.
REFUSED = [
    ('command', {'entrypoint': ['/no/such/program']}, 'command', 'start'),
    ('path', {'entrypoint': ['no-such-program']}, 'command', 'start'),
    ('no-program', {'entrypoint': ['/tmp']}, 'command', 'start'),
    ('user', {'user': 'nobody-of-that-name'}, 'user', 'start'),
    ('group', {'user': '0:nobody-of-that-name'}, 'user', 'start'),
    ('ulimit', {'resources': {'ulimits': {'nofile': {'soft': 1 << 30, 'hard': 1 << 30}}}},
     'resources.ulimits', 'start'),
    ('tmpfs', {'tmpfs': ['/x:no-such-option']}, 'tmpfs', 'start'),
    ('cpus', {'resources': {'cpus': 4096}}, 'resources.cpus', 'create'),
    ('logs', {'logging': {'driver': 'no-such-driver'}}, 'logging.driver', 'create'),
    ('log-options', {'logging': {'options': {'no-such': '1'}}}, 'logging.options', 'create'),
    ('working-dir', {'working_dir': '/etc/passwd'}, 'working_dir', 'create'),
]
# What the engine would refuse, and we do before it is asked.
NEVER_ASKED = [
    ({'security': {'cap_add': ['NO_SUCH']}}, 'security.cap_add[0]'),
    ({'security': {'cap_drop': ['NO_SUCH']}}, 'security.cap_drop[0]'),
    ({'resources': {'memory': '5m'}}, 'resources.memory'),
    ({'resources': {'memory_reservation': '5m'}}, 'resources.memory_reservation'),
    ({'hostname': 'h' * 64}, 'hostname'),
    ({'volumes': ['/no/such/folder:/in']}, 'volumes[0].source'),
]
HOT = 2.0    # seconds in which a hot loop would show


class Refusals(FlowTest):
    """What the engine refuses ends in an error that names the field and what it said, and in no hot loop."""

    options = ('--update-monitor', '300ms')

    def declared(self, name, **fields):
        return {'name': name, 'image': 'flow-demo:latest', 'network_mode': 'none', **fields}

    def refused_for(self, error, field, where):
        """It names the field and says what the engine said."""
        self.assertEqual(error['error_type'], 'docker_api_error', error)
        details = error['details']
        self.assertEqual((details.get('field'), details['engine_call']), (field, where), error)
        self.assertIn(error['details']['engine_message'], error['message'])

    def actions(self):
        """(type, container id) of each call that changes something, in order."""
        return self.daemon.sql("select type, container_id from events where kind = 'action' order by seq")

    def stays_quiet(self):
        """Nothing is done, told or planned meanwhile."""
        def seen():
            events = self.daemon.sql('select max(seq) from events')
            return events, self.daemon.log().count(' plan container_id=')
        before = seen()
        time.sleep(HOT)
        self.assertEqual(seen(), before, self.daemon.log()[-2000:])

    def failed(self, container):
        """The one error that its request ended with."""
        of = lambda: [e for e in self.client.of('error') if e['details'].get('container_id') == container]
        errors = eventually(of, 60, 'the error of ' + container)
        self.assertEqual(len(errors), 1, errors)
        return errors[0]

    def test_for_good(self):
        ids, taken = {}, []
        for name, fields, _, _ in REFUSED:
            answer = self.client.call('create_container', self.declared(name, **fields),
                                      desired_state='running')
            ids[name] = answer['container_id']
        for name, _, field, where in REFUSED:
            with self.subTest(refused=name):
                error = self.failed(ids[name])
                calls = ('CreateContainer', 'StartContainer') if where == 'start' else ('CreateContainer',)
                taken += [(call, ids[name]) for call in calls]
                self.refused_for(error, field, where)
                if where == 'create':       # undone: its name is free
                    self.assertEqual(self.daemon.sql("select * from containers where name = '%s'" % name), [])
                    continue
                status = self.reaches(ids[name], 'error')
                self.assertEqual((status['reason'], status['next_retry_at'], status['restart_count']),
                                 ('StartFailed', None, 0))
                self.assertIn(error['details']['engine_message'], status['message'])
        self.stays_quiet()
        self.assertEqual(sorted(self.actions()), sorted(taken))
        self.assertEqual(len(self.client.of('error')), len(REFUSED))
        self.client.done('update_container', container_id='command', entrypoint=['sleep', '1000'])
        self.reaches('command', 'running')

    def test_before_the_engine_is_asked(self):
        for fields, field in NEVER_ASKED:
            error = self.client.refused('create_container', self.declared('web', **fields))
            self.assertEqual(error['error_type'], 'validation_error', error)
            self.assertEqual([f['path'] for f in error['details']['field_errors']], [field])
        self.assertEqual((self.actions(), self.daemon.containers()), ([], []))

    def test_in_an_update(self):
        """The old one runs on; the new one stays declared, which is told, and is tried again with backoff."""
        # An unknown log driver is looked for through 15 s, each time.
        cases = [case for case in REFUSED if case[3] == 'create' and case[0] != 'logs']
        ids = {name: self.create_running(name, command=FOREVER) for name, _, _, _ in cases}
        for name, fields, field, _ in cases:
            with self.subTest(refused=name):
                container = ids[name]
                docker_id = self.docker_id(container)
                answer = self.client.call('update_container', container_id=container, wait=True, **fields)
                error = answer['error']
                self.assertIn(error['details']['engine_message'], error['message'])
                self.assertEqual(error['details'].get('field'), field, error)
                status = self.reaches(container, 'running')
                self.assertEqual((status['docker_id'], status['generation'], status['active_generation']),
                                 (docker_id, 2, 1))
                self.assertNotEqual(status['reason'], '')
                self.assertIn(error['details']['engine_message'], status['message'])
        tries = lambda: sum(1 for row in self.actions() if row[0] in ('CreateContainer', 'UpdateContainer'))
        before = tries()
        time.sleep(HOT)
        # After 1 s, then 2 s, then 4 s.
        self.assertLessEqual(tries() - before, 2 * len(cases))
        self.assertEqual(len(self.client.of('error')), len(cases))
        for container in ids.values():
            told = self.client.of('status_changed', container_id=container, old_state='running')
            self.assertEqual(len(told), 1, told)

    def test_in_an_update_at_its_start(self):
        """The old one comes back, and it is said why: the field and what the engine said."""
        cases = [case for case in REFUSED if case[3] == 'start' and case[0] in ('path', 'user', 'ulimit', 'tmpfs')]
        ids = {name: self.create_running(name, command=FOREVER) for name, _, _, _ in cases}
        before = {name: self.docker_id(container) for name, container in ids.items()}
        for name, fields, field, where in cases:
            with self.subTest(refused=name):
                container = ids[name]
                error = self.client.call('update_container', container_id=container, wait=True, **fields)['error']
                self.refused_for(error, field, where)
                self.assertEqual(error['details']['reason'], 'UpdateFailed', error)
                self.assertIn('rolled back', error['message'])
                status = self.reaches(container, 'running')
                self.assertEqual((status['docker_id'], status['reason']), (before[name], 'UpdateFailed'))
                self.assertEqual((status['generation'], status['active_generation']), (2, 1))
                self.assertIn(error['details']['engine_message'], status['message'])
        eventually(lambda: len(self.daemon.containers()) == len(cases), what='what failed is gone')
        self.stays_quiet()
        self.assertEqual(len(self.client.of('error')), len(cases))
        self.assertEqual(self.client.of('container_crashed'), [])

    def test_a_folder_that_is_gone(self):
        """It may come (a disk that is mounted late): tried again, with backoff."""
        folder = tempfile.mkdtemp(prefix='in', dir='/srv' if os.path.isdir('/srv') else '/tmp')
        container = self.create('web', volumes=[folder + ':/in'], command=FOREVER)
        os.rmdir(folder)
        answer = self.client.call('start_container', container_id=container, wait=True)
        self.assertFalse(answer['ok'], answer)
        self.assertIn('volumes', str(answer['error']['details']))
        self.assertIn(folder, answer['error']['message'])
        self.tried_again(container, 'StartFailed')
        self.assertFalse(os.path.exists(folder))
        os.mkdir(folder)
        self.addCleanup(os.rmdir, folder)
        self.client.done('start_container', container_id=container)

    def test_a_port_that_is_taken(self):
        network = self.daemon.prefix + 'net'
        with socket.socket() as taken:
            taken.bind(('127.0.0.1', 0))
            taken.listen()
            port = taken.getsockname()[1]
            ports = ['127.0.0.1:%d:80' % port]
            answer = self.client.call('create_container', image='flow-demo:latest', name='web', wait=True,
                                      networks=[network], ports=ports, desired_state='running')
            self.refused_for(answer['error'], 'ports', 'start')
            self.assertIn(str(port), answer['error']['details']['engine_message'])
            self.tried_again('web', 'PortConflict')
        self.client.done('start_container', container_id='web')
        self.client.done('delete_container', container_id='web', force=True)
        eventually(lambda: 'Id' not in self.engine.call('GET', '/networks/' + network, ok=(200, 404)),
                   what='no network left')

    def tried_again(self, container, reason):
        status = self.client.status(container)
        self.assertEqual((status['state'], status['reason'], status['restart_count']),
                         ('starting', reason, 0))
        self.assertIsNotNone(status['next_retry_at'])
        self.stays_quiet()


class EnvFile(FlowTest):
    """`env_file` is read when the spec is accepted, and its values are the environment's from then on."""

    def test_it_becomes_the_environment(self):
        path = os.path.join(self.daemon.folder, 'flow.env')
        with open(path, 'w') as f:
            f.write('# secrets\nAPI_TOKEN=s3cret\nexport MODE="two words"\nMINE=file\n')
        container = self.create_running('web', env_file=path, environment={'MINE': 'request'})
        environment = self.engine.inspect(self.docker_id(container))['Config']['Env']
        for line in ('API_TOKEN=s3cret', 'MODE=two words', 'MINE=request'):
            self.assertIn(line, environment)
        first = self.docker_id(container)
        self.assertFalse(self.client.done('update_container', container_id=container, env_file=path,
                                          environment={'MINE': 'request'})['changed'])
        with open(path, 'w') as f:
            f.write('API_TOKEN=an0ther\n')
        self.client.done('update_container', container_id=container, env_file=path)
        self.assertNotEqual(self.docker_id(container), first)
        environment = self.engine.inspect(self.docker_id(container))['Config']['Env']
        self.assertIn('API_TOKEN=an0ther', environment)
        self.assertIn('MODE=two words', environment)
        with open(path, 'w') as f:
            f.write('API_TOKEN an0ther\n')
        error = self.client.refused('update_container', container_id=container, env_file=path)
        self.assertIn('line 1 of', str(error))
        self.assertEqual(self.client.refused('update_container', container_id=container, env_file='/etc/passwd')['error_type'],
                         'forbidden')
        told = self.daemon.log() + json.dumps(self.client.events) + str(self.daemon.sql('select summary, payload from events'))
        for secret in ('s3cret', 'an0ther'):
            self.assertNotIn(secret, told)
