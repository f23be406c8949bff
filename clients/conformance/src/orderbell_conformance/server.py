"""The hostile server. It is honest until a case says otherwise."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import WSMsgType, web

from .house import RESTAURANT, House, Json

SUBPROTOCOL = "orderbell.v1"
SUBSCRIBE_FIELDS = {"type", "room", "since", "epoch", "paged"}
DEFAULT_LIFETIME_S = 3600.0
HEARTBEAT_MS = 15_000

Answer = Callable[["Link", Json], Awaitable[None]]


def now_text(ahead_s: float = 0.0) -> str:
    """Returns a time in the form of the contract."""
    at = datetime.now(UTC) + timedelta(seconds=ahead_s)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def problem(status: int, code: str, headers: dict[str, str] | None = None) -> web.Response:
    """Returns an RFC 9457 problem in the form of the contract."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": "as the case wants it"}
    return web.json_response(body, status=status, headers=headers, content_type="application/problem+json")


class Desk:
    """Issues tokens. One access token is valid at a time. Repeating the last refresh token gets its successor again."""

    def __init__(self) -> None:
        self.lifetime = DEFAULT_LIFETIME_S
        self.generation = 0
        self.asked: list[str] = []
        """The received refresh tokens, in order."""
        self.script: list[str] = []
        """The faults of the next renewals: `lose`, `slow`, `unavailable`, `proxy`, `over`. Later ones are answered."""
        self.pairs: list[Json] = []
        self.issue()

    @property
    def access_token(self) -> str:
        """The valid access token."""
        return str(self.pairs[-1]["access_token"])

    def issue(self) -> None:
        """Begins a session."""
        self.pairs = [self._pair()]

    def _pair(self) -> Json:
        self.generation += 1
        claims: Json = {"sub": "kit", "role": "staff", "restaurant": RESTAURANT, "jti": str(self.generation)}
        claims |= {"iat": int(time.time()), "exp": int(time.time() + self.lifetime + 1)}
        parts = [{"alg": "HS256", "kid": "kit"}, claims, {"signed": self.generation}]
        token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        return {
            "access_token": token,
            "refresh_token": f"refresh-{self.generation}",
            "token_type": "Bearer",
            "expires_in": self.lifetime,
        }

    def renewed(self, refresh_token: str) -> Json | None:
        """Returns the successor of a refresh token; None if the session is over."""
        spent = [pair["refresh_token"] for pair in self.pairs]
        if refresh_token == spent[-1]:
            self.pairs.append(self._pair())
        elif len(spent) < 2 or refresh_token != spent[-2]:
            return None
        return self.pairs[-1]

    async def renew(self, request: web.Request) -> web.Response:
        """Answers `POST /api/v1/sessions/refresh` as the script says."""
        refresh_token = (await request.json())["refresh_token"]
        self.asked.append(refresh_token)
        fault = self.script.pop(0) if self.script else ""
        match fault:
            case "unavailable":
                return problem(503, "unavailable", {"Retry-After": "1"})
            case "proxy":
                return web.Response(status=401, text="<html>sign in to the network</html>", content_type="text/html")
            case "over":
                return problem(401, "unauthorized")
            case "slow":
                await asyncio.sleep(2.5)
        pair = self.renewed(refresh_token)
        if fault == "lose" and request.transport is not None:
            request.transport.abort()
        return problem(401, "unauthorized") if pair is None else web.json_response(pair)


@dataclass
class Handshake:
    """A request for a WebSocket."""

    at: float
    token: str
    refused: int | None


class Link:
    """A connection of the client."""

    def __init__(self, server: "HostileServer", socket: web.WebSocketResponse, request: web.Request) -> None:
        self.server = server
        self.opened_at = time.monotonic()
        self.rooms: dict[str, Json] = {}
        """The last subscription of each joined room."""
        self.subscribes: list[Json] = []
        self.commands: list[Json] = []
        self.refreshed: list[str] = []
        self.pongs = 0
        self.over = False
        self.mute = False
        self._socket = socket
        self._request = request

    async def send(self, *frames: Json) -> None:
        """Sends frames as they are."""
        for frame in frames:
            self.server.note("server", frame)
            try:
                await self._socket.send_str(json.dumps(frame))
            except (ConnectionError, RuntimeError):
                self.over = True  # the client has gone, and the case will fail at its next wait

    async def tell(self, *entries: Json) -> None:
        """Sends events to the joined rooms that carry them."""
        for entry in entries:
            for room in self.rooms:
                if entry in self.server.house.of_room(room):
                    await self.send(self.server.house.event(room, entry))

    async def ping(self) -> None:
        """Sends a WebSocket ping."""
        await self._socket.ping(b"kit")

    async def close(self, code: int) -> None:
        """Closes with a code."""
        self.over = True
        self.server.note("server", {"close": code})
        await self._socket.close(code=code, message=b"as the case wants it")

    def cut(self) -> None:
        """Ends the connection as a network does."""
        self.over = True
        self.server.note("server", {"cut": True})
        if self._request.transport is not None:
            self._request.transport.abort()

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
                self.rooms[frame["room"]] = frame
                self.subscribes.append(frame)
                self._check(frame)
                await self.server.take(self.server.answers, self.server.answer, self, frame)
            case "unsubscribe":
                self.rooms.pop(frame["room"], None)
            case "command" | "place":
                self.commands.append(frame)
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


@dataclass
class HostileServer:
    """A server for one client and one case."""

    house: House = field(default_factory=House)
    desk: Desk = field(default_factory=Desk)
    welcome: Json = field(default_factory=lambda: {"paged": True, "feature_level": 2, "version": "kit"})
    heartbeat_ms: int = HEARTBEAT_MS
    refuse: Callable[[str], web.Response | None] = lambda token: None
    """Refuses handshakes with a valid token, if the case wants that."""
    answers: list[Answer] = field(default_factory=list)
    """The answers to the next subscriptions. Later ones get honest answers."""
    outcomes: list[Answer] = field(default_factory=list)
    """The answers to the next commands. Later ones get honest answers."""
    links: list[Link] = field(default_factory=list)
    handshakes: list[Handshake] = field(default_factory=list)
    effects: dict[str, Json] = field(default_factory=dict)
    """The remembered answers by the id of their command."""
    violations: list[str] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)
    url: str = ""
    _runner: web.AppRunner | None = None
    _began_at: float = field(default_factory=time.monotonic)

    async def start(self) -> None:
        """Listens on a free port."""
        app = web.Application()
        app.router.add_get("/ws", self._socket)
        app.router.add_post("/api/v1/sessions/refresh", self.desk.renew)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Ends all connections."""
        for link in self.links:
            if not link.over:
                link.cut()
        if self._runner is not None:
            await self._runner.cleanup()

    def note(self, who: str, what: Json) -> None:
        """Adds a line to the report."""
        text = json.dumps(what)
        self.transcript.append(f"{time.monotonic() - self._began_at:7.3f} {who}: {text[:300]}")

    async def take(self, script: list[Answer], honest: Answer, link: Link, frame: Json) -> None:
        """Answers with the next entry of a script, and honestly after its end."""
        await (script.pop(0) if script else honest)(link, frame)

    async def answer(self, link: Link, frame: Json) -> None:
        """Answers a subscription honestly."""
        await link.send(*self.house.answer(frame))

    async def execute(self, link: Link, frame: Json) -> None:
        """Executes a command once, and acknowledges it."""
        await link.send(self.acknowledged(frame))
        await link.tell(*(entry for entry in self.house.log if entry["event"].get("command") == frame["id"]))

    def acknowledged(self, frame: Json) -> Json:
        """Executes a command, unless its id is known. Returns the answer."""
        id = frame["id"]
        contents = {name: value for name, value in frame.items() if name != "id"}
        if id in self.effects:
            known = self.effects[id]
            if known["contents"] != contents:
                self.violations.append("an id was used again with other contents")
            answer: Json = known["answer"]
            return answer
        if frame["type"] == "place":
            order = str(uuid.uuid4())
            self.house.place(order, command=id)
        else:
            order = frame["order"]
            self.house.commit("order.accepted", {"status": "accepted", "accepted_at": now_text()}, order, id)
        ack = {"type": "ack", "id": id, "position": self.house.head, "changed": True}
        ack["document"] = self.house.state(f"kitchen:{RESTAURANT}")["documents"][order]
        self.effects[id] = {"contents": contents, "answer": ack}
        return ack

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        offered = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        bearer = [each.removeprefix("bearer.") for each in offered if each.startswith("bearer.")]
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ") if header else "".join(bearer)
        refusal = self.refuse(token)
        if refusal is None and SUBPROTOCOL not in offered:
            self.violations.append(f"a handshake without the subprotocol {SUBPROTOCOL}")
            refusal = problem(400, "bad_frame")
        if refusal is None and token != self.desk.access_token:
            refusal = problem(401, "unauthorized")
        status = None if refusal is None else refusal.status
        self.handshakes.append(Handshake(time.monotonic(), token, status))
        self.note("client", {"handshake": "accepted" if status is None else status})
        return await self._greet(request) if refusal is None else refusal

    async def _greet(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], autoping=False, max_msg_size=0, timeout=1.0)
        await socket.prepare(request)
        link = Link(self, socket, request)
        limits = {"frame_bytes": 65536, "rooms": 64, "messages_per_second": 50, "heartbeat_ms": self.heartbeat_ms}
        welcome = {"type": "welcome", "connection": str(uuid.uuid4()), "epoch": self.house.epoch, "role": "staff"}
        welcome |= {"restaurant": RESTAURANT, "expires_at": now_text(self.desk.lifetime), "server_time": now_text()}
        await link.send(welcome | {"limits": limits} | self.welcome)
        self.links.append(link)
        await link.run()
        return socket
