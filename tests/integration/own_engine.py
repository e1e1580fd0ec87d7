"""A dockerd of the test's own, that may be stopped, killed or made to hang as no shared one may."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from flowtest import Engine, UnixConnection, eventually

IMAGE = 'flow-demo:latest'


# Brings `lo` up where it is run.
LOOPBACK = ('import fcntl, socket, struct; '
            'fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 0x49))')     # SIOCSIFFLAGS


class OwnEngine(Engine):
    """A dockerd with everything it writes in one folder, and a network namespace of its own; ended by its pid.

    The namespace, because the host's docker0 is removed by each dockerd that wants no bridge, and shared with
    each one that wants it. What it publishes is published in there.
    """

    def __init__(self, *options, bridge=False):
        self.folder = tempfile.mkdtemp(prefix='fe', dir='/tmp')
        super().__init__(os.path.join(self.folder, 'e.sock'))
        self.options = options if bridge else ('--bridge=none', *options)
        self.process = None
        self.network = self.folder + '/net'
        open(self.network, 'w').close()
        subprocess.run(['unshare', '--net=' + self.network, sys.executable, '-c', LOOPBACK], check=True)

    def launch(self):
        """It need not answer yet when this returns."""
        command = ['nsenter', '--net=' + self.network,
                   'dockerd', '--data-root', self.folder + '/data', '--exec-root', self.folder + '/exec',
                   '--pidfile', self.folder + '/pid', '-H', 'unix://' + self.path, '--storage-driver', 'vfs',
                   '--iptables=false', '--ip6tables=false', '--ip-forward=false', *self.options]
        # What a killed one leaves; the next one would not start beside a process that has its pid by now.
        if os.path.exists(self.folder + '/pid'):
            os.unlink(self.folder + '/pid')
        with open(self.folder + '/log', 'a') as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)

    def up(self):
        self.launch()
        eventually(self.answers, 60, 'an answer of the engine')

    def answers(self):
        if self.process.poll() is not None:
            with open(self.folder + '/log') as log:
                said = log.read()[-2000:]
            raise AssertionError('dockerd ended with %s:\n%s' % (self.process.returncode, said))
        try:
            return self.call('GET', '/_ping')
        except OSError:
            return False

    def end(self):
        """In order: without live-restore it stops all containers first."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def kill(self):
        """It has no time to do anything; its shims, and what runs below them, live on.

        Its containerd ends with it, a moment later. As long as that is not over, or init has not reaped it,
        the next dockerd takes it for alive by its pid file, starts no other one and waits in vain.
        """
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)
        pid_file = self.folder + '/exec/containerd/containerd.pid'
        with open(pid_file) as f:
            containerd = int(f.read())
        eventually(lambda: self.ended([containerd]), 20, 'the end of its containerd')
        os.unlink(pid_file)

    def hang(self):
        """It takes connections and answers none."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def take_image(self, source):
        """From the host's engine, as a tar."""
        text = self.raw(source, 'GET', '/images/%s/get' % IMAGE)
        self.raw(self, 'POST', '/images/load', text)

    @staticmethod
    def raw(engine, method, path, body=None):
        connection = UnixConnection(engine.path)
        connection.request(method, '/v1.41' + path, body, {'Content-Type': 'application/x-tar'})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 200:
            raise AssertionError('%s %s: %s %s' % (method, path, answer.status, text[:300]))
        return text

    def remove_all(self):
        """Ends it with its containerd, its shims and its mounts, in whatever state a test has left it."""
        try:
            self.remove_containers()
        finally:
            # What runs below a shim goes first: without the shim nobody could tell that it is ours.
            shims = self.others()
            eventually(lambda: self.ended(self.children(shims)), 20, 'the end of what ran in it')
            eventually(lambda: self.ended(self.others()), 20, 'the end of its containerd')
            with open('/proc/self/mounts') as mounts:
                mine = [line.split()[1] for line in mounts if line.split()[1].startswith(self.folder + '/')]
            for mount in sorted(mine, key=len, reverse=True):
                subprocess.run(['umount', '-l', mount], check=False)
            shutil.rmtree(self.folder, ignore_errors=True)

    def remove_containers(self):
        """By the engine, for only it finds what runs below a shim: one that was killed comes up once more."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.go_on()
        if self.process.poll() is not None and self.others():
            self.launch()
        if self.process.poll() is None:
            eventually(self.answers, 60, 'an answer of the engine')
            for container in self.call('GET', '/containers/json?all=1'):
                self.remove(container['Id'])
            self.end()

    @staticmethod
    def ended(pids):
        """True once they have, or wait to be reaped; one that has not is killed."""
        alive = [pid for pid in pids if OwnEngine.stat(pid)[:1] not in ([], ['Z'])]
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return not alive

    @staticmethod
    def stat(pid):
        """State and parent, then all the rest; nothing when it is gone."""
        try:
            with open('/proc/%s/stat' % pid) as f:
                return f.read().rsplit(')', 1)[1].split()
        except OSError:
            return []

    @staticmethod
    def children(parents):
        pids = [pid for pid in os.listdir('/proc') if pid.isdigit()]
        return [int(pid) for pid in pids if OwnEngine.stat(pid)[1:2] in [[str(parent)] for parent in parents]]

    def others(self):
        """Processes whose command line names the folder."""
        found = []
        for pid in os.listdir('/proc'):
            try:
                with open('/proc/%s/cmdline' % pid, 'rb') as f:
                    if pid.isdigit() and (self.folder + '/').encode() in f.read():
                        found.append(int(pid))
            except OSError:
                continue
        return found
