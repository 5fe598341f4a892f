"""Send requests over kept connections, as light as Python can: the client must not be what is measured."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PATIENCE = 30.0  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Result:
    """What a number of clients got in a length of time."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.waits) / self.seconds if self.seconds else 0.0

    @property
    def slowest(self) -> float:
        """The longest wait, in seconds."""
        return max(self.waits, default=0.0)


class Line:
    """One kept HTTP/1.1 connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.host = f"127.0.0.1:{port}"
        self._socket: socket.socket | None = None
        self._rest = b""

    def get(self, path: str, headers: str = "") -> Answer:
        """Fetch a page."""
        return self._send(f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}\r\n".encode())

    def post(self, path: str, body: bytes, kind: str, headers: str = "") -> Answer:
        """Send a body of a content type."""
        head = f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        return self._send(f"{head}{headers}\r\n".encode() + body)

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._rest = b""
        self._socket.sendall(request)
        answer = self._read()
        if answer.headers.get("connection") == "close":
            self.close()
        return answer

    def _read(self) -> Answer:
        head = self._until(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(self._rest) < length:
            self._rest += self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        return Answer(int(first.split(" ", 2)[1]), headers, body)

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._rest:
            self._rest += self._more()
        found, _, self._rest = self._rest.partition(mark)
        return found

    def _more(self) -> bytes:
        assert self._socket is not None
        if not (received := self._socket.recv(262_144)):
            self.close()
            raise ConnectionError("the server closed the line")
        return received


Step = Callable[[Line, int], Answer]


def drive(port: int, step: Step, *, clients: int = 8, seconds: float = 2.0, most: int | None = None) -> Result:
    """Let clients repeat ``step(line, number)`` for a time, each number once; at most ``most`` times in all."""
    numbers = _numbers(most)
    lock = threading.Lock()
    gathered: list[tuple[int, float]] = []
    begin = time.perf_counter()
    last = begin + seconds

    def client() -> None:
        line = Line(port)
        mine = []
        while time.perf_counter() < last:
            with lock:
                number = next(numbers, None)
            if number is None:
                break
            sent = time.perf_counter()
            answer = step(line, number)
            mine.append((answer.status, time.perf_counter() - sent))
        line.close()
        with lock:
            gathered.extend(mine)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = Counter(status for status, _ in gathered)
    return Result(time.perf_counter() - begin, statuses, [wait for _, wait in gathered])


def _numbers(most: int | None) -> Iterator[int]:
    number = 0
    while most is None or number < most:
        yield number
        number += 1
