"""Random specs of all fields that concern the engine: applied twice nothing is planned, also when our daemon
was killed, the engine was started again, or a daemon with another hash had made the containers (contract 2).

FLOW_SEED and FLOW_SPECS choose other specs; a failure names the seed.
"""
import json
import os
import random
import shlex
import shutil
import sqlite3
import tempfile

from engine_proxy import BehindProxy, EngineProxy
from flowtest import Engine, FlowTest, eventually
from own_engine import OwnEngine
from test_spec_fields import FIELDS, filled

SEED = int(os.environ.get('FLOW_SEED', '5'))
COUNT = int(os.environ.get('FLOW_SPECS', '25'))
# Ends by each signal that a spec may name, so that no engine waits for it on its way down.
SCRIPT = 'trap "exit 0" TERM INT HUP USR1; echo ready; sleep 1000 & wait'
CAPABILITIES = ['CHOWN', 'cap_net_bind_service', 'SETUID', 'setgid', 'CAP_KILL', 'fowner', 'NET_RAW']


def random_spec(rng, number, connected=False):
    """A spec that runs: FOLDER, VOLUME and NETWORK stand for what the test has. `connected`: with ports."""
    spec = {'image': 'flow-demo:latest', **program(rng)}
    parts = {'labels': labels, 'environment': environment, 'volumes': volumes, 'tmpfs': tmpfs,
             'resources': resources, 'security': security, 'healthcheck': healthcheck, 'logging': logging}
    for name, make in parts.items():
        if rng.random() < 0.6:
            spec[name] = make(rng)
    choices = {
        'task_id': ['task-%d' % number, 17], 'runner_id': ['runner'], 'read_only': [True, False],
        'user': ['1000', '1000:1000', 'flow', 0, 'root'],
        'working_dir': ['/tmp', '/', '/srv/made/by/it', '/tmp/'],
        'hostname': ['h%d' % number, 'a.b.c', 'h' * 63], 'init': [True, False],
        'stop_signal': ['SIGTERM', 'int', '15', 'USR1', 1], 'stop_grace_period': ['1s', '2500ms', '1m30s', 3],
        'restart': ['always', 'unless-stopped', 'on-failure', 'on-failure:3'],
        'update': [{'monitor': '1s'}, {'on_failure': 'pause'}, {'monitor': '2s', 'on_failure': 'rollback'}],
        'pull_policy': ['missing', 'never', 'if_not_present']}
    for name, values in choices.items():
        if rng.random() < 0.4:
            spec[name] = rng.choice(values)
    if connected:
        spec['networks'] = rng.sample(['NETWORK-a', 'NETWORK-b'], rng.randint(1, 2))
        long = {'target': 80, 'published': 0, 'protocol': 'tcp', 'host_ip': '127.0.0.1'}
        spec['ports'] = rng.choice([{'80': 0, '81/udp': 0}, ['127.0.0.1::80', '90-92'], [8080, '53/udp'],
                                    [long]])
    else:
        spec['network_mode'] = 'none'
    spec['desired_state'] = rng.choice(['created', 'running', 'running', 'running'])
    return spec


def program(rng):
    return rng.choice([
        {'command': ['sh', '-c', SCRIPT]},
        {'command': ['sh', '-c', SCRIPT, 'a b', '$HOME', '', 'ü"\'\\']},
        {'command': 'sh -c ' + shlex.quote(SCRIPT)},
        {'entrypoint': ['sh', '-c'], 'command': [SCRIPT]},
        {'entrypoint': 'sh -c', 'command': [SCRIPT]},
        {'entrypoint': ['sh', '-c', SCRIPT]},
        {'entrypoint': [], 'command': ['sh', '-c', SCRIPT]}])


def some(rng, values, least=1):
    return rng.sample(values, rng.randint(least, len(values)))


def labels(rng):
    pairs = some(rng, [('app', 'x'), ('empty', ''), ('a.b/c', '1 2'), ('snow', '☃ ü'), ('eq', 'a=b')])
    return dict(pairs) if rng.random() < 0.5 else ['='.join(pair) for pair in pairs]


def environment(rng):
    pairs = some(rng, [('A', '1'), ('EMPTY', ''), ('EQ', 'a=b c'), ('SNOW', '☃'), ('DB_PASSWORD', 'geheim'),
                       ('PATH', '/bin:/usr/bin'), ('LINES', 'a\nb')])
    return dict(pairs) if rng.random() < 0.5 else ['='.join(pair) for pair in pairs]


def volumes(rng):
    if rng.random() < 0.3:
        return dict(some(rng, [('VOLUME', '/data'), ('FOLDER', '/in:ro'), ('VOLUME-2', '/two')]))
    return some(rng, ['/anonymous', '/scratch', 'VOLUME:/data', 'FOLDER:/in:ro', 'FOLDER:/out',
                      'VOLUME-2:/two/:ro',
                      {'type': 'volume', 'source': 'VOLUME-3', 'target': '/long', 'read_only': True},
                      {'type': 'volume', 'target': '/long-anonymous'},
                      {'type': 'bind', 'source': 'FOLDER', 'target': '/bound'}])


def tmpfs(rng):
    return rng.choice(['/x', ['/x:size=1m', '/y'], ['/z:rw,noexec,size=64k,mode=1777'],
                       ['/run:size=100k', '/x/y']])


def resources(rng):
    ulimits = {'nofile': rng.choice([256, {'soft': 64, 'hard': 128}]), 'core': 0,
               'memlock': {'soft': 65536, 'hard': 65536}, 'fsize': {'soft': 1 << 20, 'hard': 1 << 20}}
    limits = {'cpus': rng.choice([0.1, 0.25, 0.5, 1, 1.5]), 'cpu_shares': rng.choice([2, 300, 1024]),
              'memory': rng.choice(['32m', 48 << 20, '0.5g']),
              'memory_reservation': rng.choice(['16m', '20mb']), 'pids': rng.choice([50, 512, -1]),
              'shm_size': rng.choice(['1m', '64m', 8 << 20]),
              'ulimits': dict(some(rng, list(ulimits.items())))}
    return dict(some(rng, list(limits.items())))


def security(rng):
    return {'no_new_privileges': rng.choice([True, False]), **rng.choice([
        {'profile': 'restricted'}, {'profile': 'restricted', 'cap_add': some(rng, CAPABILITIES)},
        {'profile': 'baseline'}, {'profile': 'baseline', 'cap_drop': some(rng, CAPABILITIES)},
        {'cap_drop': ['ALL'], 'cap_add': ['chown']}, {'cap_add': ['chown', 'CAP_MKNOD']},
        {'seccomp': 'default'}])}


def healthcheck(rng):
    if rng.random() < 0.2:
        return {'disable': True}
    more = {'interval': rng.choice(['30s', '1m30s']), 'timeout': '5s', 'retries': rng.randint(1, 5),
            'start_period': '10s', 'on_unhealthy': rng.choice(['warn', 'restart'])}
    tests = [['CMD', 'true'], 'exit 0', ['CMD-SHELL', 'true || "x y"']]
    return {**rng.choice([{'test': test} for test in tests] + [{}]), **dict(some(rng, list(more.items())))}


def logging(rng):
    return rng.choice([{'driver': 'none'}, {'driver': 'json-file'},
                       {'options': {'max-size': '1m', 'max-file': 2}},
                       {'driver': 'local', 'options': {'max-size': '2m', 'compress': 'false'}},
                       {'driver': 'json-file', 'options': {'labels': 'app', 'max-file': '1'}}])


def document(name, spec):
    kind = spec.get('kind', 'container').capitalize()
    rest = {k: v for k, v in spec.items() if k != 'kind'}
    return 'apiVersion: flow/v1\nkind: %s\nmetadata: {name: %s}\nspec: %s\n' % (kind, name, json.dumps(rest))


class SpecTest(FlowTest):
    """Declares many specs at once and knows whether anything was done to them since."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='in', dir='/srv' if os.path.isdir('/srv') else '/tmp')
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.specs, self.ids, self.before = {}, {}, {}
        super().setUp()

    def add_random(self, count, connected=0):
        rng = random.Random(SEED)
        for number in range(count):
            self.specs['r%d' % number] = filled(self, random_spec(rng, number, number < connected))

    def add_table(self):
        """Each field of the table by itself, and the networks that no field names."""
        default = ('flow-net', {'network_mode': None, 'ports': ['80']}, None, None)
        bridge = ('bridge', {'network_mode': 'bridge', 'ports': ['127.0.0.1::80', '53/udp']}, None, None)
        for name, fields, _, _ in FIELDS + [default, bridge]:
            spec = {'image': 'flow-demo:latest', 'network_mode': 'none', 'command': ['sh', '-c', SCRIPT],
                    'stop_grace_period': '1s', 'desired_state': 'running', **filled(self, fields)}
            self.specs[name] = {k: v for k, v in spec.items() if v is not None}

    def declare(self):
        self.addCleanup(self.remove_volumes)
        for name, spec in self.specs.items():
            answer = self.client.call('create_container', name=name, **spec)
            self.assertTrue(answer['ok'], self.about(name, answer))
            self.ids[name] = answer['container_id']
        self.settle()
        self.remember()

    def about(self, name, what):
        return 'FLOW_SEED=%d FLOW_SPECS=%d, %s %s: %s' % (SEED, COUNT, name, self.specs[name], what)

    def settle(self):
        """All as declared, and nothing is planned for any of them."""
        for name, container in self.ids.items():
            try:
                self.reaches(container, self.specs[name]['desired_state'], timeout=90)
            except AssertionError as error:
                raise AssertionError(self.about(name, error)) from None
        for name, result in self.apply(dry_run=True).items():
            self.assertEqual((result['action'], result['plan']), ('unchanged', []), self.about(name, result))

    def apply(self, **more):
        text = '---\n'.join(document(name, spec) for name, spec in self.specs.items())
        answer = self.client.call('apply', manifests=text, **more)
        self.assertTrue(answer['ok'], 'FLOW_SEED=%d: %s' % (SEED, answer))
        return {result['name']: result for result in answer['results']}

    def looks(self, docker_id, start=True):
        """All that the engine says of it and that only a call that changes something would alter."""
        i = self.engine.inspect(docker_id)
        state = {k: i['State'][k] for k in ('Status', 'StartedAt', 'Pid')} if start else {}
        mounts = sorted((m['Destination'], m['Type'], m['Source'], m['RW']) for m in i['Mounts'])
        return {'Id': i['Id'], 'Name': i['Name'], 'Created': i['Created'], 'State': state,
                'Config': i['Config'], 'Mounts': mounts,
                'HostConfig': {k: v or None for k, v in i['HostConfig'].items()},
                'Networks': sorted(i['NetworkSettings']['Networks'])}

    def remember(self, start=True):
        self.start = start
        self.before = {name: self.looks(self.docker_id(container), start)
                       for name, container in self.ids.items()}
        self.assertEqual(len(self.daemon.containers()), len(self.ids))
        self.seq = self.daemon.sql('select max(seq) from events')[0][0]

    def actions(self):
        """Engine calls that change something, and repairs, since `remember`."""
        return self.daemon.sql("select type, summary from events where seq > %d and (kind = 'action' or "
                               "summary like '%%DriftRepaired%%' or summary like '%%put back%%')" % self.seq)

    def untouched(self):
        for name, before in self.before.items():
            self.assertEqual(self.looks(before['Id'], self.start), before, self.about(name, 'changed'))
        self.assertEqual(len(self.daemon.containers()), len(self.ids))
        self.assertEqual(self.client.of('status_changed', reason='DriftRepaired'), [])

    def apply_again(self):
        """As manifests and as updates: nothing is new, and nothing is done."""
        for name, result in self.apply(wait=True).items():
            self.assertEqual((result['action'], result['generation'], result['diff'], result['outcome']),
                             ('unchanged', 1, [], 'done'), self.about(name, result))
        for name, spec in self.specs.items():
            fields = {k: v for k, v in spec.items() if k != 'desired_state'}
            answer = self.client.done('update_container', container_id=self.ids[name], **fields)
            self.assertEqual((answer['changed'], answer['generation']), (False, 1), self.about(name, answer))
        self.settle()

    def remove_volumes(self):
        for volume in self.engine.call('GET', '/volumes')['Volumes'] or []:
            if volume['Name'].startswith(self.daemon.prefix):
                self.engine.call('DELETE', '/volumes/' + volume['Name'], ok=(204, 404, 409))

    def delete_connected(self):
        """One after the other: an engine 20.10 whose endpoints go at one moment can lock itself up."""
        for name in [name for name in self.ids if self.specs[name].get('networks')]:
            self.client.done('delete_container', container_id=self.ids.pop(name), force=True)
        names = lambda: [network['Name'] for network in self.engine.call('GET', '/networks')]
        eventually(lambda: not any(name.startswith(self.daemon.prefix) for name in names()),
                   what='no network left')


class Random(SpecTest):
    def test_applied_twice_and_after_a_kill(self):
        self.add_random(COUNT, connected=3)
        try:
            self.declare()
            for _ in range(2):
                self.apply_again()
                self.assertEqual(self.actions(), [], 'FLOW_SEED=%d' % SEED)
                self.untouched()
                self.again()
                self.settle()
            self.assertEqual(self.actions(), [], 'FLOW_SEED=%d' % SEED)
            self.untouched()
        finally:
            self.delete_connected()


class EngineRestarted(SpecTest):
    """A dockerd of the test's own: what it tells after its start differs in places."""

    def setUp(self):
        if os.geteuid() != 0 or not shutil.which('dockerd'):
            self.skipTest('an engine of its own needs root and dockerd')
        self.own = OwnEngine(bridge=True)
        self.addCleanup(self.own.remove_all)
        self.own.up()
        self.own.take_image(Engine())
        super().setUp()
        self.engine = self.own

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=self.own, **more)

    def test_nothing_is_recreated_or_repaired(self):
        self.add_table()
        self.add_random(min(COUNT, 15), connected=2)
        self.declare()
        self.check_networks()
        self.remember(start=False)
        self.own.end()
        states = lambda: {c['status'] for c in self.client.call('list_containers')['containers']}
        eventually(lambda: states() == {'unknown'}, what='unknown while it is away')
        self.own.up()
        self.check_started(1)
        self.apply_again()
        # Nor when nobody of ours was there to see it.
        self.again(self.restart_engine)
        self.check_started(2)
        self.apply_again()

    def restart_engine(self):
        self.own.end()
        self.own.up()

    def check_started(self, times):
        """Those that should run were started, and that was all."""
        self.settle()
        runs = [self.ids[name] for name, spec in self.specs.items() if spec['desired_state'] == 'running']
        rows = self.daemon.sql("select type, container_id from events where seq > %d and kind = 'action'"
                               % self.seq)
        self.assertEqual(sorted(rows), sorted(('StartContainer', container) for container in runs * times))
        self.assertEqual([row for row in self.actions() if row[0] != 'StartContainer'], [])
        self.untouched()
        self.check_networks()
        self.assertEqual(self.daemon.sql("select * from events where type = 'container_crashed'"), [])

    def check_networks(self):
        """Each is in its networks, and the ports that are told are those of this start."""
        for name in [name for name, spec in self.specs.items() if spec.get('ports')]:
            status = self.client.status(self.ids[name])
            network = self.engine.inspect(status['docker_id'])['NetworkSettings']
            ports = {port: [(b['HostIp'], int(b['HostPort'])) for b in bound]
                     for port, bound in network['Ports'].items()}
            told = {port: [(b['host_ip'], b['host_port']) for b in bound] for port, bound in status['ports'].items()}
            self.assertEqual(told, ports, self.about(name, 'its ports'))
            if status['state'] == 'running':
                self.assertTrue(ports, self.about(name, 'no ports'))
                self.assertTrue(all(n['IPAddress'] for n in network['Networks'].values()), self.about(name, network))


class OtherHash(SpecTest):
    """Made by a daemon with another hash function: label and rows say what this one would never say."""

    options = ('--update-monitor', '300ms')

    def setUp(self):
        ours, older = b'"flow.spec-hash":"v1:', b'"flow.spec-hash":"v0:'
        self.proxy = EngineProxy(rewrite=lambda request: request.replace(ours, older))
        self.addCleanup(self.proxy.close)
        self.proxy.up()
        super().setUp()

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=BehindProxy(self.proxy), **more)

    def hashes(self):
        labels = [container['Labels'] for container in self.daemon.containers()]
        return {one['flow.container-id']: one['flow.spec-hash'][:3] for one in labels}

    def upgraded(self):
        """The older one's database, too; and from now on the engine is reached directly."""
        database = sqlite3.connect(os.path.join(self.daemon.data, 'flow.db'))
        with database:
            rows = database.execute("update spec_revisions set spec_hash = replace(spec_hash, 'v1:', 'v0:')")
            changed = rows.rowcount
        database.close()
        self.assertGreaterEqual(changed, len(self.ids))
        self.daemon.engine = Engine()

    def test_nothing_is_recreated_by_an_upgrade(self):
        self.add_random(10)
        for name, desired in (('web', 'running'), ('made', 'created')):
            self.specs[name] = {'image': 'flow-demo:latest', 'network_mode': 'none',
                                'command': ['sh', '-c', SCRIPT], 'resources': {'memory': '64m'},
                                'desired_state': desired}
        self.declare()
        self.assertEqual(set(self.hashes().values()), {'v0:'})
        self.again(self.upgraded)
        self.settle()
        self.apply_again()
        self.assertEqual(self.actions(), [], 'FLOW_SEED=%d' % SEED)
        self.untouched()
        for name in ('web', 'made'):
            self.check_real_changes(name)

    def check_real_changes(self, name):
        container, old = self.ids[name], self.before[name]['Id']
        self.client.done('update_container', container_id=container, resources={'memory': '96m'})
        memory = self.engine.inspect(old)['HostConfig']['Memory']
        self.assertEqual((self.docker_id(container), memory), (old, 96 << 20))
        self.assertEqual(self.hashes()[container], 'v0:')
        self.client.done('update_container', container_id=container, environment={'NEW': '1'})
        new = self.docker_id(container)
        self.assertNotEqual(new, old)
        self.assertIn('NEW=1', self.engine.inspect(new)['Config']['Env'])
        eventually(lambda: not self.engine.exists(old), what='the old one is gone')
        self.assertEqual(self.hashes()[container], 'v1:')
        self.assertEqual(self.state(container), self.specs[name]['desired_state'])
