"""A proxy between desks and a PostgreSQL server, which counts round trips, delays them, cuts and stalls connections.

    with Proxy(server, rtt=0.005) as proxy:
        fault = proxy.cut(after="COMMIT")
        ...  # a command with --db proxy.url(schema="north")
        assert fault.met.is_set()
        assert proxy.links[0].trips <= 11

A burst is all that a client sends until it has an answer, in as many messages and packets as it likes: one round trip.
Burst 0 opens the session, with passwords if there are any; bursts 1 and later are the client's work. That a client says
goodbye is no burst. Count trips with a delay: without one, answers may overtake a client that does not wait for them.
The connection is not encrypted.
"""

import asyncio
import re
import selectors
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.daemons import PATIENCE
from tests.postgres import Server

Point = int | str
"""The number of a burst, or the first word of a statement, for example COMMIT."""
NEXT = -1
"""The next burst, whatever its number."""
ENDS = ("", "Q", "S")
"""After the opening of a session, a Query and a Sync the server says, once for each, that it is ready again."""


class Message(NamedTuple):
    """A message of a client: its letter in the protocol, and the text of a Query or Parse."""

    letter: str
    statement: str


@dataclass
class Link:
    """A connection of a client through the proxy, and what it has sent, burst by burst."""

    bursts: list[list[Message]] = field(default_factory=lambda: [[]])
    answered: bool = False
    """Whether the client was given anything since it has sent something."""
    asked: int = 0
    """How many times the server has to say that it is ready again, for all that was sent to it."""
    ready: int = 0
    fault: "Fault | None" = None
    """The fault that is met when the server has done what it was last asked."""
    fault_from: int = 0

    @property
    def trips(self) -> int:
        """How many round trips the work of the client took, the opening of the session not among them."""
        return len(self.bursts) - 1

    @property
    def messages(self) -> int:
        """How many messages the client sent for its work."""
        return sum(len(burst) for burst in self.bursts[1:])


@dataclass
class Fault:
    """What happens once, to the first connection that comes to the point."""

    at: Point
    after: bool
    """Whether the server does it all, and only the answer is lost or late."""
    stalls: bool
    met: threading.Event = field(default_factory=threading.Event)

    def is_at(self, link: Link, *, begins: bool) -> bool:
        """Return whether a connection comes to the point with its last message, which may begin a burst."""
        if isinstance(self.at, int):
            return begins and self.at in (NEXT, link.trips)
        return re.match(rf"(.*;)?\s*{self.at}\b", link.bursts[-1][-1].statement, re.IGNORECASE | re.DOTALL) is not None


class Cut(Exception):
    """A connection is to be cut."""


class Proxy:
    """Takes connections at a port of the loopback, each to the server, until it is closed."""

    def __init__(self, server: Server, *, rtt: float = 0.0) -> None:
        self.server = server
        self.delay = rtt / 2
        """Seconds that anything takes in each direction."""
        self.links: list[Link] = []
        self.port = 0
        self._faults: list[Fault] = []
        self._listens = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Proxy":
        self._thread.start()
        assert self._listens.wait(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(PATIENCE)

    def url(self, *, schema: str = "", database: str = "") -> str:
        """Return a URL of the server that leads through the proxy."""
        return self.server.url(database=database, schema=schema, host="127.0.0.1", port=self.port, sslmode="disable")

    def cut(self, *, before: Point | None = None, after: Point | None = None) -> Fault:
        """Cut a connection before a burst reaches the server, or when it was done, instead of its answer."""
        return self._expect(before, after, stalls=False)

    def stall(self, *, before: Point | None = None, after: Point | None = None) -> Fault:
        """Hold a burst back from the server, or its answer from the client, until `resume`."""
        return self._expect(before, after, stalls=True)

    def resume(self) -> None:
        """Let everything go that was stalled."""
        self._loop.call_soon_threadsafe(self._resume)

    def _expect(self, before: Point | None, after: Point | None, *, stalls: bool) -> Fault:
        at = after if before is None else before
        assert at is not None
        fault = Fault(at, before is None, stalls)
        self._faults.append(fault)
        return fault

    def _resume(self) -> None:
        self._resumed.set()
        self._resumed = asyncio.Event()

    def _run(self) -> None:
        # The usual selector rounds a delay up to whole milliseconds.
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        self._loop, self._over, self._resumed = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
        listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        self._listens.set()
        await self._over.wait()
        listener.close()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        link = Link()
        self.links.append(link)
        try:
            server, to_server = await self._connect()
        except OSError:
            to_client.transport.abort()
            return
        up, down = _Line(to_server, self.delay), _Line(to_client, self.delay, lambda: setattr(link, "answered", True))
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._forward(client, up, link))
                tasks.create_task(self._answer(server, down, link))
                tasks.create_task(up.carry())
                tasks.create_task(down.carry())
        except* (Cut, ConnectionError, asyncio.CancelledError):  # cancelled: the proxy is closed
            pass
        finally:
            to_client.transport.abort()
            to_server.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.server.parameters["host"], int(self.server.parameters.get("port", 5432))
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _forward(self, client: asyncio.StreamReader, line: "_Line", link: Link) -> None:
        """Forward what a client sends, message by message, up to a fault."""
        split = _Split(opening=True)
        while data := await client.read(65_536):
            for letter, body, raw in split.feed(data):
                if letter == "X":  # goodbye
                    line.put(raw)
                    continue
                begins = _note(link, letter, body)
                fault = next((each for each in self._faults if each.is_at(link, begins=begins)), None)
                if fault:
                    self._faults.remove(fault)
                if fault and fault.after:
                    # It is done when the server is ready after this message, or after the Sync that is to follow.
                    link.fault, link.fault_from = fault, link.asked + (letter not in ENDS)
                elif fault:
                    await self._meet(fault)
                line.put(raw)
        line.end()

    async def _answer(self, server: asyncio.StreamReader, line: "_Line", link: Link) -> None:
        """Forward what the server answers, unless this is a fault's."""
        split, kept = _Split(), []
        while data := await server.read(65_536):
            for letter, _, raw in split.feed(data):
                kept.append(raw)
                link.ready += letter == "Z"
                if link.fault and link.fault_from <= link.ready == link.asked:
                    await self._meet(link.fault)
                    link.fault = None
            if kept and not link.fault:
                line.put(b"".join(kept))
                kept.clear()
        line.end()

    async def _meet(self, fault: Fault) -> None:
        resumed = self._resumed
        fault.met.set()
        if not fault.stalls:
            raise Cut
        await resumed.wait()


def _note(link: Link, letter: str, body: bytes) -> bool:
    """Note a message of a client, and return whether it begins a burst."""
    begins = link.answered and link.ready > 0
    if begins:
        link.bursts.append([])
    link.answered = False
    link.asked += letter in ENDS
    statement = {"Q": body[:-1], "P": body.partition(b"\0")[2].partition(b"\0")[0]}.get(letter, b"")
    link.bursts[-1].append(Message(letter, statement.decode()))
    return begins or letter == ""


class _Split:
    """Splits a stream into messages: a letter, a length, a body. The first message of a client has no letter."""

    def __init__(self, *, opening: bool = False) -> None:
        self.data = b""
        self.opening = opening

    def feed(self, data: bytes) -> list[tuple[str, bytes, bytes]]:
        """Take more of the stream, and return the letter, the body and all of each message that is whole."""
        self.data += data
        found, at = [], 0
        while len(self.data) >= at + (head := 4 if self.opening else 5):
            end = at + head - 4 + int.from_bytes(self.data[at + head - 4 : at + head])
            if len(self.data) < end:
                break
            found.append((self.data[at : at + head - 4].decode(), self.data[at + head : end], self.data[at:end]))
            at, self.opening = end, False
        self.data = self.data[at:]
        return found


class _Line:
    """One direction of a connection: what is put into it comes out after the delay."""

    def __init__(self, out: asyncio.StreamWriter, delay: float, arrived: Callable[[], object] = lambda: None) -> None:
        self.out, self.delay, self.arrived = out, delay, arrived
        self.loop = asyncio.get_running_loop()
        self.under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    def put(self, data: bytes) -> None:
        self.under_way.put_nowait((self.loop.time() + self.delay, data))

    def end(self) -> None:
        self.put(b"")

    async def carry(self) -> None:
        while True:
            at, data = await self.under_way.get()
            if (early := at - self.loop.time()) > 0:
                await asyncio.sleep(early)
            if not data:
                break
            self.out.write(data)
            self.arrived()
            await self.out.drain()
        self.out.close()
