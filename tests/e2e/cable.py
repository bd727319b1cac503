"""A cable between a client and a server that a test can pull out and plug in again."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread


class Cable:
    """Forwards every connection to its own port to a server, until it is cut or frozen."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._far = (host, port)
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []
        self._lock = Lock()
        self._flowing = Event()
        self._flowing.set()
        self.mend()

    def freeze(self) -> None:
        """Keep every connection and let nothing through, as a network does that loses its packets."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let through what has waited."""
        self._flowing.set()

    def mend(self) -> None:
        """Take connections, always on the same port."""
        self.thaw()
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """Refuse new connections and break those that are there."""
        with self._lock:
            if self._listener is not None:
                _end(self._listener)
            self._listener = None
            for each in self._ends:
                _end(each)
            self._ends.clear()
        self.thaw()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._far)
                with self._lock:
                    if listener is not self._listener:  # cut since
                        _end(near)
                        _end(far)
                        return
                    self._ends += [near, far]
                Thread(target=self._forward, args=(near, far), daemon=True).start()
                Thread(target=self._forward, args=(far, near), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        _end(source)
        _end(sink)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it; closing alone does not
    end.close()


@contextmanager
def cable(host: str, port: int) -> Iterator[Cable]:
    """A cable to a server, cut in the end."""
    made = Cable(host, port)
    try:
        yield made
    finally:
        made.cut()
