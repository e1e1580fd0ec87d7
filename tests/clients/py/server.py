"""socketio-conformance as a child process: told by its ready line, ended by its own id."""
import os
import random
import select
import signal
import socket
import subprocess
import time

PROGRAM = os.environ['CONFORMANCE']
READY = 'listening on '
DEADLINE = 10


def free_port():
    """A port below those that the kernel gives to connections, for a server that comes back on the port it had."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue


class Server:
    def __init__(self, **options):
        self.options = {'port': 0, **options}
        self.child = None
        self.url = None

    def start(self):
        args = [PROGRAM]
        for name, value in self.options.items():
            args += ['--' + name.replace('_', '-'), str(value)]
        self.child = subprocess.Popen(args, stdout=subprocess.PIPE)
        self.url = self._read_url()
        return self

    def _read_url(self):
        # The first line is the ready line or a log line; bytes are read one at a time, so that none is kept back.
        line, end = b'', time.monotonic() + DEADLINE
        while True:
            ready, _, _ = select.select([self.child.stdout], [], [], max(0, end - time.monotonic()))
            byte = os.read(self.child.stdout.fileno(), 1) if ready else b''
            if not byte:
                raise AssertionError(f'no ready line from {self.child.args}')
            line += byte
            if byte == b'\n':
                if line.decode().startswith(READY):
                    return line.decode().strip()[len(READY):]
                line = b''

    def kill(self):
        """Without a word to anybody."""
        self.child.kill()
        self._wait()

    def stop(self):
        """In order. Anything but code 0 is a failure: a sanitizer says by it that it found something."""
        if self.child is None or self.child.returncode is not None:
            return
        self.child.send_signal(signal.SIGTERM)
        code = self._wait()
        if code != 0:
            raise AssertionError(f'the server ended with code {code}')

    def _wait(self):
        code = self.child.wait(DEADLINE)
        self.child.stdout.close()
        return code
