"""Merge patches, and additions that the server may make."""

from typing import Any

from ..house import KITCHEN, order
from ..link import now_text
from ..trial import Trial, require
from .registry import case

FORWARD = "Forward compatibility"
PATCHES = "Terms: event"


@case(PATCHES)
async def removed_fields(t: Trial) -> None:
    """`null` in a patch removes a field, at any depth."""
    t.house.place("a", ready_at="soon", note="nuts", items={"i1": {"status": "done", "served_at": "x"}, "i2": {"a": 1}})
    link = await t.connect()
    patch: dict[str, Any] = {"ready_at": None, "absent": None, "items": {"i1": {"served_at": None}, "i2": None}}
    await link.tell(t.house.commit("order.recalled", patch, "a"))
    await link.tell(t.house.commit("item.added", {"items": {"i3": {"status": "queued", "note": None}}}, "a"))
    await t.shows()


@case(PATCHES)
async def replaced_values(t: Trial) -> None:
    """Arrays and values of another type are replaced, and names that a language reserves are ordinary names."""
    t.house.place("a", tags=["x", "y"], extra="text", deep={"a": {"b": 1}})
    link = await t.connect()
    patch: dict[str, Any] = {"tags": ["z"], "extra": {"now": {"an": "object"}}, "deep": {"a": 2}}
    await link.tell(t.house.commit("item.changed", patch, "a"))
    await link.tell(t.house.commit("item.changed", {"tags": {"no": "array"}, "__proto__": {"x": 1}}, "a"))
    await link.tell(t.house.commit("item.changed", {"items": {"constructor": {"status": "queued"}}}, "a"))
    await t.shows()


@case(FORWARD)
async def unknown_fields(t: Trial) -> None:
    """Unknown fields of frames are ignored, and unknown fields of documents are kept."""
    t.server.welcome |= {"novel": {"field": True}}
    t.house.place("a", novel=[1, {"two": 3}])
    link = await t.connect()
    frame = t.house.event(KITCHEN, t.house.status("a", "accepted", another={"x": 1}))
    await link.send(frame | {"novel": "field"})
    await link.send(t.house.sync(KITCHEN) | {"novel": None})
    await t.shows()


@case(FORWARD)
async def unknown_frames(t: Trial) -> None:
    """Frames of an unknown type are ignored, even if they name a room."""
    t.house.place("a")
    link = await t.connect()
    await link.send({"type": "fanfare"}, {"type": "weather", "room": KITCHEN, "position": 99, "prev": 98, "sun": True})
    await link.tell(t.house.status("a", "accepted"))
    await t.shows()
    require(len(t.server.links) == 1, "the client left its connection")
    require(len(link.subscribes) == 1, "no event was missing, so the client must request nothing")


@case(FORWARD)
async def unknown_kinds(t: Trial) -> None:
    """The patch of an event of an unknown kind is merged into the order that the event names."""
    t.house.place("a")
    link = await t.connect()
    await link.tell(t.house.commit("order.reheated", {"reheated": 1, "rush": True}, "a"))
    await link.tell(t.house.commit("drone.sent", {"drone": {"id": 7}}, "a"))
    await t.shows()


@case(FORWARD)
async def unknown_topics(t: Trial) -> None:
    """An event of an unknown kind without `order` moves the cursor, and nothing else."""
    t.house.place("a")
    link = await t.connect()
    await link.tell(t.house.commit("weather.changed", {"sun": True, "position": 5}))
    await link.tell(t.house.status("a", "accepted"))
    await t.shows()


@case("Edge cases")
async def recall_of_an_order_that_the_snapshot_lacked(t: Trial) -> None:
    """The event that recalls a served order carries the whole document, which a client may not have."""
    t.house.place("a")
    t.house.status("a", "served", served_at=now_text())
    link = await t.connect()
    await link.tell(t.house.commit("order.recalled", order("a", 1, "preparing") | {"served_at": None}, "a"))
    await t.shows()
