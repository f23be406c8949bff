"""A room as a program sees it: its state, and a bounded queue of changes for each reader."""

from collections import deque
from typing import TYPE_CHECKING, Self
from weakref import WeakSet

from .codes import OrderbellError
from .room_state import Change, RoomState
from .wire import JsonObject, Order, Saved

if TYPE_CHECKING:
    from .client import Orderbell

CHANGES_BOUND = 1000
"""Bound: changes that wait for one reader. On overflow, one `snapshot` with `overflowed` replaces all of them."""


class Room:
    """One room of an `Orderbell`."""

    def __init__(self, bell: "Orderbell", state: RoomState) -> None:
        self._bell = bell
        self._state = state
        self._readers: WeakSet[Changes] = WeakSet()
        self._ended = False
        self.refusal: OrderbellError | None = None
        """The reason why the server refuses the room, or why the client stopped."""

    @property
    def name(self) -> str:
        """The room's name."""
        return self._state.name

    @property
    def cursor(self) -> int | None:
        """The position up to which all events were received."""
        return self._state.cursor

    @property
    def epoch(self) -> str | None:
        """The epoch of the cursor."""
        return self._state.epoch

    @property
    def live(self) -> bool:
        """Whether everything up to the present was received."""
        return self._state.live

    @property
    def orders(self) -> dict[str, Order]:
        """The orders by id, as of the cursor. Do not change them."""
        return self._state.documents

    @property
    def calls(self) -> JsonObject:
        """The open calls by id, in a floor room."""
        return self._state.calls

    @property
    def displays(self) -> JsonObject:
        """The kitchen's screens by id, in a floor room."""
        return self._state.displays

    @property
    def menu(self) -> JsonObject | None:
        """The menu, in a menu room."""
        return self._state.menu

    def saved(self) -> Saved | None:
        """Returns the state as JSON, for `Orderbell.room` after a restart of the program."""
        return self._state.saved()

    async def went_live(self) -> "Room":
        """Waits until the room is live, and returns it. Raises the refusal."""
        await self._bell.until(lambda: self.live or self.refusal is not None)
        if self.refusal is not None:
            raise self.refusal
        return self

    def changes(self) -> "Changes":
        """Returns a reader of each change from now on."""
        reader = Changes(self)
        self._readers.add(reader)
        return reader

    def _changed(self, change: Change) -> None:
        self.refusal, self._ended = None, False
        for reader in self._readers:
            reader._add(change)

    def _end(self, error: OrderbellError | None) -> None:
        self.refusal = error
        self._ended = True
        self._bell._move()


class Changes:
    """Yields each change of a room, in order, across reconnects, until the room is left.

    A reader that lags behind by more than `CHANGES_BOUND` gets one `snapshot` with `overflowed` instead, and must read
    the state again. Raises the refusal, or the reason if the client stops.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._waiting: deque[Change] = deque()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Change:
        room = self._room
        await room._bell.until(lambda: bool(self._waiting) or room._ended)
        if self._waiting:
            return self._waiting.popleft()
        if room.refusal is not None:
            raise room.refusal
        raise StopAsyncIteration

    def _add(self, change: Change) -> None:
        if len(self._waiting) < CHANGES_BOUND:
            self._waiting.append(change)
        else:
            # A reader must learn that the history was rewritten, whatever else it misses.
            rewritten = change.rewritten or any(missed.rewritten for missed in self._waiting)
            self._waiting.clear()
            self._waiting.append(Change("snapshot", rewritten=rewritten, overflowed=True))
