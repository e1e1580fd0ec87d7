"""What nothing declared needs any more: orphans, networks, containers that have not run for long (contract 7)."""
import json
import os
import subprocess
import urllib.parse
import uuid

from flowtest import FlowTest, eventually


class Cleanup(FlowTest):
    options = ('--orphan-grace', '300ms', '--cleanup-interval', '200ms')

    def orphan(self):
        """An engine container with our labels, as a restored older database leaves it."""
        labels = {'flow.manager': self.daemon.instance_id(), 'flow.container-id': uuid.uuid4().hex[:12]}
        made = self.engine.call('POST', '/containers/create?name=%slost' % self.daemon.prefix,
                                {'Image': 'flow-demo:latest', 'Cmd': ['sleep', '1000'], 'Labels': labels,
                                 'HostConfig': {'NetworkMode': 'none'}})['Id']
        self.addCleanup(self.engine.remove, made)
        self.engine.start(made)
        return made

    def cleanups(self):
        return self.client.of('activity_log', activity_type='cleanup')

    def network(self, name):
        filters = urllib.parse.quote(json.dumps({'name': [name]}))
        return [n for n in self.engine.call('GET', '/networks?filters=' + filters) if n['Name'] == name]

    def stray_network(self):
        name = 'ft-stray-' + uuid.uuid4().hex[:6]
        self.engine.call('POST', '/networks/create', {'Name': name, 'Driver': 'bridge', 'CheckDuplicate': True,
                                                      'Labels': {'flow.manager': self.daemon.instance_id()}})
        self.addCleanup(self.engine.call, 'DELETE', '/networks/' + name, ok=(204, 404))
        return name

    def test_an_orphan_goes_after_its_grace_and_it_is_said(self):
        orphan = self.orphan()
        kept = self.create_running('kept')
        eventually(lambda: not self.engine.exists(orphan), what='the orphan gone')
        said = eventually(self.cleanups, what='told')
        self.assertIn('orphan-grace', said[0]['message'])
        self.assertEqual(said[0]['details']['docker_id'], orphan)
        self.assertEqual(self.state(kept), 'running')

    def test_a_network_of_ours_that_nothing_names_goes(self):
        name = self.stray_network()
        eventually(lambda: not self.network(name), what='the network gone')
        self.assertIn(name, eventually(self.cleanups, what='told')[0]['message'])


    def drop(self, *containers):
        """One after the other: an engine 20.10 whose endpoints go at one moment can lock itself up."""
        for container in containers:
            self.client.done('delete_container', container_id=container, force=True)

    def a_pass(self):
        """Of the cleanup loop, from its beginning to its end."""
        for _ in range(2):
            name = self.stray_network()
            eventually(lambda: not self.network(name), what='a pass of the cleanup')

    def test_a_network_that_a_row_names_stays(self):
        ours, theirs = self.daemon.prefix + 'ours', self.daemon.prefix + 'theirs'
        self.engine.call('POST', '/networks/create', {'Name': theirs})
        self.addCleanup(self.engine.call, 'DELETE', '/networks/' + theirs)
        runs = self.create_running('runs', network_mode=None, networks=[ours, theirs])
        never = self.create('never', network_mode=None, networks=[ours])
        try:
            self.drop(runs)
            self.a_pass()
            self.assertTrue(self.network(ours), 'a container that never ran names it')
            self.client.done('start_container', container_id=never)
            self.client.done('stop_container', {'container_id': never, 'timeout': 0})
            self.a_pass()
            self.assertTrue(self.network(ours), 'a container that is stopped names it')
        finally:
            self.drop(never)
        eventually(lambda: not self.network(ours), what='the network gone with the last that named it')
        self.a_pass()
        self.assertTrue(self.network(theirs), 'one that was there is left')


class DryRun(Cleanup):
    options = ('--orphan-grace', '300ms', '--cleanup-interval', '200ms', '--keep-stopped', '300ms', '--cleanup-dry-run')

    def test_an_orphan_goes_after_its_grace_and_it_is_said(self):
        orphan, name = self.orphan(), self.stray_network()
        old = self.create_running('old', command=['true'])
        self.reaches(old, 'completed')
        told = lambda: {c['message'].split(':')[0] for c in self.cleanups()}
        eventually(lambda: len(told()) == 3, what='three things told')
        self.assertTrue(all('would be removed' in message for message in told()), told())
        self.assertTrue(all(c['details']['dry_run'] for c in self.cleanups()))
        self.assertTrue(self.engine.running(orphan) and self.network(name))
        self.assertEqual(self.state(old), 'completed')
        self.assertEqual(len(self.cleanups()), 3, 'each told once')

    test_a_network_of_ours_that_nothing_names_goes = test_a_network_that_a_row_names_stays = None


class KeepStopped(FlowTest):
    options = ('--keep-stopped', '1s', '--cleanup-interval', '200ms')

    def test_what_has_not_run_for_long_goes_with_its_volumes_kept(self):
        volume = 'ft-' + uuid.uuid4().hex[:8]
        self.addCleanup(self.engine.call, 'DELETE', '/volumes/' + volume, ok=(204, 404))
        runs, never = self.create_running('runs'), self.create('never')
        old = self.create_running('old', command=['true'], volumes={volume: '/data'})
        deleted = self.client.wait('container_deleted', container_id=old)
        self.assertEqual(deleted['cleanup']['volumes'], 'kept')
        said = self.client.wait('activity_log', activity_type='cleanup', container_id=old)
        self.assertIn('keep-stopped', said['message'])
        self.assertEqual(self.engine.call('GET', '/volumes/' + volume)['Name'], volume)
        self.assertEqual((self.state(runs), self.state(never)), ('running', 'created'))


class Volumes(FlowTest):
    """Nobody's data is lost to a shared name (contract 7)."""

    def volume(self):
        name = 'ft-' + uuid.uuid4().hex[:8]
        self.addCleanup(self.engine.call, 'DELETE', '/volumes/' + name, ok=(204, 404, 409))
        return name

    def there(self, name):
        return 'Name' in self.engine.call('GET', '/volumes/' + name, ok=(200, 404))

    def delete(self, container, **more):
        self.client.done('delete_container', container_id=container, **more)
        return self.client.wait('container_deleted', container_id=container)['cleanup']['volumes']

    def test_a_shared_one_goes_with_the_last_that_names_it(self):
        name = self.volume()
        one, two = (self.create_running(n, volumes={name: '/data'}) for n in ('one', 'two'))
        self.assertEqual(self.delete(one), 'kept')
        self.assertTrue(self.there(name))
        self.assertEqual(self.delete(two), 'removed')
        self.assertFalse(self.there(name))

    def test_one_that_was_there_before_stays(self):
        name = self.volume()
        self.engine.call('POST', '/volumes/create', {'Name': name})
        self.assertEqual(self.delete(self.create_running('web', volumes={name: '/data'})), 'kept')
        self.assertTrue(self.there(name))

    def test_it_stays_when_that_is_asked_for(self):
        name = self.volume()
        self.assertEqual(self.delete(self.create_running('web', volumes={name: '/data'}), remove_volumes=False), 'kept')
        self.assertTrue(self.there(name))

    def test_one_whose_name_looks_anonymous_is_still_named(self):
        name = uuid.uuid4().hex * 2     # 64 hex characters: as the engine names anonymous ones
        self.addCleanup(self.engine.call, 'DELETE', '/volumes/' + name, ok=(204, 404, 409))
        self.engine.call('POST', '/volumes/create', {'Name': name})
        self.assertEqual(self.delete(self.create_running('web', volumes={name: '/data'})), 'kept')
        self.assertTrue(self.there(name))

    def test_one_that_a_foreign_container_holds_does_not_hold_up_the_delete(self):
        container = self.create_running('web', volumes=['/data'])
        name = self.anonymous(container)['/data']
        other = self.engine.call('POST', '/containers/create', {
            'Image': 'flow-demo:latest', 'HostConfig': {'Binds': [name + ':/held'], 'NetworkMode': 'none'}})['Id']
        self.addCleanup(self.engine.call, 'DELETE', '/volumes/' + name, ok=(204, 404))
        self.addCleanup(self.engine.call, 'DELETE', '/containers/' + other + '?force=1', ok=(204, 404))
        self.assertEqual(self.delete(container), 'kept')
        self.assertTrue(self.there(name))

    def test_one_that_an_update_gives_up_is_not_mounted_any_more(self):
        container = self.create_running('web', volumes=['/kept', '/given-up'])
        before = self.anonymous(container)
        self.client.done('update_container', container_id=container, volumes=['/kept'])
        self.assertEqual(self.anonymous(container), {'/kept': before['/kept']})
        self.assertEqual(self.delete(container), 'removed')
        self.assertFalse(any(self.there(name) for name in before.values()))

    def anonymous(self, container):
        mounts = self.engine.inspect(self.client.status(container)['docker_id'])['Mounts']
        return {m['Destination']: m['Name'] for m in mounts if m['Type'] == 'volume'}

    def lines(self, container, path):
        archive = '/containers/%s/archive?path=%s' % (self.docker_id(container), path)
        return self.engine.call('GET', archive, raw=True).count(b'a line\n')

    def test_anonymous_ones_stay_over_an_update_and_its_way_back(self):
        """The spec's, and the image's own."""
        write = 'echo a line >> /data/f; echo a line >> /image/f; echo ready; trap "exit 0" TERM; sleep 1000 & wait'
        container = self.create_running('web', image=self.image_with('VOLUME /image'), volumes=['/data'],
                                        command=['sh', '-c', write], update={'monitor': '300ms'})
        self.engine.printed(self.docker_id(container), 'ready')
        before, first = self.anonymous(container), self.docker_id(container)
        self.assertEqual(set(before), {'/data', '/image'})
        self.client.done('update_container', container_id=container, environment={'A': '1'})
        second = self.docker_id(container)
        self.assertNotEqual(first, second)
        self.assertEqual(self.anonymous(container), before)
        answer = self.client.call('update_container', container_id=container, wait=True,
                                  command=['sh', '-c', 'echo a line >> /data/f; exit 3'])
        self.assertEqual(answer['error']['details']['reason'], 'UpdateFailed', answer)
        self.assertEqual(self.reaches(container, 'running')['docker_id'], second)
        self.assertEqual(self.anonymous(container), before)
        # Each start has written: two before the update that failed, its own (/data alone), and the way back.
        eventually(lambda: (self.lines(container, '/data/f'), self.lines(container, '/image/f')) == (4, 3),
                   what='the lines of each start')
        eventually(lambda: len(self.daemon.containers()) == 1, what='what failed is gone')
        self.assertTrue(all(self.there(name) for name in before.values()))
        self.assertEqual(self.delete(container, remove_volumes=False), 'removed')
        self.assertEqual([name for name in before.values() if self.there(name)], [])


class FailedCleaning(FlowTest):
    def test_an_error_says_what_was_cleaned_and_what_failed(self):
        container = self.create_running('web')
        folder = os.path.dirname(self.client.status(container)['socket_path'])
        # Not even root can remove what something is mounted on.
        os.mkdir(folder + '/busy')
        subprocess.run(['mount', '-t', 'tmpfs', 'none', folder + '/busy'], check=True)
        self.addCleanup(subprocess.run, ['umount', folder + '/busy'], stderr=subprocess.DEVNULL)
        answer = self.client.call('delete_container', container_id=container, wait=True)
        self.assertFalse(answer['ok'], answer)
        cleanup = answer['error']['details']['cleanup']
        self.assertEqual((cleanup['container'], cleanup['socket']), ('removed', 'failed'))
        subprocess.run(['umount', folder + '/busy'], check=True)
        deleted = self.client.wait('container_deleted', container_id=container)
        self.assertEqual(deleted['cleanup']['socket'], 'removed')
