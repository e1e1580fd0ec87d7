"""Renames on the real engine: a changed name is a recreate, two that swap names both end right, and none of
ours is lost, also when the daemon is killed in the middle (contract 1, model 5, walks 8 and 9)."""
import json
import os
import uuid

import socketio
import test_recovery
from engine_proxy import BehindProxy, EngineProxy
from flowtest import Client, FlowTest, eventually

ENDS_ON_TERM = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']


class NamesTest(FlowTest):
    options = ('--update-monitor', '300ms')

    def named(self, label='flow.container-id'):
        """What the engine has of ours: name without the prefix, and that label."""
        return {c['Names'][0][1 + len(self.daemon.prefix):]: c['Labels'][label]
                for c in self.daemon.containers()}

    def at_rest(self):
        return not [doc for doc, in self.daemon.sql('select doc from status')
                    if {'intention', 'prev_id', 'next_id'} & set(json.loads(doc))]

    def ends_as(self, expected, made_anew=True):
        """The engine's names, no helper beside them, and the rows say the same. `made_anew`: recreated."""
        def right():
            labels = not made_anew or all(name == label for name, label in self.named('flow.name').items())
            return labels and self.named() == expected and self.at_rest()
        eventually(right, what='the names %s' % expected)
        for name, container in expected.items():
            status = self.client.status(container)
            self.assertEqual(status['name'], name)
            inspected = self.engine.inspect(status['docker_id'])
            self.assertEqual(inspected['Name'], '/' + self.daemon.prefix + name)
            self.assertEqual(len(self.client.of('container_created', container_id=container)), 1)
        self.assertEqual(self.client.of('container_crashed'), [])

    def no_network_left(self):
        """Before the daemon ends: it is the daemon that removes them."""
        names = lambda: [network['Name'] for network in self.engine.call('GET', '/networks')]
        eventually(lambda: not any(name.startswith(self.daemon.prefix) for name in names()),
                   what='no network left')


class Rename(NamesTest):
    def test_of_a_running_one(self):
        network = self.daemon.prefix + 'net'
        try:
            spec = {'network_mode': None, 'networks': [network], 'command': ENDS_ON_TERM}
            peer, container = self.create_running('peer', **spec), self.create_running('old', **spec)
            before = self.docker_id(container)
            after = self.daemon.sql('select max(seq) from events')[0][0]
            answer = self.client.done('update_container', container_id='old', name='new')
            self.assertEqual((answer['container_id'], answer['name'], answer['generation']),
                             (container, 'new', 2))
            updated = self.client.wait('container_updated', container_id=container)
            self.assertEqual((updated['changed_fields'], updated['recreated']), (['name'], True))
            self.ends_as({'peer': peer, 'new': container})
            self.assertNotEqual(self.docker_id(container), before)
            self.assertFalse(self.engine.exists(before))
            made = self.daemon.sql("select count(*) from events where kind = 'action' and "
                                   "type = 'CreateContainer' and seq > %d" % after)
            self.assertEqual(made, [(1,)])
            inspected = self.engine.inspect(self.docker_id(container))
            aliases = inspected['NetworkSettings']['Networks'][network]['Aliases']
            self.assertEqual([a for a in aliases if a in ('old', 'new')], ['new'])
            self.assertEqual(inspected['Config']['Hostname'], 'new')
            self.assertIn('FLOW_NAME=new', inspected['Config']['Env'])
            address = inspected['NetworkSettings']['Networks'][network]['IPAddress']
            self.assertIn(address, self.looked_up(peer, 'new'))
            self.assertNotIn(address, self.looked_up(peer, 'old'))
            self.assertEqual(self.client.refused('get_container_status', container_id='old')['error_type'],
                             'container_not_found')
            self.client.done('update_container', container_id='new', name='new')
            self.assertEqual(self.client.status(container)['generation'], 2)
        finally:
            for container in self.named().values():
                self.client.done('delete_container', container_id=container, force=True)
            self.no_network_left()

    def looked_up(self, container, name):
        """What a program in that container finds out about the name."""
        made = self.engine.call('POST', '/containers/%s/exec' % self.docker_id(container),
                                {'AttachStdout': True, 'AttachStderr': True, 'Cmd': ['nslookup', name]})
        return self.engine.call('POST', '/exec/%s/start' % made['Id'], {'Detach': False}, raw=True).decode(
            errors='replace')

    def test_of_a_created_and_of_a_stopped_one(self):
        created = self.create('created')
        stopped = self.create_running('stopped')
        self.client.done('stop_container', {'container_id': stopped, 'timeout': 0})
        self.client.done('update_container', container_id=created, name='c2')
        self.client.done('update_container', container_id=stopped, name='s2')
        self.ends_as({'c2': created, 's2': stopped})
        self.assertEqual((self.state(created), self.state(stopped)), ('created', 'stopped'))
        self.client.done('start_container', container_id='s2')
        self.client.done('start_container', container_id='c2')

    def test_there_and_back_at_once(self):
        container = self.create_running('web', command=ENDS_ON_TERM)
        for name in ('other', 'web', 'OTHER', 'web'):
            self.assertTrue(self.client.call('update_container', container_id=container, name=name)['ok'])
        self.client.done('update_container', container_id=container, labels={'last': '1'})
        self.ends_as({'web': container})
        self.reaches(container, 'running')

    def test_a_chain(self):
        """Each takes the name that the one before it has just given up."""
        ids = [self.create_running('n%d' % i, command=ENDS_ON_TERM) for i in range(3)]
        for i in (2, 1, 0):
            answer = self.client.call('update_container', container_id=ids[i], name='n%d' % (i + 1))
            self.assertTrue(answer['ok'], answer)
        eventually(lambda: len(self.client.of('update_container')) == 3, 60, 'all three done')
        self.ends_as({'n1': ids[0], 'n2': ids[1], 'n3': ids[2]})
        self.assertEqual(self.client.of('error'), [])
        for container in ids:
            self.reaches(container, 'running')

    def test_in_case_only(self):
        container = self.create_running('web', command=ENDS_ON_TERM)
        self.client.done('update_container', container_id=container, name='WEB')
        self.ends_as({'WEB': container})


    def test_what_failed_with_its_rename_and_was_removed_by_others(self):
        """The active revision comes back, not the failed one, under the new name; and that is all."""
        container = self.create_running('old', command=ENDS_ON_TERM)
        failed = {'name': 'new', 'entrypoint': ['/no/such'], 'environment': {'A': '2'}}
        answer = self.client.call('update_container', failed, container_id=container, wait=True)
        with self.subTest('it says that it was rolled back'):
            self.assertEqual(answer['error']['details'].get('reason'), 'UpdateFailed', answer)
        self.reaches(container, 'running')
        self.ends_as({'new': container}, made_anew=False)
        removed = self.docker_id(container)
        self.engine.remove(removed)
        eventually(lambda: self.docker_id(container) not in (None, removed), what='a new one')
        status = self.reaches(container, 'running')
        self.assertEqual((status['name'], status['reason']), ('new', 'UpdateFailed'))
        self.assertEqual((status['generation'], status['active_generation']), (2, 1))
        self.ends_as({'new': container}, made_anew=False)
        config = self.engine.inspect(status['docker_id'])['Config']
        self.assertEqual((config['Cmd'], config['Entrypoint']), (ENDS_ON_TERM, ['/bin/flow-runtime']))
        self.assertNotIn('A=2', config['Env'])
        self.again(auth={'since': 0})
        self.reaches(container, 'running')
        self.ends_as({'new': container}, made_anew=False)
        self.assertEqual(self.docker_id(container), status['docker_id'])


class ByOthers(NamesTest):
    """Two engine containers that changed names behind the daemon's back: each holds the name of the other."""

    def test_swapped_with_docker_rename(self):
        for desired in ('running', 'created'):
            with self.subTest(desired=desired):
                ids = {name: self.create(name, command=ENDS_ON_TERM, desired_state=desired)
                       for name in ('a-' + desired, 'b-' + desired)}
                before = {name: self.docker_id(container) for name, container in ids.items()}
                a, b = ids
                self.again(lambda: self.swapped(before[a], a, before[b], b))
                eventually(lambda: ids.items() <= self.named().items(), what='both names put back')
                self.assertEqual({name: self.docker_id(container) for name, container in ids.items()}, before)

    def swapped(self, first, first_name, second, second_name):
        self.rename(first, 'between')
        self.rename(second, first_name)
        self.rename(first, second_name)

    def rename(self, docker_id, name):
        self.engine.call('POST', '/containers/%s/rename?name=%s' % (docker_id, self.daemon.prefix + name))


class Swap(NamesTest):
    """a becomes b and b becomes a: names are unique at each moment, so one of them goes by way of a third."""

    def swap(self, first, second, **more):
        """The three requests; nobody waits in between."""
        for container, name in ((first, 'between'), (second, 'a'), (first, 'b')):
            answer = self.client.call('update_container', container_id=container, name=name, **more)
            self.assertTrue(answer['ok'], answer)

    def test_running(self):
        first, second = (self.create_running(name, command=ENDS_ON_TERM) for name in 'ab')
        self.swap(first, second)
        self.ends_as({'b': first, 'a': second})
        for container in (first, second):
            self.assertEqual(self.reaches(container, 'running')['reason'], '')

    def test_created_and_stopped(self):
        first, second = self.create('a'), self.create_running('b', command=ENDS_ON_TERM)
        self.client.done('stop_container', container_id=second)
        self.swap(first, second)
        self.ends_as({'b': first, 'a': second})
        self.assertEqual((self.state(first), self.state(second)), ('created', 'stopped'))

    def test_both_rolled_back(self):
        """What fails goes back to the old program, but not to the old name."""
        first, second = (self.create_running(name, command=ENDS_ON_TERM) for name in 'ab')
        before = {self.docker_id(first), self.docker_id(second)}
        self.swap(first, second, entrypoint=['/no/such'])
        for container in (first, second):
            eventually(lambda: self.client.status(container)['reason'] == 'UpdateFailed', what='rolled back')
            status = self.reaches(container, 'running')
            self.assertEqual((status['reason'], status['active_generation']), ('UpdateFailed', 1))
        self.ends_as({'b': first, 'a': second}, made_anew=False)
        self.assertEqual({self.docker_id(first), self.docker_id(second)}, before)

    def test_while_both_wait_for_an_image(self):
        """The old ones run on, and have the new names already."""
        first, second = (self.create_running(name, command=ENDS_ON_TERM) for name in 'ab')
        before = {self.docker_id(first), self.docker_id(second)}
        self.swap(first, second, image='localhost:1/none:1')
        self.ends_as({'b': first, 'a': second}, made_anew=False)
        self.assertEqual({self.docker_id(first), self.docker_id(second)}, before)
        for container in (first, second):
            status = self.reaches(container, 'running')
            self.assertEqual(status['active_generation'], 1)
            self.client.done('update_container', container_id=container, image='flow-demo:latest')
        self.ends_as({'b': first, 'a': second})


class SwapWhileAway(Swap):
    """All three requests come before the engine knows of the first: nobody was ever called `between`."""

    test_running = test_created_and_stopped = None

    def setUp(self):
        self.proxy = EngineProxy()
        self.addCleanup(self.proxy.close)
        self.proxy.up()
        super().setUp()

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=BehindProxy(self.proxy), **more)

    def swap(self, first, second, **more):
        self.proxy.down()
        eventually(lambda: self.state(first) == 'unknown', what='no contact')
        super().swap(first, second, **more)
        self.proxy.up()

    def test_it(self):
        super().test_running()

    def test_created_and_stopped_ones(self):
        super().test_created_and_stopped()


class Killed(test_recovery.KillSweep):
    """Killed at engine calls and commits of renames, and of an update that fails: the same end as without."""

    options = ('--update-monitor', '200ms')
    test_start = test_stop = test_restart = test_update = test_update_of_code = test_delete = None
    named, at_rest = NamesTest.named, NamesTest.at_rest
    POINTS = (('before_call', 1), ('after_call', 1), ('before_commit', 1), ('after_commit', 2))

    def test_rename(self):
        self.sweep_of(self.rename, calls=3, commits=8)

    def test_rolled_back_at_calls(self):
        self.sweep_of(self.roll_back, calls=1)

    def test_rolled_back_at_commits(self):
        self.sweep_of(self.roll_back, commits=4)

    def test_rename_rolled_back(self):
        self.sweep_of(self.rename_and_roll_back, calls=4, commits=9)

    def test_swap(self):
        self.sweep_of(self.swap, calls=6, commits=14)

    def sweep_of(self, trial, **steps):
        """Each n-th of the points; all of them with SWEEP=all. A rename takes the way of an update, which
        test_recovery sweeps."""
        self.need_fail_points()
        for point, first in self.POINTS:
            if point.split('_')[1] + 's' not in steps:
                continue
            step = 1 if os.environ.get('SWEEP') == 'all' else steps[point.split('_')[1] + 's']
            number, reached = first, True
            while reached:
                tag = '%s-%d' % (point.replace('_', '-'), number)
                with self.subTest(point=tag, log=self.daemon.log_path):
                    reached = False
                    reached = trial(tag, '%s:%d' % (point, number))
                number += step
            self.assertGreater(number, first + step, '%s was never reached' % point)

    # -- one trial each: whether the daemon was killed ---------------------------------------------------

    def rename(self, tag, point):
        container = self.create_running(tag, command=ENDS_ON_TERM)
        (answer,), struck = self.requests(point, [{'container_id': container, 'name': 'new-' + tag}])
        self.assertTrue(answer['ok'], answer)
        self.ends_as({'new-' + tag: container}, tag)
        self.assertEqual(len(self.client.of('container_updated', container_id=container)), 1)
        self.away(container)
        return struck

    def swap(self, tag, point):
        a, b = 'a-' + tag, 'b-' + tag
        first, second = (self.create_running(name, command=ENDS_ON_TERM) for name in (a, b))
        answers, struck = self.requests(point, [{'container_id': first, 'name': 'between-' + tag},
                                                {'container_id': second, 'name': a},
                                                {'container_id': first, 'name': b}])
        if not answers[0]['ok']:
            self.assertEqual(answers[0]['error']['error_type'], 'superseded', answers[0])
        self.assertEqual([answer['ok'] for answer in answers[1:]], [True, True], answers)
        self.ends_as({b: first, a: second}, tag)
        self.away(first)
        self.away(second)
        return struck

    def roll_back(self, tag, point):
        return self.failing(tag, point, tag)

    def rename_and_roll_back(self, tag, point):
        return self.failing(tag, point, 'new-' + tag)

    def failing(self, tag, point, name):
        container = self.create_running(tag, command=ENDS_ON_TERM)
        docker_id = self.docker_id(container)
        (answer,), struck = self.requests(point, [{'container_id': container, 'name': name,
                                                   'command': ['sh', '-c', 'exit 1']}])
        self.assertFalse(answer['ok'], answer)
        self.assertEqual(answer['error']['details']['reason'], 'UpdateFailed', answer)
        self.ends_as({name: container}, tag)
        status = self.client.status(container)
        self.assertEqual((status['docker_id'], status['reason']), (docker_id, 'UpdateFailed'))
        self.assertEqual((status['generation'], status['active_generation']), (2, 1))
        self.assertEqual(self.client.of('container_updated', container_id=container), [])
        crashes = self.client.of('container_crashed', container_id=container)
        self.assertLessEqual(len(crashes), 1, crashes)
        self.away(container)
        return struck

    def away(self, container):
        self.client.done('delete_container', container_id=container, force=True)

    # -- what they share -----------------------------------------------------------------------------------

    def requests(self, point, payloads):
        """Sent to a daemon that dies at the point, and again to the next one; also whether it died."""
        payloads = [{**payload, 'request_id': str(uuid.uuid4())} for payload in payloads]
        self.client.close()
        self.daemon.kill()
        struck = self.struck_by(point, payloads)
        self.daemon.start()
        self.client = self.make_client(auth={'since': 0})
        answers = [self.client.call('update_container', payload, wait=True) for payload in payloads]
        for payload in payloads:
            ends = self.daemon.sql("select summary from events where kind = 'end' and request_id = '%s'"
                                   % payload['request_id'])
            self.assertEqual(len(ends), 1, ends)
        return answers, struck

    def struck_by(self, point, payloads):
        client = None
        try:
            self.daemon.start(env={'FLOW_KILL_AT': point})
            client = Client(self.daemon)
            for payload in payloads:
                client.sio.emit('update_container', payload)
        except (socketio.exceptions.SocketIOError, AssertionError):
            self.daemon.process.wait(10)
        ended = lambda: len(client.of('update_container')) + len(client.of('error')) >= len(payloads)
        eventually(lambda: not self.daemon.alive() or (ended() and self.at_rest()), 60,
                   'the end of all requests, or of the daemon')
        struck = not self.daemon.alive()
        if client:
            client.close()
        self.daemon.kill()
        return struck

    def ends_as(self, expected, tag):
        """Each with one engine container, under its name, running; no helper is left, each was told once."""
        eventually(lambda: self.named() == expected and self.at_rest(), what='the names of ' + tag)
        for name, container in expected.items():
            status = self.reaches(container, 'running')
            self.assertEqual(status['name'], name)
            inspected = self.engine.inspect(status['docker_id'])
            self.assertEqual(inspected['Name'], '/' + self.daemon.prefix + name)
            self.assertTrue(inspected['State']['Running'])
            self.assertEqual(len(self.client.of('container_created', container_id=container)), 1)
