"""The connections of the client under test: a WebSocket, a stream, a sequence of long polls, and calls of commands."""

import asyncio
import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from .house import Json

if TYPE_CHECKING:
    from .server import HostileServer

SUBSCRIBE_FIELDS = {"type", "room", "since", "epoch", "paged"}
MOVING = ("snapshot", "event", "sync", "live")
"""Frames that move a reader's cursor."""
STATUS = {"unauthorized": 401, "forbidden": 403, "rate_limited": 429, "unavailable": 503}
"""The HTTP statuses of errors; all others are 409."""
LONGEST_WAIT_S = 30.0
"""The longest wait of a poll."""
LARGE = 65_536
"""A longer text of a stream's message is several lines of data."""
NEXT_POLL_S = 15.0
"""The longest time until a client polls again."""


def problem(status: int, code: str, headers: dict[str, str] | None = None, **more: object) -> web.Response:
    """Returns an RFC 9457 problem in the form of the contract."""
    body: Json = {"type": "about:blank", "title": code, "status": status, "code": code}
    body |= {"detail": "as the case wants it"} | more
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


def problem_of(error: Json) -> web.Response:
    """Returns the problem that is the same refusal as the frame `error`."""
    wait = error.get("retry_after_ms")
    headers = None if wait is None else {"Retry-After": str(math.ceil(wait / 1000))}
    more = {name: error[name] for name in ("retry_after_ms", "document") if name in error}
    return problem(STATUS.get(error["code"], 409), error["code"], headers, **more)


def now_text(ahead_s: float = 0.0) -> str:
    """Returns a time in the form of the contract."""
    at = datetime.now(UTC) + timedelta(seconds=ahead_s)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Link:
    """A connection of the client."""

    def __init__(self, server: "HostileServer", request: web.Request) -> None:
        self.server = server
        self.opened_at = time.monotonic()
        self.rooms: dict[str, Json] = {}
        """The last subscription of each joined room."""
        self.subscribes: list[Json] = []
        self.refreshed: list[str] = []
        """The tokens that the client sent by `refresh`, which only a WebSocket has."""
        self.over = False
        self.mute = False
        """Whether the server shows no sign of life."""
        self._request = request

    async def send(self, *frames: Json) -> None:
        """Sends frames as they are."""
        raise NotImplementedError

    async def close(self, code: int) -> None:
        """Ends the connection as the server does."""
        raise NotImplementedError

    @property
    def ready(self) -> bool:
        """Whether the client can receive frames now."""
        return not self.over

    async def tell(self, *entries: Json) -> None:
        """Sends events to the joined rooms that carry them."""
        house = self.server.house
        events = ((room, entry) for entry in entries for room in self.rooms if entry in house.of_room(room))
        await self.send(*(house.event(room, entry) for room, entry in events))

    def cut(self) -> None:
        """Ends the connection as a network does."""
        self.over = True
        self.server.note("server", {"cut": True})
        abort(self._request)

    async def join(self, frame: Json) -> None:
        """Answers a subscription as the case wants."""
        self.rooms[frame["room"]] = frame
        self.subscribes.append(frame)
        await self.server.take(self.server.answers, self.server.answer, self, frame)


class SocketLink(Link):
    """A WebSocket."""

    def __init__(self, server: "HostileServer", request: web.Request, socket: web.WebSocketResponse) -> None:
        super().__init__(server, request)
        self.pongs = 0
        self._socket = socket

    async def send(self, *frames: Json) -> None:
        """Sends each frame as a message."""
        for frame in frames:
            self.server.note("server", frame)
            try:
                await self._socket.send_str(json.dumps(frame))
            except (ConnectionError, RuntimeError):
                self.over = True  # the client has gone, and the case will fail at its next wait

    async def ping(self) -> None:
        """Sends a WebSocket ping."""
        await self._socket.ping(b"kit")

    async def close(self, code: int) -> None:
        """Closes with a code."""
        self.over = True
        self.server.note("server", {"close": code})
        await self._socket.close(code=code, message=b"as the case wants it")

    async def run(self) -> None:
        """Reads until the connection ends."""
        async for message in self._socket:
            if self.mute:
                continue
            if message.type is WSMsgType.TEXT:
                await self._receive(json.loads(message.data))
            elif message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.pongs += 1
        self.over = True

    async def _receive(self, frame: Json) -> None:
        self.server.note("client", frame)
        match frame.get("type"):
            case "subscribe":
                self._check(frame)
                await self.join(frame)
            case "unsubscribe":
                self.rooms.pop(frame["room"], None)
            case "command" | "place":
                self.server.commands.append(frame)
                await self.server.take(self.server.outcomes, self.server.execute, self, frame)
            case "refresh":
                self.refreshed.append(frame["token"])
            case "ping":
                nonce = {"nonce": frame["nonce"]} if "nonce" in frame else {}
                await self.send({"type": "pong", "server_time": now_text()} | nonce)
            case "seen":
                pass
            case _:
                self.server.violations.append(f"a frame of an unknown type: {json.dumps(frame)[:200]}")

    def _check(self, frame: Json) -> None:
        unknown = set(frame) - SUBSCRIBE_FIELDS
        if unknown:
            self.server.violations.append(f"unknown fields of `subscribe`: {sorted(unknown)}")
        if "paged" in frame and not self.server.welcome.get("paged"):
            self.server.violations.append("asked for parts of a server whose `welcome` does not offer them")


class StreamLink(Link):
    """A stream of server-sent events, of one room or of several."""

    def __init__(self, server: "HostileServer", request: web.Request, asked: list[Json]) -> None:
        super().__init__(server, request)
        self._asked = asked
        self._epoch = server.house.epoch
        self._cursor = int(asked[0].get("since", 0))
        self._response: web.StreamResponse | None = None
        self._refusal: web.Response | None = None

    async def send(self, *frames: Json) -> None:
        """Sends each frame as a message. An error before the first one refuses the request for a single room."""
        for frame in frames:
            if frame["type"] == "error" and self._response is None and len(self._asked) == 1:
                self._refusal, self.over = problem_of(frame), True
                return
            await self._begin()
            self.server.note("server", frame)
            await self.write(self.message(frame))

    def message(self, frame: Json) -> str:
        """Returns the text of a message, and moves the cursor that its id names."""
        type, more = frame["type"], frame.get("more", False)
        if type in MOVING and not more:
            self._cursor = frame["position"]
        id = "" if more else f"{self._epoch}.{self._cursor}"
        head = f"id: {id}\n" if len(self._asked) == 1 else ""
        data = json.dumps(frame, ensure_ascii=False)
        if len(data) > LARGE:
            data = json.dumps(frame, ensure_ascii=False, indent=0).replace("\n", "\ndata: ")
        return f"{head}event: {type}\ndata: {data}\n\n"

    async def write(self, text: str | bytes) -> None:
        """Sends a piece of the stream as it is."""
        assert self._response is not None
        try:
            await self._response.write(text.encode() if isinstance(text, str) else text)
        except (ConnectionError, RuntimeError):
            self.over = True  # the client has gone

    async def close(self, code: int) -> None:
        """Ends the stream after the frame that belongs to a close code, if there is one."""
        if code == 4401:
            await self.send({"type": "error", "code": "unauthorized", "message": "the token has expired"})
        self.server.note("server", {"end of the stream": True})
        self.over = True

    async def run(self) -> web.StreamResponse:
        """Answers the request, until the stream ends."""
        for frame in self._asked:
            await self.join(frame)
        if self._refusal is not None:
            return self._refusal
        await self._begin()
        assert self._response is not None
        beat = time.monotonic()
        while not self.over and not is_gone(self._request):
            await asyncio.sleep(0.01)
            if time.monotonic() - beat >= self.server.heartbeat_ms / 1000 and not self.mute:
                beat = time.monotonic()
                await self.write(": hb\n\n")
        self.over = True
        return self._response

    async def _begin(self) -> None:
        if self._response is not None:
            return
        self._response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await self._response.prepare(self._request)
        await self.write("retry: 1500\n\n")
        await self.send(self.server.greeting())


class PollLink(Link):
    """Long polls for the same rooms, one after another."""

    def __init__(self, server: "HostileServer", request: web.Request) -> None:
        super().__init__(server, request)
        self._frames: list[Json] = []
        """The frames of the last poll's answer."""
        self._answering = False
        self._held = False
        self._torn = False
        self._told = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether a poll is held."""
        return self._held and not self.over

    async def send(self, *frames: Json) -> None:
        """Adds frames to the answer that is being made, or to that of the held poll, which it ends."""
        if not self._answering:
            await self._next_poll()
        for frame in frames:
            self.server.note("server", frame)
        self._frames += frames
        self._told.set()

    async def send_torn(self, *frames: Json) -> None:
        """Sends frames in an answer that the network cuts in the middle."""
        self._torn = True
        await self.send(*frames)

    async def close(self, code: int) -> None:
        """Ends the wait. The next poll begins another connection."""
        await self._next_poll()
        self.over = True
        self._told.set()

    async def answer(self, request: web.Request, asked: list[Json], wait: float) -> web.StreamResponse:
        """Answers a poll: at once with missed events, a snapshot or a refusal, and else when there is news."""
        self._request, self._told = request, asyncio.Event()
        frames = self._frames = []
        self._answering = True
        for frame in asked:
            await self.join(frame)
        self._answering = False
        if not any(frame["type"] in ("snapshot", "event", "error") for frame in frames):
            told = self._told = asyncio.Event()
            self._held = True
            # Even the honest answer to a subscription without news has `live`: without a frame, the case withholds it.
            seconds = wait if frames else LONGEST_WAIT_S
            await within(seconds, lambda: told.is_set() or self.over or is_gone(request))
        if self._frames is frames:
            self._held = False  # no later poll has taken its place
        response = self._response(asked, frames)
        return await self._tear(request, response) if self._torn else response

    async def _tear(self, request: web.Request, whole: web.Response) -> web.StreamResponse:
        self._torn = False
        text = whole.text or ""
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(text))})
        await response.prepare(request)
        await response.write(text[: len(text) // 2].encode())
        await asyncio.sleep(0.1)  # the client reads the first half
        abort(request)
        return response

    async def _next_poll(self) -> None:
        await within(NEXT_POLL_S, lambda: self._held or self.over)

    def _response(self, asked: list[Json], frames: list[Json]) -> web.Response:
        one = asked[0] if len(asked) == 1 else None
        if one is not None and (error := next((each for each in frames if each["type"] == "error"), None)):
            return problem_of(error)
        house = self.server.house
        body: Json = {"epoch": house.epoch, "version": "kit"}
        if one is not None:
            moved = [frame["position"] for frame in frames if frame["type"] in MOVING]
            position = max(moved, default=one.get("since", house.head))
            body |= {"room": one["room"], **house.named(position)}
            frames = [frame for frame in frames if frame["type"] in ("snapshot", "event")]
        return web.json_response(body | {"frames": frames})


class Call(Link):
    """A command that was sent as an HTTP call."""

    def __init__(self, server: "HostileServer", request: web.Request) -> None:
        super().__init__(server, request)
        self.response: web.Response | None = None

    async def send(self, *frames: Json) -> None:
        """Answers the call with an `ack` or an `error`."""
        for frame in frames:
            self.server.note("server", frame)
            if frame["type"] == "error":
                self.response = problem_of(frame)
            elif frame["type"] == "ack":
                is_order = self._request.path.endswith("/orders")
                ack = {name: value for name, value in frame.items() if name != "type"}
                body = frame["document"] if is_order else ack
                self.response = web.json_response(body, status=201 if is_order else 200)


async def within(seconds: float, condition: Callable[[], bool]) -> None:
    """Waits until a condition holds, but not longer than some seconds."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= until:
            return
        await asyncio.sleep(0.01)


def is_gone(request: web.Request) -> bool:
    """Returns whether the client has ended the request."""
    return request.transport is None or request.transport.is_closing()


def abort(request: web.Request) -> None:
    """Ends the connection of a request as a network does."""
    if request.transport is not None:
        request.transport.abort()
