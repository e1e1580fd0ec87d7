"""What others do with `docker` to a container of ours: named, put back and recorded (model 11), on the real engine."""
import unittest
import urllib.parse

from flowtest import FlowTest, eventually

MIB = 1 << 20
STAYS = ['sleep', '1000']


class Drift(FlowTest):
    """Each command in each of the three columns: should run; created or stopped; completed or in error."""

    def columns(self, **spec):
        """Containers of all five kinds, each as it shall be: (id, docker id, state)."""
        ended = {'restart': 'no', **spec}
        made = [(self.create_running('runs', command=STAYS, **spec), 'running'),
                (self.create('made', command=STAYS, **spec), 'created'),
                (self.create_running('halted', command=STAYS, **spec), 'stopped'),
                (self.create('finished', command=['true'], **ended), 'completed'),
                (self.create('failed', command=['sh', '-c', 'exit 3'], **ended), 'error')]
        self.client.done('stop_container', {'container_id': made[2][0], 'timeout': 0})
        for container, state in made[3:]:
            self.client.call('start_container', container_id=container)
        for container, state in made:
            self.reaches(container, state)
        return [(container, self.docker_id(container), state) for container, state in made]

    def update(self, docker_id, **limits):
        self.engine.call('POST', '/containers/%s/update' % docker_id, limits)

    def host(self, docker_id, *fields):
        config = self.engine.inspect(docker_id)['HostConfig']
        return tuple(config[field] for field in fields)

    def networks(self, docker_id):
        return sorted(self.engine.inspect(docker_id)['NetworkSettings']['Networks'])

    def repaired(self, container, field, is_, should, count=1):
        """It was told to clients and is in the log, with the field and both values."""
        text = '%s is %s, should be %s' % (field, is_, should)

        def told():
            return [e for e in self.client.of('status_changed', container_id=container)
                    if text in e['cause'] and e['reason'] == 'DriftRepaired']
        self.assertEqual(len(eventually(lambda: len(told()) >= count and told(), what=text)), count)
        entries = [e for e in self.client.of('activity_log', activity_type='drift_repaired')
                   if e['details']['container_id'] == container and text in e['message']]
        self.assertEqual(len(entries), count)
        self.assertIn({'field': field, 'is': str(is_), 'should': str(should)}, entries[0]['details']['differences'])
        self.assertTrue(self.audit(container, text))

    def audit(self, container, text):
        return self.daemon.sql("select 1 from events where container_id = '%s' and summary like '%%%s%%'"
                               % (container, text.replace("'", "''")))

    def unharmed(self, container, state):
        """As before, and nobody was told of a crash."""
        eventually(lambda: self.state(container) == state, what=state)
        self.assertEqual([c for c in self.client.of('container_crashed', container_id=container)
                          if c['exit_code'] != 3], [])

    # -- docker update ------------------------------------------------------------------------------------

    def test_limits_are_put_back_in_place(self):
        wanted = {'cpus': 0.5, 'cpu_shares': 512, 'memory': '64m', 'pids': 64}
        for container, docker_id, state in self.columns(resources=wanted):
            self.update(docker_id, Memory=128 * MIB, MemorySwap=256 * MIB, NanoCpus=700000000, CpuShares=700,
                        PidsLimit=77, RestartPolicy={'Name': 'always'})
            self.repaired(container, 'HostConfig.Memory', 128 * MIB, 64 * MIB)
            for field, is_, should in (('NanoCpus', 700000000, 500000000), ('CpuShares', 700, 512),
                                       ('PidsLimit', 77, 64), ('MemorySwap', 256 * MIB, 64 * MIB),
                                       ('RestartPolicy', 'always', 'no')):
                self.repaired(container, 'HostConfig.' + field, is_, should)
            fields = ('Memory', 'MemorySwap', 'NanoCpus', 'CpuShares', 'PidsLimit')
            self.assertEqual(self.host(docker_id, *fields), (64 * MIB, 64 * MIB, 500000000, 512, 64))
            self.assertEqual(self.host(docker_id, 'RestartPolicy')[0]['Name'], 'no')
            self.assertEqual(self.docker_id(container), docker_id)
            self.unharmed(container, state)

    def test_a_limit_that_has_to_go_is_a_recreate(self):
        for container, docker_id, state in self.columns():
            started = len(self.client.of('container_started', container_id=container))
            self.update(docker_id, NanoCpus=500000000)
            self.repaired(container, 'HostConfig.NanoCpus', 500000000, 'none')
            eventually(lambda: self.docker_id(container) not in (None, docker_id), what='a new container')
            self.unharmed(container, state)
            self.assertEqual(self.host(self.docker_id(container), 'NanoCpus'), (0,))
            self.assertFalse(self.engine.exists(docker_id))
            runs = 1 if state == 'running' else 0
            self.assertEqual(len(self.client.of('container_started', container_id=container)), started + runs)
            self.assertEqual(len(self.client.of('container_created', container_id=container)), 1)

    def test_a_recreate_carries_anonymous_volumes(self):
        container = self.create_running('web', command=['sh', '-c', 'echo x >> /data/f; exec sleep 1000'],
                                        volumes=['/data'])
        docker_id = self.docker_id(container)
        volume = self.engine.inspect(docker_id)['Mounts']
        self.update(docker_id, CpuShares=300)
        eventually(lambda: self.docker_id(container) not in (None, docker_id), what='a new container')
        self.reaches(container, 'running')
        names = [m['Name'] for m in volume if m['Type'] == 'volume']
        again = [m['Name'] for m in self.engine.inspect(self.docker_id(container))['Mounts'] if m['Type'] == 'volume']
        self.assertEqual(names, again)
        archive = '/containers/%s/archive?path=/data/f' % self.docker_id(container)
        eventually(lambda: b'x\nx\n' in self.engine.call('GET', archive, raw=True), what='the data of both')
        self.client.done('delete_container', container_id=container)
        self.assertEqual(self.engine.call('GET', '/volumes/' + names[0], ok=(404,)).get('Id'), None)

    def test_what_comes_again_is_left_in_the_end(self):
        container = self.create_running('web', command=STAYS)
        docker_id = self.docker_id(container)
        for count in (1, 2):
            self.update(docker_id, PidsLimit=77)
            self.repaired(container, 'HostConfig.PidsLimit', 77, 512, count)
        self.update(docker_id, PidsLimit=77)
        told = self.client.wait('status_changed', container_id=container, reason='DriftUnresolvable')
        self.assertIn('HostConfig.PidsLimit is 77, should be 512', told['cause'])
        status = self.client.status(container)
        self.assertEqual((status['state'], status['reason']), ('running', 'DriftUnresolvable'))
        self.assertIn('HostConfig.PidsLimit', status['message'])
        self.assertEqual(self.host(docker_id, 'PidsLimit'), (77,))
        self.client.done('restart_container', {'container_id': container, 'timeout': 0})
        eventually(lambda: self.host(docker_id, 'PidsLimit') == (512,), what='put back')
        self.assertEqual(self.client.status(container)['state'], 'running')

    def test_our_own_change_in_place_is_no_drift(self):
        container = self.create_running('web', command=STAYS, resources={'memory': '64m'})
        docker_id = self.docker_id(container)
        self.client.done('update_container', container_id=container, resources={'memory': '96m', 'pids': 33})
        self.assertEqual(self.host(docker_id, 'Memory', 'PidsLimit'), (96 * MIB, 33))
        self.update(docker_id, PidsLimit=44)
        self.repaired(container, 'HostConfig.PidsLimit', 44, 33)
        self.assertEqual(self.client.of('activity_log', activity_type='drift_repaired')[0]['message'],
                         'web: HostConfig.PidsLimit is 44, should be 33: put back')

    def test_it_is_noticed_after_a_kill_of_the_daemon(self):
        made = self.columns(resources={'memory': '64m'})

        def meanwhile():
            for container, docker_id, state in made:
                self.update(docker_id, Memory=128 * MIB, MemorySwap=128 * MIB)
        self.again(between=meanwhile)
        for container, docker_id, state in made:
            eventually(lambda: self.host(docker_id, 'Memory') == (64 * MIB,), what='put back')
            self.assertTrue(eventually(lambda: self.audit(container, 'HostConfig.Memory is'), what='audit'))
            self.unharmed(container, state)

    # -- docker network -----------------------------------------------------------------------------------

    def test_networks_are_joined_and_left_again(self):
        network = self.daemon.prefix + 'net'
        try:
            made = self.columns(network_mode=None, networks=[network])
            for container, docker_id, state in made:
                self.engine.call('POST', '/networks/%s/disconnect' % network, {'Container': docker_id})
                self.repaired(container, 'Networks.' + network, 'not connected', 'connected')
                self.assertEqual(self.networks(docker_id), [network])
                self.unharmed(container, state)
            container, docker_id, state = made[0]
            aliases = self.engine.inspect(docker_id)['NetworkSettings']['Networks'][network]['Aliases']
            self.assertIn('runs', aliases)
            other = network + '-other'
            self.engine.call('POST', '/networks/create', {'Name': other})
            self.engine.call('POST', '/networks/%s/connect' % other, {'Container': docker_id})
            self.repaired(container, 'Networks.' + other, 'connected', 'not connected')
            self.assertEqual(self.networks(docker_id), [network])
        finally:
            self.drop_network(network)
            self.drop_network(network + '-other')

    def test_a_network_that_is_gone_is_made_again(self):
        network = self.daemon.prefix + 'net'
        try:
            container = self.create_running('web', command=STAYS, network_mode=None, networks=[network])
            docker_id = self.docker_id(container)

            def meanwhile():
                self.engine.call('POST', '/networks/%s/disconnect' % network, {'Container': docker_id})
                self.engine.call('DELETE', '/networks/' + network)
            self.again(between=meanwhile)
            eventually(lambda: self.networks(docker_id) == [network], what='joined again')
            self.unharmed(container, 'running')
            self.assertEqual(self.docker_id(container), docker_id)
        finally:
            self.drop_network(network)

    def test_a_network_that_went_while_it_was_stopped(self):
        """The engine container remembers the network by an id that is gone: at its start it is made anew."""
        network = self.daemon.prefix + 'net'
        try:
            container = self.create_running('web', command=STAYS, network_mode=None, networks=[network],
                                            volumes=['/data'])
            docker_id = self.docker_id(container)
            volumes = [m['Name'] for m in self.engine.inspect(docker_id)['Mounts'] if m['Destination'] == '/data']
            self.client.done('stop_container', {'container_id': container, 'timeout': 0})
            eventually(lambda: self.engine.call('DELETE', '/networks/' + network, ok=None) == 204,
                       what='the network gone, when the engine has let the endpoint go')
            self.assertTrue(self.client.call('start_container', container_id=container)['ok'])
            self.reaches(container, 'running')
            after = self.engine.inspect(self.docker_id(container))
            self.assertTrue(after['NetworkSettings']['Networks'][network]['IPAddress'])
            self.assertEqual([m['Name'] for m in after['Mounts'] if m['Destination'] == '/data'], volumes)
            self.assertEqual(self.client.status(container)['reason'], '')
            self.assertEqual(self.client.of('container_crashed'), [])
            eventually(lambda: len(self.daemon.containers()) == 1, what='one engine container')
        finally:
            self.drop_network(network)

    def drop_network(self, network):
        for container in self.daemon.containers():
            self.client.done('delete_container', container_id=container['Labels']['flow.container-id'])
        self.engine.call('DELETE', '/networks/' + network, ok=(204, 403, 404))

    def test_ports_are_told_anew(self):
        network = self.daemon.prefix + 'net'
        try:
            container = self.create_running('web', command=STAYS, network_mode=None, networks=[network],
                                            ports={'80': 0})
            docker_id = self.docker_id(container)
            self.engine.call('POST', '/networks/%s/disconnect' % network, {'Container': docker_id})
            self.repaired(container, 'Networks.' + network, 'not connected', 'connected')
            real = self.engine.inspect(docker_id)['NetworkSettings']['Ports']['80/tcp'][0]['HostPort']
            told = self.client.status(container)['ports']['80/tcp'][0]['host_port']
            self.assertEqual(str(told), real)
        finally:
            self.drop_network(network)

    # -- docker rename, stop, start, pause, rm ------------------------------------------------------------

    def test_rename(self):
        for container, docker_id, state in self.columns():
            name = self.engine.inspect(docker_id)['Name'].lstrip('/')
            other = self.daemon.prefix + 'other'
            self.engine.call('POST', '/containers/%s/rename?name=%s' % (docker_id, other))
            self.repaired(container, 'Name', other, name)
            self.assertEqual(self.engine.inspect(docker_id)['Name'], '/' + name)
            self.unharmed(container, state)

    def test_start_of_what_shall_not_run(self):
        for container, docker_id, state in self.columns()[1:]:
            self.engine.start(docker_id)
            told = eventually(lambda: self.client.of('status_changed', container_id=container,
                                                     reason='StartedOutside'), what='StartedOutside')
            self.assertEqual(told[0]['new_state'], 'stopping')
            eventually(lambda: not self.engine.running(docker_id), what='stopped again')
            eventually(lambda: self.state(container) in (state, 'stopped'), what=state)
            self.assertEqual(self.docker_id(container), docker_id)

    def test_stop_and_pause(self):
        for container, docker_id, state in self.columns():
            self.engine.stop(docker_id, grace=0)
            if state == 'running':
                self.client.wait('status_changed', container_id=container, reason='StoppedOutside')
                eventually(lambda: len(self.client.of('container_started', container_id=container)) == 2,
                           what='running again')
                self.engine.call('POST', '/containers/%s/pause' % docker_id)
                self.client.wait('status_changed', container_id=container, reason='PausedOutside')
                eventually(lambda: not self.engine.inspect(docker_id)['State']['Paused'], what='unpaused')
            self.unharmed(container, state)
            self.assertEqual(self.docker_id(container), docker_id)

    def test_rm(self):
        for container, docker_id, state in self.columns():
            self.engine.remove(docker_id)
            if state == 'running':
                self.client.wait('status_changed', container_id=container, reason='RemovedOutside')
            if state in ('completed', 'error'):
                eventually(lambda: self.docker_id(container) is None, what='left alone')
                self.unharmed(container, state)
                self.assertEqual(self.mine(container), [])
                self.client.done('start_container', container_id=container)
                continue
            eventually(lambda: self.docker_id(container) not in (None, docker_id), what='a new one')
            self.unharmed(container, state)
            self.assertEqual(len(self.client.of('container_created', container_id=container)), 1)

    def mine(self, container):
        return [c for c in self.daemon.containers() if c['Labels']['flow.container-id'] == container]

    def test_the_log_names_them(self):
        container = self.create_running('web', command=STAYS)
        docker_id = self.docker_id(container)
        self.update(docker_id, PidsLimit=77)
        self.repaired(container, 'HostConfig.PidsLimit', 77, 512)
        self.engine.stop(docker_id, grace=0)
        self.client.wait('status_changed', container_id=container, reason='StoppedOutside')
        eventually(lambda: self.state(container) == 'running', what='running again')
        log = self.daemon.sql("select kind, type, summary from events where container_id = '%s'" % container)
        cause = 'HostConfig.PidsLimit is 77, should be 512'
        self.assertIn(('action', 'RepairContainer', 'RepairContainer web: ' + cause), log)
        self.assertIn(('event', 'activity_log', 'web: ' + cause + ': put back'), log)
        self.assertIn(('event', 'status_changed', 'web: running -> running (DriftRepaired)'), log)
        self.assertTrue([row for row in log if row[1] == 'status_changed' and row[2].endswith('(StoppedOutside)')])

    # -- nothing is drift that nobody did -----------------------------------------------------------------

    def test_applying_twice_changes_nothing(self):
        network = self.daemon.prefix + 'net'
        spec = {'command': STAYS, 'environment': {'A': '1', 'TOKEN': 'x'}, 'user': '0', 'working_dir': '/tmp',
                'hostname': 'other', 'init': True, 'stop_signal': 'SIGINT', 'read_only': True, 'tmpfs': ['/t:size=1m'],
                'volumes': ['/anon', {'type': 'volume', 'source': self.daemon.prefix + 'v', 'target': '/named'}],
                'ports': ['127.0.0.1::80', '53/udp'], 'labels': {'z': '1', 'a': '2'},
                'resources': {'cpus': 0.25, 'cpu_shares': 200, 'memory': '64m', 'memory_reservation': '32m', 'pids': -1,
                              'ulimits': {'nofile': {'soft': 64, 'hard': 64}}, 'shm_size': '8m'},
                'security': {'cap_drop': ['ALL'], 'cap_add': ['CHOWN', 'NET_BIND_SERVICE']},
                'network_mode': None, 'networks': [network, network + '2']}
        try:
            container = self.create_running('web', **spec)
            docker_id = self.docker_id(container)
            for step in (lambda: self.again(), lambda: self.client.done('restart_container', container_id=container),
                         lambda: self.client.done('stop_container', {'container_id': container, 'timeout': 0}),
                         lambda: self.again(), lambda: self.client.done('start_container', container_id=container)):
                step()
                eventually(lambda: self.client.status(container)['state'] in ('running', 'stopped'), what='rest')
            self.assertEqual(self.docker_id(container), docker_id)
            self.assertEqual(self.audit(container, 'should be'), [])
            self.assertEqual(self.client.of('status_changed', reason='DriftRepaired'), [])
        finally:
            self.drop_network(network)
            self.drop_network(network + '2')
            self.engine.call('DELETE', '/volumes/' + urllib.parse.quote(self.daemon.prefix + 'v'), ok=(204, 404))


if __name__ == '__main__':
    unittest.main()
