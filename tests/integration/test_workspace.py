"""workspace (contract 2 and 7): a volume of the engine for the container alone, the same over replaces, gone with it."""
import json
import time
import unittest
import urllib.parse

from flowtest import FlowTest, eventually

FOREVER = ['sh', '-c', 'trap "exit 0" TERM; df -k /workspace | tail -1; cat /workspace/* ; '
                       'echo $HOSTNAME > /workspace/seen || echo full; echo ready; while :; do sleep 0.1; done']


class Workspace(FlowTest):
    def volumes(self):
        found = self.engine.call('GET', '/volumes?filters=' + urllib.parse.quote('{"label": ["flow.manager=%s"]}' %
                                                                                 self.daemon.instance_id()))
        return sorted(v['Name'] for v in found['Volumes'] or [])

    def workspace(self, container):
        return [m for m in self.engine.inspect(self.docker_id(container))['Mounts'] if m['Destination'] == '/workspace']

    def log(self, container):
        path = '/containers/%s/logs?stdout=1' % self.docker_id(container)
        return self.engine.call('GET', path, raw=True).decode(errors='replace')

    def test_it_lasts_over_a_replace_and_goes_with_the_container(self):
        box = self.create_running('scratch', workspace=True, command=FOREVER, hostname='first', update={'monitor': '1s'})
        name = self.daemon.prefix + 'ws-' + box
        self.engine.printed(self.docker_id(box), 'ready')
        self.assertEqual([(m['Type'], m['Name'], m['RW']) for m in self.workspace(box)], [('volume', name, True)])
        self.assertEqual(self.volumes(), [name])
        old = self.docker_id(box)
        self.client.done('update_container', container_id=box, hostname='second')
        self.assertNotEqual(self.docker_id(box), old)
        self.engine.printed(self.docker_id(box), 'first')
        self.assertEqual(self.volumes(), [name])
        self.client.done('delete_container', container_id=box, remove_volumes=False)
        cleanup = self.client.wait('container_deleted', container_id=box)['cleanup']
        self.assertEqual((cleanup['workspace'], cleanup['volumes'], cleanup['code']), ('removed', 'none', 'none'))
        self.assertEqual(self.volumes(), [])

    def test_a_size_is_a_limit(self):
        box = self.create_running('sized', workspace='1m', command=FOREVER)
        self.engine.printed(self.docker_id(box), 'ready')
        line = [l for l in self.log(box).splitlines() if '/workspace' in l][0]
        self.assertIn('tmpfs', line)
        self.assertIn('1024', line.split())

    def test_another_size_is_a_recreate_and_all_go_at_the_end(self):
        box = self.create_running('resized', workspace='1m', command=FOREVER, update={'monitor': '1s'})
        self.client.done('update_container', container_id=box, workspace='2m')
        self.engine.printed(self.docker_id(box), 'ready')
        line = [l for l in self.log(box).splitlines() if '/workspace' in l][0]
        self.assertIn('2048', line.split())
        self.client.done('delete_container', container_id=box)
        self.assertEqual(self.volumes(), [])

    def test_no_drift_is_seen(self):
        box = self.create_running('steady', workspace=True, command=FOREVER)
        old = self.docker_id(box)
        self.again()
        self.reaches(box, 'running')
        self.client.done('restart_container', container_id=box)
        self.assertEqual((self.docker_id(box), self.client.status(box)['reason']), (old, ''))

    def test_a_create_that_is_undone_leaves_no_volume(self):
        """For this refusal the engine has made the volume already, and leaves it to us."""
        began = int(time.time())
        error = self.client.refused('create_container', name='undone', image='flow-demo:latest', workspace='1m',
                                    network_mode='none', working_dir='/etc/passwd', wait=True)
        self.assertEqual(error['details'].get('field'), 'working_dir', error)
        eventually(lambda: self.engine_did(began) == ['create', 'destroy'], what='a volume made, and removed')
        self.assertEqual(self.volumes(), [])

    def engine_did(self, since):
        """To volumes with our prefix, in order."""
        query = {'since': since, 'until': int(time.time()) + 1, 'filters': '{"type": ["volume"]}'}
        text = self.engine.call('GET', '/events?' + urllib.parse.urlencode(query), raw=True)
        events = [json.loads(line) for line in text.splitlines()]
        return [e['Action'] for e in events if e['Actor']['ID'].startswith(self.daemon.prefix)]


if __name__ == '__main__':
    unittest.main()
