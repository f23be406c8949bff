"""The hostile server. It is honest until a case says otherwise."""

import asyncio
import base64
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from .house import KITCHEN, RESTAURANT, House, Json
from .link import LONGEST_WAIT_S, Call, Link, PollLink, SocketLink, StreamLink, abort, now_text, problem

SUBPROTOCOL = "orderbell.v1"
TRANSPORTS = ("websocket", "stream", "poll")
DEFAULT_LIFETIME_S = 3600.0
HEARTBEAT_MS = 15_000

Answer = Callable[[Link, Json], Awaitable[None]]


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
        if fault == "lose":
            abort(request)
        return problem(401, "unauthorized") if pair is None else web.json_response(pair)


BLOCKED = 0
"""Instead of the status of a refusal: the network did not let the request through."""


@dataclass
class Handshake:
    """A request for a WebSocket or a stream, or a poll."""

    at: float
    token: str
    refused: int | None
    transport: str


@dataclass
class HostileServer:
    """A server for one client and one case."""

    house: House = field(default_factory=House)
    desk: Desk = field(default_factory=Desk)
    welcome: Json = field(default_factory=lambda: {"paged": True, "feature_level": 2, "version": "kit"})
    open: tuple[str, ...] = TRANSPORTS
    """The transports that the network lets through."""
    heartbeat_ms: int = HEARTBEAT_MS
    refuse: Callable[[str], web.Response | None] = lambda token: None
    """Refuses handshakes with a valid token, if the case wants that."""
    answers: list[Answer] = field(default_factory=list)
    """The answers to the next subscriptions. Later ones get honest answers."""
    outcomes: list[Answer] = field(default_factory=list)
    """The answers to the next commands. Later ones get honest answers."""
    commands: list[Json] = field(default_factory=list)
    """The received commands and orders, as frames, whatever carried them."""
    links: list[Link] = field(default_factory=list)
    handshakes: list[Handshake] = field(default_factory=list)
    effects: dict[str, Json] = field(default_factory=dict)
    """The remembered answers by the id of their command."""
    violations: list[str] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)
    url: str = ""
    _polls: dict[str, PollLink] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    _began_at: float = field(default_factory=time.monotonic)

    async def start(self) -> None:
        """Listens on a free port."""
        app = web.Application()
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/api/v1/rooms/{rooms}/stream", self._stream)
        app.router.add_get("/api/v1/rooms/{rooms}/events", self._poll)
        app.router.add_post("/api/v1/orders/{order}/commands", self._command)
        app.router.add_post("/api/v1/restaurants/{slug}/orders", self._place)
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
        """Executes a command once, acknowledges it, and sends its event to the newest connection of each room."""
        await link.send(self.acknowledged(frame))
        await self.tell(*(entry for entry in self.house.log if entry["event"].get("command") == frame["id"]))

    async def tell(self, *entries: Json) -> None:
        """Sends events to the newest connection of each room that carries them."""
        newest = self.newest()
        for link in dict.fromkeys(newest.values()):
            rooms = [room for room in link.rooms if newest[room] is link]
            told = ((room, entry) for entry in entries for room in rooms if entry in self.house.of_room(room))
            if events := [self.house.event(room, entry) for room, entry in told]:
                await link.send(*events)

    def newest(self) -> dict[str, Link]:
        """Returns the newest connection of each room, of those that last."""
        return {room: link for link in self.links if not link.over for room in link.rooms}

    def greeting(self) -> Json:
        """Returns `welcome`."""
        limits = {"frame_bytes": 65536, "rooms": 64, "messages_per_second": 50, "heartbeat_ms": self.heartbeat_ms}
        welcome = {"type": "welcome", "connection": str(uuid.uuid4()), "epoch": self.house.epoch, "role": "staff"}
        welcome |= {"restaurant": RESTAURANT, "expires_at": now_text(self.desk.lifetime), "server_time": now_text()}
        return welcome | {"limits": limits} | self.welcome

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
        ack["document"] = self.house.state(KITCHEN)["documents"][order]
        self.effects[id] = {"contents": contents, "answer": ack}
        return ack

    # Requests

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    def _admit(self, transport: str, request: web.Request, token: str, offered: list[str]) -> web.Response | None:
        """Returns the refusal of a handshake or of a request to follow rooms; None if it is admitted."""
        if transport not in self.open:
            self.note("client", {"blocked": transport})
            self.handshakes.append(Handshake(time.monotonic(), token, BLOCKED, transport))
            abort(request)
            return web.Response(status=502)
        refusal = self.refuse(token)
        if refusal is None and transport == "websocket" and SUBPROTOCOL not in offered:
            self.violations.append(f"a handshake without the subprotocol {SUBPROTOCOL}")
            refusal = problem(400, "bad_frame")
        if refusal is None and token != self.desk.access_token:
            refusal = problem(401, "unauthorized")
        status = None if refusal is None else refusal.status
        self.handshakes.append(Handshake(time.monotonic(), token, status, transport))
        self.note("client", {"request": str(request.rel_url)[:200], "answer": "accepted" if status is None else status})
        return refusal

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        offered = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        bearer = [each.removeprefix("bearer.") for each in offered if each.startswith("bearer.")]
        token = bearer_of(request) or "".join(bearer)
        refusal = self._admit("websocket", request, token, offered)
        if refusal is not None:
            return refusal
        socket = web.WebSocketResponse(protocols=[SUBPROTOCOL], autoping=False, max_msg_size=0, timeout=1.0)
        await socket.prepare(request)
        link = SocketLink(self, request, socket)
        await link.send(self.greeting())
        self.links.append(link)
        await link.run()
        return socket

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        refusal = self._admit("stream", request, bearer_of(request), [])
        if refusal is not None:
            return refusal
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        link = StreamLink(self, request, asked)
        self.links.append(link)
        return await link.run()

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        refusal = self._admit("poll", request, bearer_of(request), [])
        if refusal is not None:
            return refusal
        asked = self._asked(request)
        if isinstance(asked, web.Response):
            return asked
        names = request.match_info["rooms"]
        link = self._polls.get(names)
        if link is None or link.over:
            link = self._polls[names] = PollLink(self, request)
            self.links.append(link)
        return await link.answer(request, asked, min(float(request.query.get("wait", 25)), LONGEST_WAIT_S))

    def _asked(self, request: web.Request) -> list[Json] | web.Response:
        """Returns the subscriptions of a request, or a refusal of its cursors."""
        rooms = request.match_info["rooms"].split(",")
        positions = request.query.get("since", "," * (len(rooms) - 1)).split(",")
        epochs = request.query["epoch"].split(",") if "epoch" in request.query else []
        last = request.headers.get("Last-Event-ID", "") if request.path.endswith("/stream") else ""
        if last and len(rooms) == 1:
            of, _, position = last.rpartition(".")
            positions, epochs = [position], [of]
        wait = request.query.get("wait", "25")
        if len(positions) != len(rooms) or not all(each.isdecimal() for each in (*filter(None, positions), wait)):
            self.violations.append(f"not one position for each room, or no whole seconds: {request.rel_url} {last}")
            return problem(422, "invalid")
        # One epoch is that of all cursors.
        epochs = epochs if len(epochs) == len(rooms) else epochs[:1] * len(rooms)
        cursors: list[Json] = [({"since": int(each)} if each else {}) for each in positions]
        for cursor, epoch in zip(cursors, epochs, strict=False):
            cursor |= {"epoch": epoch} if cursor else {}
        paged = {"paged": True} if request.headers.get("Orderbell-Snapshot") == "paged" else {}
        return [
            {"type": "subscribe", "room": room} | cursor | paged for room, cursor in zip(rooms, cursors, strict=True)
        ]

    async def _command(self, request: web.Request) -> web.StreamResponse:
        frame = {"type": "command", "order": request.match_info["order"]} | await request.json()
        return await self._call(request, frame)

    async def _place(self, request: web.Request) -> web.StreamResponse:
        frame = {"type": "place", "id": request.headers.get("Idempotency-Key"), "order": await request.json()}
        return await self._call(request, frame)

    async def _call(self, request: web.Request, frame: Json) -> web.StreamResponse:
        self.note("client", frame)
        if bearer_of(request) != self.desk.access_token:
            return problem(401, "unauthorized")
        self.commands.append(frame)
        call = Call(self, request)
        await self.take(self.outcomes, self.execute, call, frame)
        return call.response or web.Response(status=502)


def bearer_of(request: web.Request) -> str:
    """Returns the token of the header `Authorization`."""
    return request.headers.get("Authorization", "").removeprefix("Bearer ")
