"""The cursor rule, subscribing and snapshots."""

import asyncio

from ..house import FLOOR, KITCHEN, MENU, Json
from ..link import Link
from ..trial import Trial, require
from .registry import ALL, case

CURSOR, SUBSCRIBING, PARTS = "The cursor rule", "Subscribing", "Snapshots in parts"


def two_orders(t: Trial) -> None:
    t.house.place("a")
    t.house.place("b")


@case(SUBSCRIBING, over=ALL)
async def snapshot_then_events(t: Trial) -> None:
    """A snapshot is the state of a room, and each later event changes that state."""
    two_orders(t)
    link = await t.connect()
    require("since" not in link.subscribes[0], "the first subscription has no cursor yet")
    await t.tell(t.house.status("a", "accepted", promised_at="2026-11-24T10:20:00.000Z"))
    await t.tell(t.house.place("c"))
    await t.tell(t.house.status("a", "preparing", items={"i1": {"status": "cooking"}}))
    await t.shows()
    if t.transport != "poll":
        asked = sum(len(each.subscribes) for each in t.server.links)
        require(asked == 1, "no event was missing, so the client must request nothing")


@case(CURSOR, over=ALL)
async def repeats(t: Trial) -> None:
    """A frame with `position <= cursor` is a repeat and is dropped."""
    two_orders(t)
    await t.connect()
    first, second = t.house.status("a", "accepted"), t.house.status("a", "preparing")
    await t.tell(first, second, first, second, first)
    await t.tell(t.house.status("b", "accepted"))
    await t.shows()


@case(CURSOR, over=ALL)
async def gap(t: Trial) -> None:
    """With `prev > cursor` an event is missing: the client applies nothing, and requests the room from its cursor."""
    two_orders(t)
    await t.connect()
    cursor, before = t.house.head, await t.shown()
    t.house.status("a", "accepted", note="the missing one")
    held = await t.hold(t.server.answers)
    await t.tell(t.house.status("a", "preparing"))
    t.must_resume(await held.came("the client requests the missing event"), cursor)
    await t.shows_still(KITCHEN, before, "an event beyond a gap was applied")
    await held.answer()
    await t.shows()


@case(CURSOR, over=("websocket", "stream"))
async def gap_before_a_sync(t: Trial) -> None:
    """A `sync` whose `prev` is beyond the cursor shows a gap, as an event does."""
    two_orders(t)
    link = await t.connect()
    cursor = t.house.head
    t.house.status("a", "accepted")
    held = await t.hold(t.server.answers)
    await link.send(t.house.sync(KITCHEN))
    t.must_resume(await held.came("the client requests the missing event"), cursor)
    await held.answer()
    await t.shows()


@case(CURSOR, over=("websocket", "stream"))
async def reordered(t: Trial) -> None:
    """Events that arrive out of order are applied in order, each once."""
    two_orders(t)
    await t.connect()
    first = t.house.status("a", "accepted", note="the first one")
    events = [first, t.house.status("a", "preparing"), t.house.status("a", "ready")]
    await t.tell(events[1], events[2], events[0])
    await t.tell(events[2], events[0])
    await t.tell(t.house.status("b", "accepted"))
    await t.shows()


@case(CURSOR, over=ALL)
async def sync_moves_the_cursor(t: Trial) -> None:
    """A `sync` without a gap moves the cursor to its position."""
    two_orders(t)
    link = await t.connect()
    t.house.commit("menu.paused", {"paused": True})
    await link.send(t.house.sync(KITCHEN))
    await t.reached(t.house.head)
    await t.listening()
    link.cut()
    await t.resumed(t.house.head, "the client comes back")
    await t.shows()


@case(CURSOR, over=("websocket", "stream"))
async def live_moves_the_cursor(t: Trial) -> None:
    """`live` moves the cursor to its position, up to which the server has sent everything."""
    two_orders(t)
    link = await t.connect()
    link.cut()
    for _ in range(3):
        t.house.commit("menu.paused", {"paused": True})
    link = await t.resumed(2, "the client comes back")
    await t.shows()
    link.cut()
    await t.resumed(t.house.head, "the client comes back again")
    await t.shows()


@case(SUBSCRIBING, over=ALL)
async def resumes_from_its_cursor(t: Trial) -> None:
    """After a lost connection, the client requests missed events with its cursor and the cursor's epoch."""
    two_orders(t)
    link = await t.connect()
    cursor = t.house.head
    link.cut()
    t.house.status("a", "accepted")
    t.house.place("c")
    await t.resumed(cursor, "the client comes back")
    await t.shows()


@case(SUBSCRIBING)
async def repeats_after_a_reconnect(t: Trial) -> None:
    """On a new connection the server may repeat events, and the client drops them."""
    two_orders(t)
    link = await t.connect()
    await t.tell(t.house.status("a", "accepted"), t.house.status("a", "preparing"))
    await t.shows()

    async def from_the_beginning(link: Link, frame: Json) -> None:
        await link.send(*t.house.missed(KITCHEN, 0), t.house.live(KITCHEN))

    t.server.answers.append(from_the_beginning)
    link.cut()
    t.house.status("b", "accepted")
    await t.resumed(t.house.head - 1, "the client comes back")
    await t.shows()


@case(SUBSCRIBING, over=ALL)
async def snapshot_replaces_the_state(t: Trial) -> None:
    """A snapshot in answer to a cursor replaces the whole state, and documents that it lacks are dropped."""
    two_orders(t)
    link = await t.connect()
    link.cut()
    t.house.status("a", "cancelled", reason="other")
    t.house.status("b", "accepted")
    t.house.place("c")
    t.house.oldest = t.house.head
    await t.link()
    await t.shows(exactly=True)


@case(SUBSCRIBING, over=ALL)
async def snapshot_amid_events(t: Trial) -> None:
    """A snapshot may answer a request for missing events, and events after it continue from its position."""
    two_orders(t)
    await t.connect()
    t.house.status("a", "accepted")
    t.house.oldest = t.house.head + 1
    held = await t.hold(t.server.answers)
    await t.tell(t.house.status("a", "preparing"))
    await held.came("the client requests the missing event")
    t.house.status("b", "cancelled", reason="other")
    t.house.place("c")
    t.house.oldest = t.house.head
    await held.answer()
    await t.listening()
    await t.tell(t.house.status("c", "accepted"))
    await t.shows(exactly=True)


@case(SUBSCRIBING, over=ALL)
async def rewritten_history(t: Trial) -> None:
    """In a new epoch the old cursor is void: the snapshot replaces the state, even at a lower position."""
    two_orders(t)
    link = await t.connect()
    await t.tell(t.house.place("lost"), t.house.status("a", "accepted"))
    await t.shows()
    before = t.house.epoch
    t.house.rewrite(kept=2)
    await link.send({"type": "going_away", "reconnect_in_ms": 50})
    await link.close(1012)
    link = await t.link()
    frame = await t.joined()
    if "since" in frame:
        epoch = str(frame.get("epoch")).partition("~")[0]
        require(epoch == before, f"the cursor of the old epoch was sent as one of the new epoch: {frame}")
    await t.shows(exactly=True)
    await t.tell(t.house.status("b", "accepted"))
    await t.shows(exactly=True)
    link.cut()
    t.house.place("c")
    await t.resumed(t.house.head - 1, "the client comes back in the new epoch")
    await t.shows(exactly=True)


@case(SUBSCRIBING, over=ALL)
async def lost_event(t: Trial) -> None:
    """A client that returns tags names the event at its cursor; if the server has lost it, the state is replaced."""
    two_orders(t)
    link = await t.connect()
    await t.tell(t.house.place("lost"))
    await t.shows()
    shown = t.house.tag(t.house.head)
    t.house.lose(kept=2)
    t.house.place("found")
    link.cut()
    await t.link()
    frame = await t.joined()
    tag = str(frame.get("epoch", "")).partition("~")[2]
    if tag:
        require(tag == shown, f"the tag of the cursor is not of the event there, {shown}: {frame}")
        await t.shows(exactly=True)


@case(PARTS, over=("websocket", "stream"))
async def snapshot_in_parts(t: Trial) -> None:
    """The parts of a snapshot are collected, and applied together with the last one."""
    for id in "abcde":
        t.house.place(id)
    link = await t.connect()
    before = await t.shown()
    link.cut()
    for id in "abcde":
        t.house.status(id, "accepted")
    t.house.oldest = t.house.head
    held = await t.hold(t.server.answers)
    link = await t.link()
    frame = await held.came("the client subscribes")
    if frame.get("paged") is not True:
        await held.answer()
        await t.shows(exactly=True)
        return
    parts = t.house.snapshot(KITCHEN, paged=True)
    for part in parts[:-1]:
        await link.send(part)
        await t.shows_still(KITCHEN, before, "a part was shown before the last one", 0.15)
    await link.send(parts[-1], t.house.live(KITCHEN))
    await t.tell(t.house.status("c", "preparing"))
    await t.shows(exactly=True)


@case(PARTS, over=("websocket", "stream"))
async def cut_between_parts(t: Trial) -> None:
    """If the connection ends between parts, the client drops them, and the next snapshot begins with part 0."""
    for id in "abcde":
        t.house.place(id)
    held = await t.hold(t.server.answers)
    await t.begin()
    link = await t.link()
    frame = await held.came("the client subscribes")
    if frame.get("paged") is not True:
        await held.answer()
        await t.shows(exactly=True)
        return
    await link.send(*t.house.snapshot(KITCHEN, paged=True)[:2])
    await asyncio.sleep(0.2)
    link.cut()
    for id in "abcd":
        t.house.status(id, "cancelled", reason="other")
    link = await t.link()
    require("since" not in await t.joined(), "a client must not resume from a part")
    await t.shows(exactly=True)


@case(PARTS)
async def server_without_parts(t: Trial) -> None:
    """Without `paged` in `welcome`, the client does not ask for parts: older servers refuse the field."""
    del t.server.welcome["paged"]
    two_orders(t)
    link = await t.connect()
    link.cut()
    t.house.place("c")
    await t.resumed(2, "the client comes back")
    await t.shows()


@case(SUBSCRIBING, over=("websocket", "stream"))
async def large_snapshot(t: Trial) -> None:
    """A snapshot may be one message of any size."""
    t.house.part_size = 1000
    for number in range(400):
        t.house.place(f"o{number}", note="n" * 4000)
    await t.connect()


@case("Rooms")
async def floor(t: Trial) -> None:
    """In a floor room, the snapshot has calls and displays, and events change them."""
    t.house.place("a")
    call = {"id": "k1", "table": "7", "reason": "bill", "raised_at": "2026-11-24T10:00:00.000Z"}
    t.house.commit("call.raised", {"k1": call})
    screen = {"id": "d1", "name": "grill", "connected": True, "last_seen_at": "2026-11-24T10:00:00.000Z", "position": 1}
    t.house.commit("display.connected", {"d1": screen})
    await t.connect(FLOOR)
    await t.tell(t.house.commit("call.raised", {"k2": call | {"id": "k2"}}))
    await t.tell(t.house.commit("call.answered", {"k1": None}))
    await t.tell(t.house.commit("display.lost", {"d1": {"connected": False}}), t.house.status("a", "accepted"))
    await t.shows(FLOOR)
    await t.tell(t.house.commit("display.lost", {"d1": None}))
    await t.shows(FLOOR)


@case("Rooms")
async def menu(t: Trial) -> None:
    """In a menu room, the snapshot is the menu, and events change it."""
    dish = {"id": "m1", "name": "Firni", "available": True, "options": {"o1": {"name": "nuts"}, "o2": {"name": "rose"}}}
    t.house.commit("menu.changed", {"restaurant": "r", "paused": False, "items": {"m1": dish, "m2": dish}})
    await t.connect(MENU)
    await t.tell(t.house.commit("menu.availability", {"items": {"m1": {"available": False, "until": "later"}}}))
    await t.tell(t.house.commit("menu.changed", {"items": {"m2": None, "m1": {"options": {"o1": None}}}}))
    await t.tell(t.house.commit("menu.paused", {"paused": True}))
    await t.shows(MENU)


@case("Rooms", over=ALL)
async def two_rooms(t: Trial) -> None:
    """Each room has its own cursor."""
    two_orders(t)
    t.house.commit("menu.changed", {"paused": False, "items": {"m1": {"available": True}}})
    await t.connect(KITCHEN, MENU)
    t.house.status("a", "accepted", note="the missing one")
    held = await t.hold(t.server.answers)
    await t.tell(t.house.commit("menu.paused", {"paused": True}), t.house.status("a", "preparing"))
    frame = await held.came("the client requests the missing event")
    require(frame["room"] == KITCHEN, f"only the kitchen's room lacks an event: {frame}")
    await t.shows(MENU)
    await held.answer()
    await t.shows(KITCHEN, MENU)


@case("Rooms", over=ALL)
async def refused_room(t: Trial) -> None:
    """A refused room stays refused, and the other rooms continue."""
    two_orders(t)
    other = "kitchen:0193aaaa-0000-7000-8000-00000000000f"

    async def refuse_the_other(link: Link, frame: Json) -> None:
        if frame["room"] == KITCHEN:
            await t.server.answer(link, frame)
        else:
            await link.send({"type": "error", "room": other, "code": "forbidden", "message": "not allowed"})
            link.rooms.pop(other)
            refused.append(frame)

    refused: list[Json] = []
    t.server.answers += [refuse_the_other] * 50
    await t.begin(KITCHEN, other)
    await t.link()
    await t.until(lambda: bool(refused), f"the client subscribes to {other}")
    await t.shows()
    await asyncio.sleep(1.5)
    require(len(refused) == 1, f"the refused room was requested {len(refused)} times on one connection")
    await t.tell(t.house.status("a", "accepted"))
    await t.shows()


@case("Errors", over=ALL)
async def room_that_is_unavailable(t: Trial) -> None:
    """A subscription that is answered `unavailable` is sent again after `retry_after_ms`."""
    two_orders(t)

    async def later(link: Link, frame: Json) -> None:
        error = {"type": "error", "room": KITCHEN, "code": "unavailable", "message": "later", "retry_after_ms": wait}
        t.server.answers.append(in_time)
        await link.send(error)
        asked_at.append(asyncio.get_running_loop().time())

    async def in_time(link: Link, frame: Json) -> None:
        asked_at.append(asyncio.get_running_loop().time())
        await t.server.answer(link, frame)

    link = await t.connect()
    wait = 700 if t.transport == "websocket" else 3000  # `Retry-After` has whole seconds
    asked_at: list[float] = []
    t.server.answers.append(later)
    link.cut()
    t.house.place("c")
    await t.until(lambda: len(asked_at) == 2, "the client subscribes again")
    await t.shows()
    waited = asked_at[1] - asked_at[0]
    require(waited > 0.9 * wait / 1000, f"the subscription was sent again before its time: after {waited:.2f} s")
