"""A running case: the client under test as a process, the hostile server, and the checks."""

import asyncio
import json
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .house import KITCHEN, RESTAURANT, Json, open_orders
from .link import Link, SocketLink
from .server import HostileServer

PATIENCE_S = 15.0
"""The longest time for an expected action of the client, unless the command line or the contract says otherwise."""
CASE_S = 60.0
"""The longest time of a case."""
READY_S = 30.0
"""The longest time until an adapter is ready."""
LINE_BYTES = 64 * 1024 * 1024


class BrokenRule(Exception):
    """The client broke a rule."""


class AdapterFailed(Exception):
    """The adapter does not speak the kit's protocol."""


def require(holds: bool, message: str) -> None:
    """Raises a broken rule if something does not hold."""
    if not holds:
        raise BrokenRule(message)


class Client:
    """The adapter's process: JSON lines in and out."""

    def __init__(self, process: asyncio.subprocess.Process, patience: float) -> None:
        self.name = "?"
        self.transports: tuple[str, ...] = ("websocket",)
        """The transports among which the client changes by itself."""
        self.patience = patience
        self.applied: dict[str, list[str]] = {}
        """The ids of the events that were applied since the last snapshot, by room."""
        self.snapshots: dict[str, int] = {}
        self.answers: dict[str, Json] = {}
        self.stopped: str | None = None
        self._process = process
        self._reports: dict[int, Json] = {}
        self._moved = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, command: Sequence[str], patience: float) -> "Client":
        """Starts the adapter and waits for its first line."""
        try:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES
            )
        except OSError as error:
            raise AdapterFailed(f"the adapter cannot be started: {error}") from error
        client = cls(process, patience)
        try:
            await client.until(lambda: client.name != "?", "the adapter says `ready`", READY_S)
        except (BrokenRule, AdapterFailed) as error:
            await client.end()
            raise AdapterFailed(str(error)) from error
        return client

    async def do(self, what: str, **fields: Any) -> None:
        """Sends a line."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": what, **fields}).encode() + b"\n")
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise AdapterFailed("the adapter has ended") from error

    async def report(self) -> Json:
        """Returns the client's state."""
        number = len(self._reports) + 1
        self._reports[number] = {}
        await self.do("report", number=number)
        await self.until(lambda: bool(self._reports[number]), "the adapter reports")
        return self._reports[number]

    async def until(self, condition: Callable[[], bool], what: str, seconds: float | None = None) -> None:
        """Waits until a condition on the adapter's lines holds."""
        seconds = self.patience if seconds is None else seconds
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    if self._reading.done():
                        raise AdapterFailed(f"the adapter ended before: {what}")
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            raise BrokenRule(f"within {seconds:g} s: {what}") from None

    async def end(self) -> None:
        """Ends the process."""
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        try:
            async for line in self._process.stdout:
                if line.startswith(b"{"):
                    self._hear(json.loads(line))
                    self._moved.set()
        finally:
            self._moved.set()

    def _hear(self, line: Json) -> None:
        match line["tell"]:
            case "ready":
                self.transports = tuple(line.get("transports", self.transports))
                self.name = str(line["client"])
            case "snapshot":
                self.applied[line["room"]] = []
                self.snapshots[line["room"]] = self.snapshots.get(line["room"], 0) + 1
            case "applied":
                self.applied.setdefault(line["room"], []).append(line["event"])
            case "answer":
                self.answers[line["id"]] = line
            case "stopped":
                self.stopped = str(line.get("reason", ""))
            case "report":
                self._reports[line["number"]] = line


class Trial:
    """The tools of a case."""

    def __init__(self, client: Client, server: HostileServer, transports: tuple[str, ...]) -> None:
        self.client = client
        self.server = server
        self.transport = transports[0]
        self.server.open = transports[:1]
        self.house = server.house
        self.patience = client.patience
        self._links = 0

    async def begin(self, *rooms: str) -> None:
        """Tells the client to connect and to follow rooms, by default the kitchen's."""
        await self.client.do(
            "connect",
            url=self.server.url,
            slug="kit",
            restaurant=RESTAURANT,
            rooms=list(rooms or (KITCHEN,)),
            transport=self.transport,
            **self.server.desk.pairs[-1],
        )

    async def connect(self, *rooms: str) -> Link:
        """Connects the client, and returns the first link once the client shows the server's state."""
        await self.begin(*rooms)
        link = await self.link()
        await self.joined(*rooms)
        await self.shows(*rooms)
        return link

    async def connect_socket(self, *rooms: str) -> SocketLink:
        """Connects the client by a WebSocket."""
        link = await self.connect(*rooms)
        assert isinstance(link, SocketLink)
        return link

    async def listening(self) -> None:
        """Waits until the client can receive frames in each of its rooms."""

        def is_ready() -> bool:
            return all(link.ready for link in self.server.newest().values())

        await self.until(is_ready, "the client polls again")

    async def tell(self, *entries: Json) -> None:
        """Sends events to the newest connection of each room that carries them."""
        await self.server.tell(*entries)

    @property
    def newest(self) -> Link:
        """The newest connection of the kitchen's room."""
        return self.server.newest()[KITCHEN]

    async def link(self, within: float | None = None, what: str = "the client connects") -> Link:
        """Waits for the next connection."""
        await self.until(lambda: len(self.server.links) > self._links, what, within)
        link = self.server.links[self._links]
        self._links += 1
        return link

    async def joined(self, *rooms: str) -> Json:
        """Waits until connections since the last one that `link` returned have joined rooms.

        Returns the subscription of the first room.
        """
        names, links = rooms or (KITCHEN,), self.server.links
        first = self._links - 1
        everywhere = f"the client subscribes to {', '.join(names)}"
        await self.until(lambda: set(names) <= {room for link in links[first:] for room in link.rooms}, everywhere)
        asked = [frame for link in links[first:] for frame in link.subscribes if frame["room"] == names[0]]
        return asked[0]

    async def resumed(self, since: int, what: str, within: float | None = None) -> Link:
        """Waits for the next connection, which must resume the kitchen's room from a cursor."""
        link = await self.link(within, what)
        self.must_resume(await self.joined(), since)
        return link

    def must_resume(self, frame: Json, since: int) -> None:
        """Checks that a subscription resumes from a cursor."""
        require(frame.get("since") == since, f"`since` must be {since}, the cursor: {frame}")
        # A `since` without an epoch belongs to the epoch in `welcome`. A client may leave out the tag.
        epoch, _, tag = str(frame.get("epoch", self.house.epoch)).partition("~")
        require(epoch == self.house.epoch, f"the epoch of the cursor is wrong: {frame}")
        require(tag in ("", self.house.tag(since)), f"the tag of the cursor is not of its event: {frame}")

    async def until(self, condition: Callable[[], bool], what: str, seconds: float | None = None) -> None:
        """Waits until a condition on the server holds."""
        seconds = self.patience if seconds is None else seconds
        deadline = time.monotonic() + seconds
        while not condition():
            require(time.monotonic() < deadline, f"within {seconds:g} s: {what}")
            if self.client._reading.done():
                raise AdapterFailed(f"the adapter ended before: {what}")
            await asyncio.sleep(0.01)

    async def never(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        """Checks that something does not happen for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            require(not condition(), f"must not happen: {what}")
            await asyncio.sleep(0.01)

    async def hold(self, script: list[Any]) -> "Held":
        """Withholds the answer to the next subscription or command."""
        held = Held(self)
        script.append(held.keep)
        return held

    async def shows(self, *rooms: str, exactly: bool = False) -> None:
        """Waits until the client has the server's state, and has applied each event once and in order."""
        for room in rooms or (KITCHEN,):
            deadline = time.monotonic() + self.patience
            while (difference := self._difference(room, await self.client.report(), exactly)) is not None:
                require(time.monotonic() < deadline, difference)
                await asyncio.sleep(0.03)
        await self.listening()

    async def reached(self, position: int, room: str = KITCHEN) -> None:
        """Waits until a room's cursor is at a position, by the client's report."""
        deadline = time.monotonic() + self.patience
        while ((await self.client.report())["rooms"].get(room, {}).get("cursor") or 0) < position:
            require(time.monotonic() < deadline, f"within {self.patience:g} s: the cursor of {room} is {position}")
            await asyncio.sleep(0.03)

    async def shows_still(self, room: str, before: Json, what: str, seconds: float = 0.3) -> None:
        """Checks that the client keeps showing the same state."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            shown = shown_of(await self.client.report(), room)
            require(shown == before, f"{what}: {difference_of(before, shown)}")
            await asyncio.sleep(0.03)

    async def shown(self, room: str = KITCHEN) -> Json:
        """Returns the client's state of a room."""
        return shown_of(await self.client.report(), room)

    def _difference(self, room: str, report: Json, exactly: bool) -> str | None:
        if room not in report["rooms"]:
            return f"the client reports no room {room}"
        expected, shown = self.house.state(room), shown_of(report, room)
        # A snapshot leaves out orders with a final status; a client that saw them end may keep them.
        if exactly:
            expected["documents"] = open_orders(expected["documents"])
        else:
            expected["documents"], shown["documents"] = (open_orders(each["documents"]) for each in (expected, shown))
        if not report["rooms"][room]["live"]:
            return f"{room} is not live"
        if expected != shown:
            return f"{room} shows something else than the server has: {difference_of(expected, shown)}"
        applied, log = self.client.applied.get(room, []), self.house.ids(room)
        if applied != log[len(log) - len(applied) :]:
            return f"events of {room} were applied twice, out of order or not at all: {applied}, of {log}"
        return None


class Held:
    """A frame whose answer is withheld."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._frame: Json | None = None
        self._link: Link | None = None

    async def keep(self, link: Link, frame: Json) -> None:
        """Takes the frame instead of answering it."""
        self._link, self._frame = link, frame

    async def came(self, what: str) -> Json:
        """Waits for the frame."""
        await self._trial.until(lambda: self._frame is not None, what)
        assert self._frame is not None
        return self._frame

    async def answer(self) -> None:
        """Answers a subscription honestly, as of now."""
        assert self._link is not None
        assert self._frame is not None
        await self._trial.server.answer(self._link, self._frame)


def shown_of(report: Json, room: str) -> Json:
    """Returns the state in a report."""
    each = report["rooms"].get(room, {})
    documents = each.get("documents") or {}
    return {
        "documents": documents if not room.startswith("menu:") else {},
        "calls": each.get("calls") or {},
        "displays": each.get("displays") or {},
        "menu": each.get("menu"),
    }


def difference_of(expected: Any, shown: Any, path: str = "") -> str:
    """Describes the first place at which two documents differ."""
    if isinstance(expected, dict) and isinstance(shown, dict):
        for name in sorted(expected.keys() | shown.keys()):
            if name not in shown:
                return f"{path}/{name} is missing"
            if name not in expected:
                return f"{path}/{name} must not be there"
            if expected[name] != shown[name]:
                return difference_of(expected[name], shown[name], f"{path}/{name}")
    return f"{path or '/'} is {json.dumps(shown)[:200]} instead of {json.dumps(expected)[:200]}"


@dataclass(frozen=True)
class Case:
    """A rule of the contract, and its test."""

    name: str
    section: str
    """The part of docs/protocol.md that has the rule."""
    rule: str
    transports: tuple[str, ...]
    """The transports that the case needs. At its beginning, the network lets only the first one through."""
    run: Callable[[Trial], Awaitable[None]]


@dataclass
class Result:
    """The result of a case."""

    case: Case
    seconds: float
    failure: str | None = None
    transcript: list[str] = field(default_factory=list)


async def ask_client(command: Sequence[str], patience: float) -> tuple[str, tuple[str, ...]]:
    """Returns the client's name and its transports. Raises `AdapterFailed`."""
    client = await Client.start(command, patience)
    await client.end()
    return client.name, client.transports


async def try_case(case: Case, command: Sequence[str], patience: float) -> Result:
    """Runs a case with its own process."""
    began, server, client = time.monotonic(), HostileServer(), None
    failure: str | None = None
    try:
        await server.start()
        client = await Client.start(command, patience)
        async with asyncio.timeout(CASE_S):
            await case.run(Trial(client, server, case.transports))
        require(not server.violations, "; ".join(server.violations))
    except BrokenRule as broken:
        failure = "; ".join([str(broken), *server.violations])
    except TimeoutError:
        failure = f"not done within {CASE_S:g} s"
    except AdapterFailed as error:
        failure = f"adapter: {error}"
    except Exception:
        failure = "the kit itself failed: " + traceback.format_exc()
    finally:
        if client is not None:
            await client.end()
        await server.stop()
    return Result(case, time.monotonic() - began, failure, server.transcript[-40:] if failure else [])
