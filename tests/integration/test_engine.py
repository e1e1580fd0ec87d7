"""An engine that is stopped, killed or hangs while containers run, with or without live-restore: model 3."""
import os
import shutil
import signal
import time

from flowtest import Engine, FlowTest, eventually, seconds
from own_engine import IMAGE, OwnEngine

COUNT = 20
# Without live-restore an engine on its way down, or up again, sends TERM to all and KILL after their grace.
ENDS_ON_TERM = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait']
IGNORES_TERM = ['sh', '-c', 'trap "" TERM; while :; do sleep 1; done']
# A job that ends with 0 by TERM as well: by that it must not be completed.
WORKS = ['sh', '-c', 'trap "exit 0" TERM USR1; echo ready; while :; do sleep 0.1; done']
CRASHES = ['sh', '-c', 'trap "echo last words; exit 5" USR1; trap "exit 0" TERM; echo ready; '
                       'while :; do sleep 0.1; done']
UNKNOWN_AFTER = 15.0
RETURN = 5.0        # within so long of its return all is observed and being started
RAW_STARTS = 4


class EngineAway(FlowTest):
    """What the outages have in common: the engine, what runs in it, and what is true of each of them."""

    engine_options = ()

    def setUp(self):
        if os.geteuid() != 0 or not shutil.which('dockerd'):
            self.skipTest('an engine of its own needs root and dockerd')
        self.own = OwnEngine(*self.engine_options)
        self.addCleanup(self.own.remove_all)
        self.own.up()
        self.own.take_image(Engine())
        super().setUp()
        self.engine = self.own
        self.ids = {}
        self.docker_ids = {}
        self.away = False

    def make_daemon(self, *options, **more):
        return super().make_daemon(*options, engine=self.own, **more)

    def request(self, request, **payload):
        """Acknowledged at once, also while the engine is away (then nothing else here is busy)."""
        began = time.monotonic()
        answer = self.client.call(request, **payload)
        if self.away:
            self.assertLess(time.monotonic() - began, 1.0, request)
        self.assertTrue(answer.get('ok', True), answer)
        return answer

    def declare(self, name, **spec):
        spec.setdefault('desired_state', 'running')
        answer = self.request('create_container', name=name, image=IMAGE, network_mode='none', **spec)
        self.ids[name] = answer['container_id']

    def states(self):
        return {c['name']: c['status'] for c in self.request('list_containers')['containers']}

    def raw_start(self):
        """Seconds of a start by the engine's own API, one after the other."""
        made = [self.own.call('POST', '/containers/create', {'Image': IMAGE, 'Cmd': ['sleep', '1000'],
                                                             'HostConfig': {'NetworkMode': 'none'}})['Id']
                for _ in range(RAW_STARTS)]
        began = time.monotonic()
        for docker_id in made:
            self.own.start(docker_id)
        took = (time.monotonic() - began) / RAW_STARTS
        for docker_id in made:
            self.own.remove(docker_id)
        return took

    def run_all(self):
        self.a_start = self.raw_start()
        for i in range(COUNT):
            more = [{}, {'command': ENDS_ON_TERM},
                    {'command': IGNORES_TERM, 'stop_grace_period': '2s'}][i % 3]
            self.declare('c%d' % i, **more)
        self.services = list(self.ids)
        self.declare('job', kind='job', command=WORKS)
        self.declare('crash', command=CRASHES)
        self.declare('ends', kind='job', command=WORKS)
        self.declare('once', restart='no', command=CRASHES)
        self.declare('once-job', kind='job', restart='no', command=WORKS)
        self.declare('idle', desired_state='created')
        self.at_rest = {**{name: 'running' for name in self.ids}, 'idle': 'created'}
        eventually(lambda: self.states() == self.at_rest, 60, 'all running')
        self.before = {c['Names'][0]: c['Id'] for c in self.daemon.containers()}
        self.docker_ids = {name: self.docker_id(id_) for name, id_ in self.ids.items()}
        for name in ('job', 'crash', 'ends', 'once', 'once-job'):
            self.own.printed(self.docker_ids[name], 'ready')
        self.told('container_started', len(self.ids) - 1)
        self.pids = {name: self.pid(name) for name in self.ids}

    def pid(self, name):
        return self.own.inspect(self.docker_ids[name])['State']['Pid']

    def told(self, event, times, **fields):
        eventually(lambda: len(self.client.of(event, **fields)) == times, what='%s %s' % (event, fields))

    def events(self, event, name, **fields):
        return self.client.of(event, container_id=self.ids[name], **fields)

    def tell_to_end(self, *names):
        """From the host, behind the engine's back; it is over when this returns."""
        for name in names:
            os.kill(self.pids[name], signal.SIGUSR1)
        for name in names:
            eventually(lambda: not os.path.exists('/proc/%d' % self.pids[name]), what='the end of ' + name)

    def leaves(self, how):
        how()
        self.away = True

    def becomes_unknown(self):
        """In each answer; the log has one line at once, and nothing of it for 15 s."""
        eventually(lambda: set(self.states().values()) == {'unknown'}, 15, 'unknown in the list')
        status = self.request('get_container_status', container_id=self.ids['c0'])
        self.assertEqual((status['state'], status['reason']), ('unknown', 'EngineUnavailable'))
        self.lost = self.client.wait('activity_log', timeout=2, activity_type='engine_lost')

    def returned(self):
        """The engine answers from now on: all is observed soon."""
        eventually(self.own.answers, 60, 'an answer of the engine')
        self.back = time.time()
        self.away = False
        eventually(lambda: 'unknown' not in self.states().values(), RETURN, 'all observed')

    def check_told(self, losses=(1,)):
        """What holds after every outage."""
        lost = self.client.of('activity_log', activity_type='engine_lost')
        self.assertIn(len(lost), losses, lost)
        for event in self.client.of('status_changed', new_state='unknown'):
            after = seconds(event['timestamp']) - seconds(self.lost['timestamp'])
            self.assertGreater(after, UNKNOWN_AFTER - 0.5, event)
        # Nothing was made twice, or anew: not even what was asked for while nobody answered.
        now = {c['Names'][0]: c['Id'] for c in self.daemon.containers()}
        self.assertEqual({name: now.get(name) for name in self.before}, self.before)
        self.assertEqual(len(now), len(self.ids), now)
        for name in self.ids:
            if name != 'crash' or 'its own' not in self.exits(name):
                self.assertIsNone(self.client.status(self.ids[name])['next_retry_at'], name)
        reasons = {event['reason'] for event in self.client.of('status_changed')}
        self.assertNotIn('CrashLoopBackOff', reasons)
        twice = self.daemon.sql("select container_id from events where kind = 'fact' and type = 'exit' "
                                "group by container_id having count(*) > 1")
        self.assertEqual(twice, [])

    def exits(self, name):
        """Who ended it, as the log has it."""
        rows = self.daemon.sql("select summary from events where kind = 'fact' and type = 'exit' and "
                               "container_id = '%s' order by seq" % self.ids[name])
        return [summary.split(', ', 1)[1].split(' (')[0] for summary, in rows]

    def check_untouched(self, names):
        for name in names:
            self.assertEqual(self.pid(name), self.pids[name], name)
            self.assertEqual(self.exits(name), [], name)
            self.assertEqual(len(self.events('container_started', name)), 1, name)
            self.assertEqual(self.events('container_stopped', name), [], name)
            self.assertEqual(self.events('container_crashed', name), [], name)

    def check_started_again(self, names):
        """By us, at once, in the same container and the same run: nothing of its own has ended it."""
        for name in names:
            self.reaches(self.ids[name], 'running', 60)
        for name in names:
            self.told('container_started', 2, container_id=self.ids[name])
            self.assertNotIn(self.pid(name), (0, self.pids[name]), name)
            self.assertEqual(self.exits(name), ['from outside'], name)
            self.assertEqual(self.events('container_stopped', name), [], name)
            self.assertEqual(self.events('container_crashed', name), [], name)
            reasons = {event['reason'] for event in self.events('status_changed', name)}
            self.assertTrue(reasons & {'StoppedOutside', 'EngineRestarted'}, (name, reasons))
        started = sorted(seconds(self.own.inspect(self.docker_ids[name])['State']['StartedAt']) - self.back
                         for name in names)
        self.assertLess(started[0], RETURN)
        # All run by the time in which raw calls, one after the other, would have started them.
        self.assertLess(started[-1], RETURN + self.a_start * len(started), (self.a_start, started))

    def check_over(self, once_ends):
        """At most once, whoever ended it (contract 3)."""
        for name, state in once_ends.items():
            status = self.reaches(self.ids[name], state)
            self.assertIn(status['reason'], ('StoppedOutside', 'EngineRestarted'))
            self.assertEqual(self.exits(name), ['from outside'], name)
            self.told('container_stopped', 1, container_id=self.ids[name])
            self.assertEqual(len(self.events('container_started', name)), 1, name)
            self.assertEqual(self.events('container_crashed', name), [], name)

    def check_completes(self, name, starts):
        """By an exit of its own, once."""
        self.assertEqual(self.events('container_stopped', name), [])
        self.assertEqual(self.events('status_changed', name, new_state='completed'), [])
        self.own.printed(self.docker_ids[name], 'ready')
        self.pids[name] = self.pid(name)
        self.tell_to_end(name)
        self.check_completed(name, starts)

    def check_completed(self, name, starts):
        self.reaches(self.ids[name], 'completed')
        stopped = self.client.wait('container_stopped', container_id=self.ids[name])
        self.assertEqual((stopped['status'], stopped['exit_code']), ('completed', 0))
        self.assertEqual(len(self.events('container_stopped', name)), 1)
        self.assertEqual(len(self.events('container_started', name)), starts)
        self.assertEqual(self.events('container_crashed', name), [])
        self.assertEqual(self.exits(name)[-1], 'its own')

    def check_crashed(self, last_line):
        """Its own exits while nobody could tell: each told once, `crash` started again and `once` not."""
        for name in ('crash', 'once'):
            crash = self.client.wait('container_crashed', container_id=self.ids[name])
            self.assertEqual((crash['exit_code'], crash['crash_details']['logs'][-1]), (5, last_line))
            self.assertEqual(self.exits(name), ['its own'], name)
        self.assertEqual(self.reaches(self.ids['crash'], 'running')['restart_count'], 1)
        self.told('container_started', 2, container_id=self.ids['crash'])
        self.assertEqual(self.reaches(self.ids['once'], 'error')['last_exit']['exit_code'], 5)
        self.assertEqual(len(self.events('container_started', 'once')), 1)
        for name in ('crash', 'once'):
            self.assertEqual(len(self.events('container_crashed', name)), 1, name)

    def check_hang(self):
        """Neither what runs nor who asks notices more of it than that there is no answer from the engine."""
        self.run_all()
        self.leaves(self.own.hang)
        self.declare('early')       # before anybody can know
        self.request('stop_container', container_id=self.ids['c1'])
        self.becomes_unknown()
        self.declare('late')
        self.tell_to_end('crash', 'once', 'ends')
        self.assertEqual(set(self.states().values()), {'unknown'})
        self.own.go_on()
        self.returned()
        self.docker_ids.update({name: self.reaches(self.ids[name], 'running')['docker_id']
                                for name in ('early', 'late')})
        self.reaches(self.ids['c1'], 'stopped')
        self.assertEqual(self.exits('c1'), ['ours'])
        self.check_crashed('last words')
        self.check_completed('ends', starts=1)
        self.check_untouched([name for name in self.services + ['job', 'once-job'] if name != 'c1'])
        self.check_completes('job', starts=1)
        self.check_told()
        # Once for each request that nobody could carry out at first.
        errors = self.client.of('error')
        self.assertEqual({error['error_type'] for error in errors} - {'docker_api_error'}, set(), errors)
        asked = [error['details']['container_id'] for error in errors]
        self.assertEqual(len(asked), len(set(asked)), errors)
        self.assertEqual(set(asked) - {self.ids[name] for name in ('early', 'late', 'c1')}, set(), errors)

    def stop_and_start_again(self):
        self.run_all()
        self.leaves(self.own.end)
        self.becomes_unknown()
        self.own.launch()
        self.returned()


class EngineRestart(EngineAway):
    """Without live-restore the engine stops all: on its way down, or on its return if it had no time then."""

    def run_chain(self):
        """Declared, and so with ids, in another order than they depend on each other."""
        self.declare('web', command=ENDS_ON_TERM, depends_on={'app': {'condition': 'started'}})
        self.declare('app', command=ENDS_ON_TERM, depends_on={'db': {'condition': 'healthy'}})
        # What makes it healthy is there only some time after each start.
        script = 'rm -f /ok; trap "exit 0" TERM; sleep 1; date +%s >/ok; sleep 1000 & wait'
        self.declare('db', command=['sh', '-c', script],
                     healthcheck={'test': 'cat /ok', 'interval': '300ms', 'timeout': '5s', 'retries': 100})
        for name, id_ in self.ids.items():
            self.docker_ids[name] = self.reaches(id_, 'running', 60)['docker_id']
        self.pids = {name: self.pid(name) for name in self.ids}
        self.seq = max(e['seq'] for e in self.client.of('container_started'))

    def check_chain(self):
        for name, id_ in self.ids.items():
            self.assertEqual(self.reaches(id_, 'running', 60)['docker_id'], self.docker_ids[name])
            self.assertNotEqual(self.pid(name), self.pids[name])
        started = {name: self.own.inspect(id_)['State']['StartedAt'] for name, id_ in self.docker_ids.items()}
        self.assertEqual(sorted(started, key=started.get), ['db', 'app', 'web'])
        self.assertGreater(seconds(started['app']) - seconds(started['db']), 1.0)
        new = [e for e in self.client.of('status_changed') if e['seq'] > self.seq]
        healthy = [e['seq'] for e in new if e['name'] == 'db' and e['health'] == 'healthy']
        up = [e['seq'] for e in new if e['name'] == 'app' and e['new_state'] == 'running']
        self.assertEqual((len(healthy), len(up)), (1, 1), new)
        self.assertLess(healthy, up)
        for name in ('app', 'web'):
            self.assertIn('WaitingForDependency', [e['reason'] for e in new if e['name'] == name])
        self.assertEqual(self.client.of('container_crashed'), [])
        self.assertEqual(self.client.of('error'), [])

    def test_stopped_and_started_again(self):
        self.stop_and_start_again()
        self.check_started_again(self.services + ['job', 'crash', 'ends'])
        self.check_over({'once': 'stopped', 'once-job': 'error'})
        # An engine on its way down may answer a last time in between.
        self.check_told(losses=(1, 2))
        self.check_completes('job', starts=2)
        self.assertEqual(self.client.of('error'), [])

    def test_killed_and_started_again(self):
        """What ended by itself meanwhile looks like what the engine ended: taken for that (model 3)."""
        self.run_all()
        self.leaves(self.own.kill)
        self.becomes_unknown()
        for name in self.services:
            self.assertTrue(os.path.exists('/proc/%d' % self.pids[name]), name)
        self.tell_to_end('crash', 'once', 'ends')
        self.own.launch()
        self.returned()
        self.check_started_again(self.services + ['job', 'crash', 'ends'])
        self.check_over({'once': 'stopped', 'once-job': 'error'})
        self.check_told()
        self.check_completes('job', starts=2)
        self.check_completes('ends', starts=2)
        self.assertEqual(self.client.of('error'), [])

    def test_hung(self):
        self.check_hang()

    def test_dependencies_after_a_stop(self):
        self.run_chain()
        self.own.end()
        self.own.up()
        self.check_chain()

    def test_dependencies_after_a_kill(self):
        self.run_chain()
        self.own.kill()
        self.own.up()
        self.check_chain()


class LiveRestore(EngineAway):
    """All that runs lives on, so there is nothing to do on the engine's return but to look."""

    engine_options = ('--live-restore',)

    def test_stopped_and_started_again(self):
        self.stop_and_start_again()
        eventually(lambda: self.states() == self.at_rest, what='all as before')
        self.check_untouched(list(self.ids)[:-1])
        self.check_completes('job', starts=1)
        self.check_told(losses=(1, 2))
        self.assertEqual(self.client.of('error'), [])

    def test_killed_for_long(self):
        """So long that the log gets it. Others ran through the gap: exits in it were their own (model 3)."""
        self.run_all()
        self.leaves(self.own.kill)
        self.becomes_unknown()
        self.tell_to_end('crash', 'once', 'ends')
        unknown = eventually(lambda: (lambda all_: len(all_) == len(self.ids) and all_)(
            self.client.of('status_changed', new_state='unknown')), UNKNOWN_AFTER + 10, 'unknown told of all')
        self.assertEqual({(e['name'], e['old_state'], e['reason']) for e in unknown},
                         {(name, state, 'EngineUnavailable') for name, state in self.at_rest.items()})
        self.assertLess(max(seconds(e['timestamp']) for e in unknown),
                        seconds(self.lost['timestamp']) + UNKNOWN_AFTER + 2)
        self.own.launch()
        self.returned()
        self.check_crashed('ready')     # the engine itself loses what is printed while it is dead
        self.check_completed('ends', starts=1)
        self.check_untouched(self.services + ['job', 'once-job'])
        for name in self.services + ['idle']:
            told = [e['new_state'] for e in self.events('status_changed', name)]
            self.assertEqual(told[-3:], [self.at_rest[name], 'unknown', self.at_rest[name]], name)
        self.check_completes('job', starts=1)
        self.check_told()
        self.assertEqual(self.client.of('error'), [])

    def test_hung(self):
        self.check_hang()
