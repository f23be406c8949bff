"""The client: reconnects, resumes rooms from their cursors, and repeats commands until they are answered."""

import asyncio
import json
import logging
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import Any, Self, cast

from .backoff import full_jitter
from .codes import AfterClose, AfterError, OrderbellError, after_close
from .http import Http
from .link import LOST, End, Ended, Link
from .outbox import Outbox, Settled
from .room import Room
from .subscriptions import Subscriptions
from .tokens import Tokens, renewal_delay
from .wire import Ack, JsonObject, Order, Saved

STEADY_S = 5.0
"""How long a connection must last so that its loss starts the backoff from the beginning."""
RENEWAL_RETRY_S = 10.0
"""The longest delay after a failed renewal."""

log = logging.getLogger("orderbell")


class Orderbell:
    """A live link to one restaurant, as an asynchronous context manager.

    `state` is `connecting` until the first connection, `catching_up` while a room waits for its snapshot or its
    missed events, `live`, `offline` between connections, and `stopped` when only a person can help. Every wait then
    ends with `stopped`.
    """

    def __init__(
        self,
        url: str,
        tokens: Tokens,
        *,
        on_state: Callable[[str], None] | None = None,
        randomness: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.http = Http(url)
        self.welcome: JsonObject | None = None
        """The last `welcome`."""
        self.state = "connecting"
        self._tokens = tokens
        self._on_state = on_state
        self._random = randomness
        self._clock = clock
        self._subscriptions = Subscriptions(randomness)
        self._outbox = Outbox(randomness)
        self._rooms: dict[str, Room] = {}
        self._answers: dict[str, asyncio.Future[Ack]] = {}
        self._control: dict[tuple[str, str], JsonObject] = {}  # to send; for each room and type, only the newest
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()  # set and replaced when a state changes that a wait may depend on
        self._task: asyncio.Task[None] | None = None
        self._error: OrderbellError | None = None
        self._token = ""
        self._refused = False  # whether the server refused the token
        self._linked = False
        self._attempt = 0
        self._slot_at: float | None = None

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Begins to connect."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="orderbell")

    async def close(self) -> None:
        """Ends the connection. Commands without an answer fail with `stopped`; their ids stay safe to send again."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self._stop(OrderbellError("stopped", "the client was closed"))
        await self.http.close()

    # The API for programs

    async def connected(self) -> JsonObject:
        """Waits for the first connection. Returns its `welcome`, which names the restaurant and the role."""
        await self.until(lambda: self.welcome is not None)
        return cast(JsonObject, self.welcome)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Waits until a condition on this client or its rooms holds. Raises the reason if the client stops."""
        while not condition():
            if self._error is not None:
                raise self._error
            await self._moved.wait()

    def room(self, name: str, saved: Saved | None = None) -> Room:
        """Returns a room, subscribed now and after every reconnect. The same name returns the same room.

        With a state from `Room.saved`, the room continues from there.
        """
        if name not in self._rooms:
            for frame in self._subscriptions.join(name, saved):
                self._give(frame)
            self._rooms[name] = Room(self, self._subscriptions.rooms[name])
            self._settle()
        return self._rooms[name]

    def leave(self, name: str) -> None:
        """Leaves a room. Its state stays readable and no longer changes."""
        for frame in self._subscriptions.leave(name):
            self._give(frame)
        self._control.pop(("subscribe", name), None)
        if room := self._rooms.pop(name, None):
            room._end(None)
        self._settle()

    async def command(self, action: str, *, order: str | None = None, id: str | None = None, **fields: Any) -> Ack:
        """Sends a command, repeats it under the same id on every new connection, and returns its `ack`.

        Raises the refusal. Cancelling the wait does not withdraw the command.
        """
        frame = {"type": "command", "id": id or new_id(), "action": action, **fields}
        return await self._ask(frame if order is None else frame | {"order": order})

    async def place(self, order: Mapping[str, Any], *, id: str | None = None) -> Ack:
        """Places an order, whose body is as in docs/protocol.md. Using an id twice places one order."""
        return await self._ask({"type": "place", "id": id or new_id(), "order": dict(order)})

    def seen(self, room: str, position: int, station: str | None = None) -> None:
        """Reports what a screen shows."""
        frame: JsonObject = {"type": "seen", "room": room, "position": position}
        self._give(frame if station is None else frame | {"station": station})

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> JsonObject:
        """Makes an HTTP call with the client's token, which is renewed once if it is refused."""
        token = await self._tokens.get(self.http)
        try:
            return await self.http.call(method, path, body, token=token, **options)
        except OrderbellError as error:
            if error.code != "unauthorized":
                raise
        return await self.http.call(method, path, body, token=await self._tokens.refresh(self.http, token), **options)

    async def orders(self, restaurant: str, **parameters: str) -> AsyncIterator[Order]:
        """Yields the orders of a list, page by page: `status="closed"`, `updated_since="<epoch>.<cursor>"` …"""
        while True:
            page = await self.call("GET", f"/api/v1/restaurants/{restaurant}/orders", params=parameters)
            for order in page["orders"]:
                yield order
            if "next" not in page:
                return
            parameters = {**parameters, "after": page["next"]}

    # One connection after another

    async def _run(self) -> None:
        try:
            while True:
                if not await self._authorized():
                    continue
                end = await self._connection()
                name, reaction = after_close(end.code)
                log.info("disconnected: %s (%s)", end.reason or name, end.code)
                if reaction is AfterClose.STOP:
                    return self._stop(OrderbellError("stopped", f"{name}: {end.reason}".rstrip(": ")))
                self._refused = reaction is AfterClose.TOKEN
                await self._pause(self._delay(reaction, end))
        except OrderbellError as error:
            self._stop(error)
        except Exception as error:
            log.exception("the client failed")
            self._stop(OrderbellError("stopped", str(error)))
            raise

    async def _pause(self, seconds: float) -> None:
        """Waits before the next connection. Commands that wait too long expire meanwhile."""
        until = self._clock() + seconds
        while (now := self._clock()) < until:
            await asyncio.sleep(min(until - now, 1.0))
            self._expire()

    async def _authorized(self) -> bool:
        """Gets a token, or a new one if the last was refused. Without an answer, waits and returns False."""
        try:
            if self._refused:
                self._token = await self._tokens.refresh(self.http, self._token)
            else:
                self._token = await self._tokens.get(self.http)
        except OrderbellError as error:
            if error.code in ("unauthorized", "forbidden", "invalid"):
                raise
            self._become("offline")
            self._attempt += 1
            await self._pause((error.retry_after_s or 0.0) + full_jitter(self._attempt - 1, self._random))
            return False
        return True

    def _delay(self, reaction: AfterClose, end: End) -> float:
        slot, self._slot_at = self._slot_at, None
        if reaction is AfterClose.SLOT and slot is not None:
            return max(0.0, slot - self._clock())
        attempt, self._attempt = self._attempt, self._attempt + 1
        if reaction in (AfterClose.TOKEN, AfterClose.AT_ONCE):
            # Reconnect at once, but never in a loop without a pause.
            return 0.0 if attempt == 0 else full_jitter(attempt - 1, self._random)
        return (end.retry_after_s or 0.0) + full_jitter(attempt, self._random)

    async def _connection(self) -> End:
        """Runs one connection, and returns how it ended."""
        try:
            link = await Link.open(self.http, self._token)
        except Ended as ended:
            self._become("offline")
            return ended.end
        up_at = self._clock()
        try:
            return await self._linked_up(link)
        finally:
            self._linked = False
            self._subscriptions.down()
            self._outbox.down()
            self._control.clear()
            if self._clock() - up_at >= STEADY_S:
                self._attempt = 0
            self._become("offline")
            with suppress(Exception):
                await link.close()

    async def _linked_up(self, link: Link) -> End:
        self.welcome = link.welcome
        self._linked = True
        for frame in self._subscriptions.up(link.welcome):
            self._give(frame)
        self._outbox.up(link.welcome.get("limits", {}).get("messages_per_second"))
        self._settle()
        tasks = [asyncio.create_task(part) for part in (self._read(link), self._write(link), self._renew(link))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, link: Link) -> End:
        try:
            while (end := self._receive(await link.receive())) is None:
                pass
            return end
        except Ended as ended:
            return ended.end
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.exception("a frame could not be read")
            return End(LOST, f"a frame could not be read: {error!r}")

    async def _write(self, link: Link) -> End:
        """Sends the waiting frames, and waits for the next frame or deadline."""
        try:
            while True:
                self._wake.clear()
                now = self._clock()
                if self._slot_at is not None and now >= self._slot_at:
                    return End(1012, "going away")
                self._expire()
                for frame in self._subscriptions.due(now):
                    self._give(frame)
                while self._control:
                    await link.send(self._control.pop(next(iter(self._control))))
                while (command := self._outbox.take(now)) is not None:
                    await link.send(command)
                times = (self._subscriptions.wake_at(), self._outbox.wake_at(), self._slot_at)
                due = min((at for at in times if at is not None), default=None)
                with suppress(asyncio.TimeoutError):
                    # `wait_for` of Python 3.11 may miss its cancellation.
                    async with asyncio.timeout(None if due is None else max(due - self._clock(), 0.001)):
                        await self._wake.wait()
        except Ended as ended:
            return ended.end

    async def _renew(self, link: Link) -> End:
        """Renews the token before it expires, so that the connection stays."""
        left = _lifetime(link.welcome)
        while True:
            await asyncio.sleep(renewal_delay(left))
            while True:
                try:
                    self._token = await self._tokens.refresh(self.http, self._token)
                    break
                except OrderbellError as error:
                    if error.code == "unauthorized":
                        return await asyncio.Future()  # the server closes at the expiry
                    await asyncio.sleep(full_jitter(0, self._random, base_s=RENEWAL_RETRY_S))
            self._give({"type": "refresh", "token": self._token})

    def _receive(self, frame: JsonObject) -> End | None:
        kind = frame["type"]
        if kind == "going_away":
            # Stay until the server closes, but not beyond the client's own slot.
            self._slot_at = self._clock() + frame["reconnect_in_ms"] / 1000
            self._wake.set()
        elif kind == "ack" or (kind == "error" and "id" in frame):
            return self._answered(frame)
        elif isinstance(frame.get("room"), str):
            return self._heard(frame)
        elif kind == "error":
            log.warning("the server reports %s", OrderbellError.of(frame))
            if frame.get("code") == "unauthorized":
                return End(4401, "the token was refused")
        return None

    def _heard(self, frame: JsonObject) -> End | None:
        outcome = self._subscriptions.receive(frame, self._clock())
        for wanted in outcome.send:
            self._give(wanted)
        room = self._rooms.get(frame["room"])
        if room is not None and outcome.change is not None:
            room._changed(outcome.change)
        if room is not None and outcome.refused is not None:
            room._end(outcome.refused)
        self._settle()
        self._wake.set()
        return End(4401, "the token was refused") if outcome.renew else None

    def _answered(self, frame: JsonObject) -> End | None:
        answer = self._outbox.answer(frame, self._clock())
        if isinstance(answer, Settled):
            self._tell(answer)
        self._wake.set()
        return End(4401, "the token was refused") if answer is AfterError.TOKEN else None

    # Commands and waits

    async def _ask(self, frame: JsonObject) -> Ack:
        if self._error is not None:
            raise self._error
        limits = (self.welcome or {}).get("limits", {})
        if len(json.dumps(frame).encode()) > limits.get("frame_bytes", float("inf")):
            raise OrderbellError("too_large", "the command is larger than the server's frames may be")
        id = str(frame["id"])
        if id not in self._answers:
            self._outbox.add(frame, self._clock())
            answer = self._answers[id] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._wake.set()
        return await asyncio.shield(self._answers[id])

    def _expire(self) -> None:
        for settled in self._outbox.expire(self._clock()):
            self._tell(settled)

    def _tell(self, settled: Settled) -> None:
        answer = self._answers.pop(settled.id, None)
        if answer is None or answer.done():
            return
        if settled.error is not None:
            answer.set_exception(settled.error)
        else:
            answer.set_result(cast(Ack, settled.ack))

    def _give(self, frame: JsonObject) -> None:
        """Queues a frame for this connection only."""
        if not self._linked:
            return
        key = (frame["type"], frame.get("room", ""))
        self._control.pop(key, None)
        self._control[key] = frame
        self._wake.set()

    def _settle(self) -> None:
        if self._linked:
            self._become("live" if self._subscriptions.live else "catching_up")
        self._move()

    def _become(self, state: str) -> None:
        if self.state in (state, "stopped"):
            return
        self.state = state
        if self._on_state is not None:
            self._on_state(state)
        self._move()

    def _move(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    def _stop(self, error: OrderbellError) -> None:
        if self._error is not None:
            return
        self._error = error
        for settled in self._outbox.close(error):
            self._tell(settled)
        for room in self._rooms.values():
            room._end(error)
        self._become("stopped")


def new_id() -> str:
    """Returns a new id for a command or an order."""
    return str(uuid.uuid4())


def _lifetime(welcome: JsonObject) -> float:
    """Returns the remaining life of a token, by the server's clock."""
    try:
        expires, now = (datetime.fromisoformat(welcome[name]) for name in ("expires_at", "server_time"))
        return max(0.0, (expires - now).total_seconds())
    except (KeyError, TypeError, ValueError):
        return 3600.0
