"""The rooms of a client: subscribed on every connection from their cursors. Pure: frames and times go in and out."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .backoff import full_jitter
from .codes import AfterError, OrderbellError, after_error
from .room_state import Change, Need, RoomState
from .wire import JsonObject, Saved

RETRY_BASE_S = 1.0
"""The first ceiling of the backoff before a refused subscription is sent again."""


@dataclass(slots=True)
class Outcome:
    """The result of a frame."""

    send: list[JsonObject] = field(default_factory=list)
    change: Change | None = None
    refused: OrderbellError | None = None
    renew: bool = False
    """Whether the token was refused."""


class Subscriptions:
    """All rooms of one client."""

    def __init__(self, random: Callable[[], float]) -> None:
        self.rooms: dict[str, RoomState] = {}
        self.refused: dict[str, OrderbellError] = {}
        """Rooms that the server does not let this principal join, with the reason."""
        self._random = random
        self._epoch: str | None = None  # of the present connection
        self._paged = False
        self._attempt = 0
        self._retry_at: dict[str, float] = {}

    @property
    def live(self) -> bool:
        """Whether no room waits for its snapshot or its missed events."""
        return all(room.live or name in self.refused for name, room in self.rooms.items())

    def join(self, name: str, saved: Saved | None = None) -> list[JsonObject]:
        """Adds a room. Returns the frames to send."""
        if name in self.rooms:
            return []
        room = self.rooms[name] = RoomState(name)
        if saved is not None:
            room.restore(saved)
        if self._epoch is None:
            return []
        room.enter(self._epoch)
        return [self._subscription(room)]

    def leave(self, name: str) -> list[JsonObject]:
        """Removes a room. Returns the frames to send."""
        self._retry_at.pop(name, None)
        self.refused.pop(name, None)
        if self.rooms.pop(name, None) is None or self._epoch is None:
            return []
        return [{"type": "unsubscribe", "room": name}]

    def up(self, welcome: JsonObject) -> list[JsonObject]:
        """Begins a connection. Returns the frames to send."""
        self._epoch, self._paged = welcome["epoch"], welcome.get("paged") is True
        for room in self.rooms.values():
            room.enter(welcome["epoch"])
        return [self._subscription(room) for room in self.rooms.values()]

    def down(self) -> None:
        """Ends a connection."""
        self._epoch = None
        self._retry_at.clear()
        for room in self.rooms.values():
            room.lost()

    def receive(self, frame: JsonObject, now: float) -> Outcome:
        """Applies a frame that names a room."""
        room = self.rooms.get(frame["room"])
        if room is None or self._epoch is None:
            return Outcome()
        if frame["type"] == "error":
            return self._failed(room, frame, now)
        step = room.receive(frame, self._epoch)
        if room.live:
            self._attempt = 0
        if step.need is Need.NOTHING:
            return Outcome(change=step.change)
        return Outcome([self._subscription(room, from_snapshot=step.need is Need.SNAPSHOT)], step.change)

    def due(self, now: float) -> list[JsonObject]:
        """Returns the subscriptions to send again now."""
        names = [name for name, at in self._retry_at.items() if at <= now]
        for name in names:
            del self._retry_at[name]
        return [self._subscription(self.rooms[name]) for name in names]

    def wake_at(self) -> float | None:
        """Returns the time of the next call of `due`."""
        return min(self._retry_at.values(), default=None)

    def _failed(self, room: RoomState, frame: JsonObject, now: float) -> Outcome:
        error = OrderbellError.of(frame)
        match after_error(error.code, error.reason):
            case AfterError.TOKEN:
                return Outcome(renew=True)
            case AfterError.LATER:
                wait = error.retry_after_s
                if wait is None:
                    wait = full_jitter(self._attempt, self._random, base_s=RETRY_BASE_S)
                    self._attempt += 1
                self._retry_at[room.name] = now + wait
                return Outcome()
        room.live = False
        self.refused[room.name] = error
        return Outcome(refused=error)

    def _subscription(self, room: RoomState, from_snapshot: bool = False) -> JsonObject:
        self.refused.pop(room.name, None)
        room.begin()
        frame: JsonObject = {"type": "subscribe", "room": room.name}
        if not from_snapshot and room.cursor is not None:
            epoch = f"{room.epoch}~{room.tag}" if room.tag else room.epoch
            frame |= {"since": room.cursor, "epoch": epoch}
        if self._paged:  # older servers refuse this field
            frame["paged"] = True
        return frame
