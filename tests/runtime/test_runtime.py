#!/usr/bin/python3
"""flow-runtime beside a socket of the test's own: no container and no engine needed. RUNTIME names the program."""
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

RUNTIME = os.environ.get('RUNTIME') or sys.argv.pop(1)
ECHO = 'while read -r line; do echo "$line"; done'


def eventually(check, timeout=20.0, what='the condition'):
    end = time.monotonic() + timeout
    last = None
    while time.monotonic() < end:
        last = check()
        if last:
            return last
        time.sleep(0.01)
    raise AssertionError('%s did not come to hold within %s s; last: %r' % (what, timeout, last))


class Manager:
    """The manager's side: listens, and takes one connection at a time."""

    def __init__(self, path):
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.listener.settimeout(20)
        self.connection = None
        self.data = b''

    def take(self):
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(20)
        self.data = b''
        return self

    def line(self):
        """The next line that is not empty."""
        while True:
            head, end, rest = self.data.partition(b'\n')
            if end:
                self.data = rest
                if head:
                    return head.decode()
                continue
            got = self.connection.recv(65536)
            if not got:
                raise AssertionError('the connection has ended; left: %r' % self.data)
            self.data += got

    def send(self, text):
        self.connection.sendall(text.encode())

    def cut(self):
        self.connection.close()

    def close(self):
        if self.connection:
            self.connection.close()
        self.listener.close()
        if os.path.exists(self.path):
            os.unlink(self.path)


class RuntimeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='fr', dir='/tmp')
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.path = os.path.join(self.folder, 's.sock')
        self.process = None

    def manager(self):
        manager = Manager(self.path)
        self.addCleanup(manager.close)
        return manager

    def start(self, *command, **env):
        clean = {'PATH': os.environ['PATH'], 'FLOW_SOCKET': self.path, 'FLOW_PROGRAM': self.folder + '/main', **env}
        self.process = subprocess.Popen([RUNTIME, *command], env=clean, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(self.end)
        return self.process

    def end(self):
        """With its program, which only the end of a container would end."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.communicate()

    def read(self, name):
        """Of a file in the folder; "" while there is none."""
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            return ''
        with open(path) as f:
            return f.read()

    def code(self):
        return self.process.wait(20)

    # -- programs and their ends
    def test_exit_codes_are_passed_on(self):
        for script, code in (('exit 0', 0), ('exit 7', 7), ('kill -KILL $$', 137), ('kill -TERM $$', 143)):
            self.start('sh', '-c', script)
            self.assertEqual(self.code(), code, script)

    def test_what_cannot_be_run(self):
        self.start('/nowhere/program')
        self.assertEqual(self.code(), 127)
        self.assertIn(b'/nowhere/program', self.process.stderr.read())
        plain = os.path.join(self.folder, 'plain')
        open(plain, 'w').close()
        self.start(plain)
        self.assertEqual(self.code(), 126)

    def test_signals_are_forwarded(self):
        manager = self.manager()
        self.start('sh', '-c', 'trap "echo \'{\\"got\\":\\"usr1\\"}\'" USR1; trap "exit 3" TERM; echo \'{"ready":1}\'; '
                               'while :; do sleep 0.05; done')
        manager.take()
        self.assertEqual(manager.line(), '{"ready":1}')
        self.process.send_signal(signal.SIGUSR1)
        self.assertEqual(manager.line(), '{"got":"usr1"}')
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.code(), 3)

    def test_children_of_others_are_reaped(self):
        manager = self.manager()
        # As PID 1 it gets the orphans of the whole container: here, of a process space of its own.
        try:
            subprocess.run(['unshare', '--pid', '--fork', 'true'], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            self.skipTest('no process space of its own can be made here')
        script = '(sh -c "sleep 0.1" &) ; sleep 0.5; ps -o stat= -A 2>/dev/null | grep -c Z > %s/zombies; exit 0' % self.folder
        clean = {'PATH': os.environ['PATH'], 'FLOW_SOCKET': self.path}
        self.process = subprocess.Popen(['unshare', '--pid', '--fork', '--mount-proc', RUNTIME, 'sh', '-c', script],
                                        env=clean, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.addCleanup(self.end)
        manager.take()
        self.assertEqual(self.code(), 0, self.process.stderr.read())
        with open(self.folder + '/zombies') as f:
            self.assertEqual(f.read().strip(), '0')

    def test_the_command_comes_from_arguments_the_environment_or_app_main(self):
        manager = self.manager()
        with open(self.folder + '/main', 'w') as f:
            f.write('#!/bin/sh\necho \'{"from":"main"}\'\n')
        os.chmod(self.folder + '/main', 0o755)
        for command, env, wanted in (((), {}, 'main'), ((), {'FLOW_COMMAND': 'echo \'{"from":"variable"}\''}, 'variable'),
                                     (('echo', '{"from":"arguments"}'), {'FLOW_COMMAND': 'exit 1'}, 'arguments')):
            self.start(*command, **env)
            self.assertEqual(json.loads(manager.take().line())['from'], wanted)
            self.assertEqual(self.code(), 0)

    def test_without_a_socket_input_and_output_are_left_alone(self):
        self.start('echo', 'plain', FLOW_SOCKET='')
        self.assertEqual(self.process.communicate()[0], b'plain\n')

    def test_what_others_hold_open_does_not_hold_up_the_end(self):
        manager = self.manager()
        self.start('sh', '-c', 'sleep 1000 & echo \'{"last":1}\'; date +%%s.%%N >%s/end; exit 3' % self.folder)
        self.assertEqual(self.code(), 3)
        took = time.time() - float(self.read('end'))
        self.assertEqual(manager.take().line(), '{"last":1}')
        self.assertLess(took, 0.9, 's from the end of the program to that of the container')

    # -- the log
    def test_what_is_no_object_is_the_log(self):
        manager = self.manager()
        log = ['plain', '', '  {curly and no end', '[1,2]', '"text"', 'a {"b":1}', '{"b":1} c', 'é', '}']
        messages = ['{"n":1}', ' \t{"n": 2} ', "{'n': 3}", '{"n":4}\r']
        self.start('printf', '%s', '\n'.join(log[:4] + messages + log[4:]) + '\n')
        manager.take()
        self.assertEqual([manager.line() for _ in messages], messages)
        self.assertEqual(self.process.stdout.read().decode(), '\n'.join(log) + '\n')
        self.assertEqual(self.code(), 0)

    def test_the_log_comes_at_once_and_a_line_needs_no_end(self):
        manager = self.manager()
        self.start('sh', '-c', 'printf "working: "; read -r line; printf "%s" "{no end"; exit 2')
        manager.take()
        self.assertEqual(self.process.stdout.read(9), b'working: ')
        manager.send('{"go":1}\n')
        self.assertEqual(self.process.stdout.read(), b'{no end')
        self.assertEqual(self.code(), 2)

    def test_a_log_that_nobody_reads_holds_up_no_signal(self):
        self.manager()
        self.start('sh', '-c', 'echo $$ >%s/pid; exec yes' % self.folder)
        pid = int(eventually(lambda: self.read('pid'), what='the program'))

        def held_up():
            with open('/proc/%d/stat' % pid) as f:
                return f.read().rsplit(')', 1)[1].split()[0] == 'S'
        eventually(lambda: all(held_up() or time.sleep(0.01) for _ in range(20)), what='a program that waits')
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.code(), 143)

    # -- lines
    def test_lines_go_both_ways_in_order(self):
        manager = self.manager()
        self.start('sh', '-c', ECHO)
        manager.take()
        lines = ['{"n":%d}' % n for n in range(200)]
        manager.send('\n'.join(lines) + '\n')
        self.assertEqual([manager.line() for _ in lines], lines)

    def test_what_is_printed_before_the_end_arrives_also_without_a_line_break(self):
        manager = self.manager()
        self.start('sh', '-c', 'echo \'{"n":1}\'; printf \'{"n":2}\'; exit 4')
        manager.take()
        self.assertEqual([manager.line(), manager.line()], ['{"n":1}', '{"n":2}'])
        self.assertEqual(self.code(), 4)

    def test_the_connection_comes_back_and_no_line_is_torn(self):
        manager = self.manager()
        self.start('sh', '-c', ECHO)
        manager.take()
        manager.send('{"n":1}\n{"half":')
        self.assertEqual(manager.line(), '{"n":1}')
        manager.cut()
        manager.take()
        manager.send('{"n":2}\n')
        self.assertEqual(manager.line(), '{"n":2}', 'the half of a line is no line')

    def test_a_manager_that_comes_later(self):
        self.start('sh', '-c', 'echo \'{"first":1}\'; ' + ECHO)
        manager = self.manager().take()
        self.assertEqual(manager.line(), '{"first":1}')

    def test_while_nobody_listens_nothing_is_lost(self):
        self.start('sh', '-c', 'i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo "{\\"n\\":$i}"; done; ' + ECHO)
        manager = self.manager().take()
        self.assertEqual([manager.line() for _ in range(5000)], ['{"n":%d}' % n for n in range(1, 5001)])

    def test_without_a_manager_the_program_goes_on_and_the_newest_are_kept(self):
        count = 40000
        script = 'import sys\nfor n in range(%d): print(\'{"n":%%d,"text":"%%s"}\' %% (n, "x" * 80))' % count
        self.start('sh', '-c', '%s -c "$SCRIPT"; touch %s/done; %s' % (sys.executable, self.folder, ECHO), SCRIPT=script)
        eventually(lambda: os.path.exists(self.folder + '/done'), what='all printed')
        manager = self.manager().take()
        first = json.loads(manager.line())['n']
        self.assertGreater(first, 0)
        self.assertEqual([json.loads(manager.line())['n'] for _ in range(first + 1, count)], list(range(first + 1, count)))
        said = self.process.stderr.readline() + self.process.stderr.readline()
        self.assertIn(b'%d messages are lost' % first, said)

    def test_what_nobody_took_is_told_at_the_end(self):
        self.start('sh', '-c', 'echo \'{"n":1}\'; echo \'{"n":2}\'; exit 6')
        self.assertEqual(self.code(), 6)
        self.assertIn(b'no manager took the last 2 messages', self.process.stderr.read())

    def test_who_is_refused_asks_less_and_less_often(self):
        manager = self.manager()
        self.start('sh', '-c', ECHO)
        end = time.monotonic() + 1.5
        taken = 0
        while time.monotonic() < end:
            manager.take().cut()
            taken += 1
        self.assertLess(taken, 12)

    def test_a_line_cut_in_the_middle_of_sending_is_sent_again_whole(self):
        manager = self.manager()
        text = 'x' * 700000
        self.start(sys.executable, '-c', 'import sys; print(\'{"text":"%s"}\' % ("x"*700000), flush=True); sys.stdin.read()')
        manager.take()
        manager.connection.recv(1000)
        manager.cut()
        manager.take()
        self.assertEqual(manager.line(), '{"text":"%s"}' % text)

    def test_a_program_that_reads_nothing_holds_up_only_itself(self):
        manager = self.manager()
        self.start('sh', '-c', 'echo \'{"ready":1}\'; while :; do sleep 0.05; done')
        manager.take()
        manager.line()
        manager.connection.settimeout(0.5)
        line = ('{"text":"%s"}\n' % ('y' * 1000)).encode()
        sent = 0
        try:
            while sent < 64 << 20:
                sent += manager.connection.send(line)
        except socket.timeout:
            pass
        self.assertLess(sent, 8 << 20, 'it takes what comes without an end')
        with open('/proc/%d/status' % self.process.pid) as f:
            rss = [int(l.split()[1]) for l in f if l.startswith('VmRSS')][0]
        self.assertLess(rss, 8 << 10, 'kB')

    def test_a_program_that_closed_its_input_loses_messages_and_nothing_else(self):
        manager = self.manager()
        self.start('sh', '-c', 'exec <&-; echo \'{"n":1}\'; while [ ! -e %s/go ]; do sleep 0.02; done; echo \'{"n":2}\'' % self.folder)
        manager.take()
        manager.line()
        for _ in range(100):
            manager.send('{"text":"%s"}\n' % ('y' * 1000))
        open(self.folder + '/go', 'w').close()
        self.assertEqual(manager.line(), '{"n":2}')
        self.assertEqual(self.code(), 0)

    # -- no program
    def test_without_a_program_each_message_is_answered_with_an_error(self):
        manager = self.manager()
        self.start()
        manager.take()
        manager.send('{"data":{"message_id":"inner"},"message_id":"m1"}\n{"command":"x \\" y"}\n')
        first, second = json.loads(manager.line()), json.loads(manager.line())
        self.assertEqual((first['error_type'], first['reply_to']), ('no_program', 'm1'))
        self.assertNotIn('reply_to', second)
        self.assertIn(b'no program', self.process.stderr.readline())
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.code(), 0)

    def test_it_says_that_it_speaks_lines(self):
        manager = self.manager()
        self.start('sh', '-c', ECHO)
        self.assertEqual(manager.take().connection.recv(10), b'\n')


class Size(unittest.TestCase):
    def test_it_is_small_and_needs_no_library(self):
        self.assertLessEqual(os.path.getsize(RUNTIME), 1 << 20)
        kinds = []
        with open(RUNTIME, 'rb') as f:
            head = f.read(64)
            offset, size, count = struct.unpack_from('<Q', head, 32)[0], *struct.unpack_from('<HH', head, 54)
            for number in range(count):
                f.seek(offset + number * size)
                kinds.append(struct.unpack('<I', f.read(4))[0])
        self.assertNotIn(3, kinds, 'PT_INTERP: it asks for a loader')


if __name__ == '__main__':
    unittest.main(verbosity=2)
