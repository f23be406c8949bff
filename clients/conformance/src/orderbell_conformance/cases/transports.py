"""Streams and long polls: their form, their ends, and the change from one transport to another."""

import asyncio
import json
import time

from ..house import KITCHEN, Json
from ..link import Link, PollLink, StreamLink
from ..trial import Trial, require
from .registry import case, change

STREAMS = "Streams and long polls"
CHANGE = 2.0
"""The longest time until a client has changed to another transport, as a multiple of the usual patience."""
NOTE = "ঝাল কম — peu épicé 🌶"


async def stream_of(t: Trial) -> StreamLink:
    """Connects the client by a stream."""
    t.house.place("a")
    t.house.place("b")
    link = await t.connect()
    assert isinstance(link, StreamLink)
    return link


@case(STREAMS, over=("stream",))
async def split_anywhere(t: Trial) -> None:
    """The network may cut a stream into pieces anywhere, also within a character."""
    link = await stream_of(t)
    for entry in (t.house.status("a", "accepted", note=NOTE), t.house.status("b", "accepted", note=NOTE)):
        for byte in link.message(t.house.event(KITCHEN, entry)).encode():
            await link.write(bytes([byte]))
            if byte > 127:
                await asyncio.sleep(0.005)
    await t.shows()
    await link.write("".join(link.message(t.house.event(KITCHEN, t.house.place(id))) for id in "cde"))
    await t.shows()
    require(len(t.server.links) == 1, "the stream was whole, so the client must request nothing")


@case(STREAMS, over=("stream",))
async def lines_of_a_message(t: Trial) -> None:
    """A message may have comments, unknown fields, several lines of data, and lines that end with LF, CRLF or CR."""
    link = await stream_of(t)
    for end, status in (("\n", "accepted"), ("\r\n", "preparing"), ("\r", "ready")):
        frame = t.house.event(KITCHEN, t.house.status("a", status))
        head, _, _ = link.message(frame).partition("data:")
        data = "".join(f"data:{line}\n" for line in json.dumps(frame, indent=1).splitlines())
        text = f": a comment\n{head}: another: comment\nunknown: field\n{data}retry: 2000\n\n: hb\n\n"
        await link.write(text.replace("\n", end))
        await t.shows()
    require(len(t.server.links) == 1, "the stream was whole, so the client must request nothing")


@case(STREAMS, over=("stream",))
async def cut_in_an_event(t: Trial) -> None:
    """A message counts once its empty line has come: a client drops an unfinished one and resumes before it."""
    link = await stream_of(t)
    for status, share in (("accepted", 0.5), ("preparing", 1.0)):
        cursor = t.house.head
        message = link.message(t.house.event(KITCHEN, t.house.status("a", status))).removesuffix("\n")
        await link.write(message[: int(len(message) * share)])
        await link.close(1012)
        resumed = await t.resumed(cursor, "the client comes back")
        assert isinstance(resumed, StreamLink)
        link = resumed
        await t.shows()


@case(STREAMS, over=("stream",))
async def heartbeats(t: Trial) -> None:
    """Comments show that a stream lives: a client stays while nothing else comes."""
    t.server.heartbeat_ms = 1200
    link = await stream_of(t)
    await t.never(lambda: link.over, "the client leaves a stream that shows signs of life", 4.0)
    await t.tell(t.house.status("a", "accepted"))
    await t.shows()
    require(len(t.server.links) == 1, "the client left a stream that showed signs of life")


@case(STREAMS, over=("stream",))
async def snapshot_amid_a_stream(t: Trial) -> None:
    """A snapshot may come between the events of a stream. It replaces the state, and later events continue from it."""
    link = await stream_of(t)
    await t.tell(t.house.status("a", "accepted"))
    t.house.status("a", "cancelled", reason="other")
    t.house.place("c")
    paged = link.subscribes[0].get("paged") is True
    await link.send(*t.house.snapshot(KITCHEN, paged), t.house.live(KITCHEN))
    await t.shows(exactly=True)
    await t.tell(t.house.status("c", "accepted"))
    await t.shows(exactly=True)
    require(len(t.server.links) == 1, "no event was missing, so the client must request nothing")


@case(STREAMS, over=("stream",))
async def room_that_cannot_be_read_on(t: Trial) -> None:
    """A stream that ends with `unavailable` is requested again from its cursor, after `retry_after_ms`."""
    link = await stream_of(t)
    cursor = t.house.head
    error = {"type": "error", "room": KITCHEN, "code": "unavailable", "message": "later", "retry_after_ms": 3000}
    await link.send(error)
    began = time.monotonic()
    await link.close(1012)
    t.house.status("a", "accepted")
    resumed = await t.resumed(cursor, "the client comes back")
    waited = resumed.opened_at - began
    require(waited > 2.7, f"requested again before its time: after {waited:.2f} s")
    await t.shows()


@case(STREAMS, over=("poll",))
async def cut_in_an_answer(t: Trial) -> None:
    """An answer to a poll counts as a whole: of one that was cut, nothing is applied, and the cursor stays."""
    t.house.place("a")
    link = await t.connect()
    assert isinstance(link, PollLink)
    cursor, before = t.house.head, await t.shown()
    entries = [t.house.status("a", status, note=NOTE) for status in ("accepted", "preparing", "ready")]
    held = await t.hold(t.server.answers)
    await link.send_torn(*(t.house.event(KITCHEN, entry) for entry in entries))
    t.must_resume(await held.came("the client polls again"), cursor)
    await t.shows_still(KITCHEN, before, "a part of a cut answer was applied")
    await held.answer()
    await t.shows()


@case(STREAMS, over=("poll",))
async def several_answers(t: Trial) -> None:
    """Missed events may come in several answers: the next poll continues from `position`."""
    t.house.place("a")
    link = await t.connect()
    link.cut()
    for status in ("accepted", "preparing", "ready"):
        t.house.status("a", status)
    asked: list[Json] = []

    async def the_next_event(link: Link, frame: Json) -> None:
        asked.append(frame)
        await link.send(t.house.missed(KITCHEN, frame.get("since", 0))[0])

    t.server.answers += [the_next_event] * 3
    await t.link()
    await t.shows()
    positions = [frame.get("since") for frame in asked]
    require(positions == [1, 2, 3], f"the polls continued from {positions}, not from 1, 2 and 3")


@change(STREAMS, "websocket", "stream")
async def blocked_websocket(t: Trial) -> None:
    """When WebSockets no longer get through, the client continues by a stream, from its cursor."""
    await falls_back(t, "stream")


@change(STREAMS, "stream", "poll")
async def blocked_stream(t: Trial) -> None:
    """When streams no longer get through, the client continues by long polls, from its cursor."""
    await falls_back(t, "poll")


async def falls_back(t: Trial, transport: str) -> None:
    """Blocks the transport of a client, and checks that it continues by another."""
    t.house.place("a")
    link = await t.connect()
    await t.tell(t.house.status("a", "accepted"))
    await t.shows()
    cursor = t.house.head
    t.server.open = (transport,)
    link.cut()
    t.house.status("a", "preparing")
    await t.resumed(cursor, f"the client comes back by {transport}", CHANGE * t.patience)
    await t.shows()


@change(STREAMS, "poll", "websocket")
async def event_by_both(t: Trial) -> None:
    """An event that comes by two transports is applied once."""
    t.house.place("a")
    poll = await t.connect()
    await t.tell(t.house.status("a", "accepted"), t.house.status("a", "preparing"))
    await t.shows()
    cursor = t.house.head

    held = await t.hold(t.server.answers)
    t.server.open = ("poll", "websocket")
    socket = await t.resumed(cursor, "the client comes back by WebSocket", CHANGE * t.patience)
    await held.came("the client subscribes")
    latest = t.house.status("a", "ready")
    if poll.ready:
        await poll.send(t.house.event(KITCHEN, latest))
    await socket.send(*t.house.missed(KITCHEN, 0), t.house.live(KITCHEN))
    await t.tell(t.house.place("c"))
    await t.shows()


@change(STREAMS, "poll", "stream")
async def late_answer(t: Trial) -> None:
    """An answer to a poll that comes after a stream has taken over changes nothing."""
    t.house.place("a")
    poll = await t.connect()
    cursor, late = t.house.head, t.house.snapshot(KITCHEN, paged=False)
    t.server.open = ("poll", "stream")
    await t.resumed(cursor, "the client comes back by a stream", CHANGE * t.patience)
    await t.tell(t.house.status("a", "accepted"), t.house.place("c"))
    await t.shows()
    before, snapshots = await t.shown(), t.client.snapshots[KITCHEN]
    t.server.open = ("stream",)
    if poll.ready:
        await poll.send(*late)
    await t.shows_still(KITCHEN, before, "a late answer changed the state", 0.5)
    require(t.client.snapshots[KITCHEN] == snapshots, "a late answer replaced the state")
    await t.tell(t.house.status("c", "accepted"))
    await t.shows()
