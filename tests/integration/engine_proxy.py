"""An engine socket that can be cut and come back: it hands every byte on to the real one.

For tests of "the engine is away" without stopping an engine that others use.
"""
import os
import re
import shutil
import socket
import tempfile
import threading

from flowtest import ENGINE_SOCKET, Engine


class EngineProxy:
    """Listens at `path` between up() and down(); down() cuts what is connected, too.

    `rewrite`: what each request is to become, of the same length, before the engine gets it.
    """

    def __init__(self, rewrite=None):
        self.rewrite = rewrite
        self.folder = tempfile.mkdtemp(prefix='fp', dir='/tmp')
        self.path = os.path.join(self.folder, 'e.sock')
        self.lock = threading.Lock()
        self.open = set()
        self.listener = None

    def up(self):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.path)
        listener.listen(64)
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()
        return self

    def down(self):
        if self.listener is None:
            return
        os.unlink(self.path)
        listener, self.listener = self.listener, None
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        with self.lock:
            ends = list(self.open)
        for end in ends:
            self.cut(end)

    def close(self):
        self.down()
        shutil.rmtree(self.folder, ignore_errors=True)

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                engine.connect(ENGINE_SOCKET)
            except OSError:
                client.close()
                continue
            with self.lock:
                self.open.update((client, engine))
            pair = {client, engine}      # whose pump still runs
            for source, sink in ((client, engine), (engine, client)):
                pieces = self.requests(source) if self.rewrite and source is client else self.pieces(source)
                threading.Thread(target=self.pump, args=(pieces, source, sink, pair), daemon=True).start()
            if self.listener is not listener:     # came in between: this one is cut, too
                self.cut(client)

    @staticmethod
    def pieces(source):
        return iter(lambda: source.recv(65536), b'')

    def requests(self, source):
        """Each request whole, rewritten: a piece could end in the middle of what is looked for."""
        data = b''
        for piece in self.pieces(source):
            data += piece
            head, end, body = data.partition(b'\r\n\r\n')
            length = re.search(rb'\r\ncontent-length: *(\d+)', head, re.IGNORECASE)
            if end and len(body) >= (int(length.group(1)) if length else 0):
                yield self.rewrite(data)
                data = b''

    def pump(self, pieces, source, sink, pair):
        try:
            for data in pieces:
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self.cut(sink)
        finally:
            with self.lock:
                pair.discard(source)
                if not pair:
                    self.open.difference_update((source, sink))
                    source.close()
                    sink.close()

    @staticmethod
    def cut(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class BehindProxy(Engine):
    """The real engine for the test, the proxy's path for the daemon."""

    def __init__(self, proxy):
        super().__init__(proxy.path)
        self.real = Engine()

    def call(self, *args, **more):
        return self.real.call(*args, **more)
