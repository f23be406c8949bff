"""A room's state and the cursor rule. Pure: takes frames, and returns changes."""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, cast

from .merge_patch import merge_patch
from .wire import JsonObject, Order, Saved

KEPT_FINAL_ORDERS = 300
"""Bound: orders with a final status in a room. The oldest are dropped first."""
_FINAL = frozenset({"served", "rejected", "cancelled"})
_TAG = re.compile(r"[0-9a-f]{12}$")


class Verdict(Enum):
    """What to do with a frame that has `prev` and `position`."""

    DROP = "drop"
    APPLY = "apply"
    GAP = "gap"


def judge(cursor: int, prev: int, position: int) -> Verdict:
    """Applies the cursor rule: each event once, in order, and none missing."""
    if position <= cursor:
        return Verdict.DROP
    return Verdict.APPLY if prev <= cursor else Verdict.GAP


def tag_of(frame: JsonObject) -> str | None:
    """Returns the tag of the event at a frame's position: the end of the event's id."""
    if "event" not in frame:
        return frame.get("tag")
    end = _TAG.search(frame["event"]["id"])
    return end.group() if end else None


class Need(Enum):
    """What a room has to request."""

    NOTHING = "nothing"
    RESUME = "resume"
    """The events after its cursor."""
    SNAPSHOT = "snapshot"
    """The complete state."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a frame changed.

    `kind` is the kind of the event, or `snapshot`, after which the reader must read the whole state again. `position`
    is that of the event or snapshot, and None if changes were dropped. `before` and `after` are the order, the calls,
    the displays or the menu. `rewritten` says that the snapshot is of another history: the database was restored,
    perhaps without some orders. If the server says so only after the snapshot, the change comes again. `overflowed`
    says that changes were dropped because the reader was too slow.
    """

    kind: str
    position: int | None = None
    event: JsonObject | None = None
    order: str | None = None
    before: Any = None
    after: Any = None
    rewritten: bool = False
    overflowed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """The result of a frame."""

    need: Need = Need.NOTHING
    change: Change | None = None


_NOTHING = Step()


@dataclass
class RoomState:
    """The documents of a room, and the cursor up to which they are current."""

    name: str
    cursor: int | None = None
    """The position up to which all events were received. None before the first snapshot."""
    epoch: str | None = None
    """The epoch of the cursor."""
    tag: str | None = None
    """The end of the id of the event at the cursor, if it is known."""
    live: bool = False
    """Whether all missed events were received. New ones then arrive as they happen."""
    documents: dict[str, Order] = field(default_factory=dict)
    """Orders by id."""
    calls: JsonObject = field(default_factory=dict)
    displays: JsonObject = field(default_factory=dict)
    menu: JsonObject | None = None
    _beyond: int = 0
    """The furthest position received beyond a gap. `live` must not skip the gap."""
    _parts: list[JsonObject] | None = None
    """The received parts of an incomplete snapshot."""

    def saved(self) -> Saved | None:
        """Returns the state as JSON; None before the first snapshot."""
        if self.cursor is None or self.epoch is None:
            return None
        return {
            "cursor": self.cursor,
            "epoch": self.epoch,
            "tag": self.tag,
            "documents": [cast(JsonObject, order) for order in self.documents.values()],
            "calls": self.calls,
            "displays": self.displays,
            "menu": self.menu,
        }

    def restore(self, saved: Saved) -> None:
        """Continues from a saved state."""
        self.cursor, self.epoch, self.tag = saved["cursor"], saved["epoch"], saved.get("tag")
        self.documents = {order["id"]: cast(Order, order) for order in saved["documents"]}
        self.calls, self.displays, self.menu = saved["calls"], saved["displays"], saved["menu"]

    def enter(self, epoch: str) -> None:
        """Begins a connection. A cursor of another epoch is dropped; the state stays until a snapshot replaces it."""
        if self.epoch != epoch:
            self.cursor = None

    def lost(self) -> None:
        """Ends a connection. The state stays; an incomplete snapshot is dropped."""
        self.live = False
        self._beyond = 0
        self._parts = None

    def begin(self) -> None:
        """Begins a subscription. Drops the parts of an earlier snapshot."""
        self._parts = None

    def receive(self, frame: JsonObject, epoch: str) -> Step:
        """Applies a frame that names this room, of a connection with this epoch."""
        match frame["type"]:
            case "snapshot":
                return self._part(frame, epoch) if "part" in frame else self._snapshot(frame, epoch)
            case "event" | "sync":
                return self._advance(frame)
            case "live":
                return self._went_live(frame, epoch)
        return _NOTHING

    def _part(self, frame: JsonObject, epoch: str) -> Step:
        if frame["part"] == 0:
            self._parts = []
        if self._parts is None:
            return _NOTHING  # the rest of an abandoned snapshot
        one_position = not self._parts or self._parts[0]["position"] == frame["position"]
        if frame["part"] != len(self._parts) or not one_position:
            self._parts = None
            return Step(Need.SNAPSHOT)
        self._parts.append(frame)
        return _NOTHING if frame["more"] else self._snapshot(_joined(self._parts), epoch)

    def _snapshot(self, frame: JsonObject, epoch: str) -> Step:
        rewritten = self.epoch is not None and self.epoch != epoch
        self._parts = None
        self._beyond = 0
        self.epoch, self.cursor, self.tag = epoch, frame["position"], tag_of(frame)
        documents: list[JsonObject] = frame["documents"]
        if self.name.startswith("menu:"):
            self.menu = documents[0] if documents else None
        else:
            self.documents = {order["id"]: cast(Order, order) for order in documents}
        self.calls = frame.get("calls", {})
        self.displays = frame.get("displays", {})
        return Step(change=Change("snapshot", frame["position"], rewritten=rewritten))

    def _advance(self, frame: JsonObject) -> Step:
        if self.cursor is None:
            return _NOTHING
        prev, position = frame["prev"], frame["position"]
        match judge(self.cursor, prev, position):
            case Verdict.DROP:
                return _NOTHING
            case Verdict.GAP:
                # One request brings all missing events, so later frames beyond the same gap need no further request.
                asked, self._beyond = self._beyond > 0, max(self._beyond, position)
                return _NOTHING if asked else Step(Need.RESUME)
        step = self._apply(frame["event"], position) if frame["type"] == "event" else _NOTHING
        if step.need is Need.NOTHING:
            self.cursor, self.tag = position, tag_of(frame)
        else:
            self._beyond = position
        return step

    def _went_live(self, frame: JsonObject, epoch: str) -> Step:
        self._parts = None
        if self.cursor is None:
            return _NOTHING
        if self.cursor < self._beyond:
            return Step(Need.SNAPSHOT)  # the missed events did not close the gap
        self._beyond = 0
        position: int = frame["position"]
        if position >= self.cursor:
            self.tag = tag_of(frame)
        self.epoch, self.cursor = epoch, max(self.cursor, position)
        self.live = True
        if frame.get("rewritten") is True:
            return Step(change=Change("snapshot", self.cursor, rewritten=True))
        return _NOTHING

    def _apply(self, event: JsonObject, position: int) -> Step:
        kind, patch = event["kind"], event["patch"]
        match kind.partition(".")[0]:
            case "call":
                before: Any = self.calls
                after = self.calls = merge_patch(before, patch)
            case "display":
                before = self.displays
                after = self.displays = merge_patch(before, patch)
            case "menu":
                before = self.menu
                after = self.menu = merge_patch(before, patch)
            case _ if "order" in event:
                return self._apply_to_order(event, position)
            case _:
                return Step(change=Change(kind, position, event))  # an unknown kind, not about an order
        return Step(change=Change(kind, position, event, None, before, after))

    def _apply_to_order(self, event: JsonObject, position: int) -> Step:
        order, patch = event["order"], event["patch"]
        before = self.documents.get(order)
        # A snapshot lacks orders with a final status. A patch that contains the id is the whole document.
        if before is None and "id" not in patch:
            return Step(Need.SNAPSHOT)
        after = cast(Order, merge_patch(before or {}, patch))
        self.documents[order] = after
        if after.get("status") in _FINAL:
            self._prune()
        return Step(change=Change(event["kind"], position, event, order, before, after))

    def _prune(self) -> None:
        final = [order for order in self.documents.values() if order.get("status") in _FINAL]
        final.sort(key=lambda order: order.get("position", 0))
        for order in final[: max(0, len(final) - KEPT_FINAL_ORDERS)]:
            self.documents.pop(order["id"], None)


def _joined(parts: list[JsonObject]) -> JsonObject:
    """Joins the parts of a snapshot."""
    whole: JsonObject = parts[0] | {"documents": [], "calls": {}, "displays": {}}
    for part in parts:
        whole["documents"] += part["documents"]
        whole["calls"].update(part.get("calls", {}))
        whole["displays"].update(part.get("displays", {}))
    return whole
