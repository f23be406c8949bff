"""Close codes, going away, heartbeats and backoff."""

import time
from itertools import pairwise

from aiohttp import web

from ..link import problem
from ..trial import Trial, require
from .registry import ALL, case

CODES, HANDSHAKE, HEARTBEAT = "Close codes", "Handshake", "Heartbeat"
STOPPED_S = 2.0
"""How long to watch a client that has to stop."""
OUTAGE_S = 4.0
"""The time without any connection."""
TOO_MANY = 15
"""No client with backoff makes more handshakes during the outage."""


def comes_back(code: int, rule: str, within: float) -> None:
    """Adds a case of a close code after which a client reconnects with its cursor."""

    async def run(t: Trial) -> None:
        t.house.place("a")
        link = await t.connect()
        await link.close(code)
        t.house.status("a", "accepted")
        await t.resumed(1, f"the client comes back after {code}", within)
        await t.shows()

    run.__doc__ = rule
    case(CODES, f"close_{code}")(run)


comes_back(1012, "1012 without `going_away` before it: the client reconnects after backoff, with its cursors.", 10)
comes_back(4408, "4408, nothing received for two heartbeats: the client reconnects with backoff.", 10)
comes_back(4409, "4409, it reads too slowly: the client reconnects at once, with its cursors.", 5)
comes_back(4429, "4429, far over the message rate: the client reconnects after backoff.", 10)
comes_back(4999, "A code that is not in the table is a lost connection: the client reconnects.", 10)


def stops(code: int, rule: str) -> None:
    """Adds a case of a close code after which a client does not come back."""

    async def run(t: Trial) -> None:
        t.house.place("a")
        link = await t.connect()
        handshakes = len(t.server.handshakes)
        await link.close(code)
        await t.never(lambda: len(t.server.handshakes) > handshakes, f"a handshake after {code}", STOPPED_S)
        await t.client.until(lambda: t.client.stopped is not None, "the client says that it stopped")

    run.__doc__ = rule
    case(CODES, f"close_{code}")(run)


stops(1000, "1000, normal: the client does nothing.")
stops(1009, "1009, a frame too large: the client stops and reports.")
stops(4400, "4400, a protocol violation: the client stops and reports.")
stops(4403, "4403, not allowed any more: the client stops.")


@case(CODES, over=("websocket", "stream"))
async def going_away(t: Trial) -> None:
    """After `going_away`, the client reconnects in its own slot: not before it, and not long after."""
    t.house.place("a")
    link = await t.connect()
    began = time.monotonic()
    await link.send({"type": "going_away", "reconnect_in_ms": 1500})
    await t.tell(t.house.status("a", "accepted"))
    await t.shows()
    await link.close(1012)
    link = await t.resumed(2, "the client comes back")
    waited = link.opened_at - began
    require(1.35 <= waited <= 8.0, f"the slot was after 1.5 s, the client came after {waited:.2f} s")
    await t.shows()


@case(CODES, over=ALL)
async def backoff(t: Trial) -> None:
    """While no connection succeeds, the client waits longer each time; after the outage it comes back."""
    t.house.place("a")
    link = await t.connect()
    t.server.refuse = lambda token: web.Response(status=503)
    handshakes = len(t.server.handshakes)
    link.cut()

    def are_too_many() -> bool:
        return len(t.server.handshakes) - handshakes > TOO_MANY

    await t.never(are_too_many, f"more than {TOO_MANY} handshakes within {OUTAGE_S:g} s", OUTAGE_S)
    t.server.refuse = lambda token: None
    t.house.status("a", "accepted")
    await t.resumed(1, "the client comes back after an outage", 25)
    await t.shows()


@case(HANDSHAKE, over=ALL)
async def full_node(t: Trial) -> None:
    """A request that is refused with 503 or 429 is made again, with the same token."""
    t.house.place("a")
    after = {"Retry-After": "1" if t.transport == "websocket" else "2"}
    refusals = [problem(503, "unavailable", after), problem(429, "rate_limited", after)]

    def refuse(token: str) -> web.Response | None:
        return refusals.pop(0) if refusals else None

    if t.transport == "websocket":  # in a browser, a client cannot read this answer
        t.server.refuse = refuse
        await t.begin()
        await t.link(25)
        await t.shows()
        return
    link = await t.connect()
    t.server.refuse = refuse
    link.cut()
    t.house.status("a", "accepted")
    await t.resumed(1, "the client comes back", 25)
    await t.shows()
    came = [handshake.at for handshake in t.server.handshakes if handshake.transport == t.transport]
    came = came[came.index(next(each.at for each in t.server.handshakes if each.refused)) :]
    waits = [later - sooner for sooner, later in pairwise(came[:3])]
    require(min(waits) > 1.8, f"requested again before the time in `Retry-After`: after {min(waits):.2f} s")


@case(HEARTBEAT, over=("websocket", "stream"))
async def silent_server(t: Trial) -> None:
    """A connection on which nothing comes for two heartbeats is dropped, and the client comes back with its cursor."""
    t.house.place("a")
    t.server.heartbeat_ms = 1000
    link = await t.connect()
    link.mute = True
    t.house.status("a", "accepted")
    await t.resumed(1, "the client gives up a silent connection")
    await t.shows()


@case(HEARTBEAT)
async def quiet_room(t: Trial) -> None:
    """A connection that answers pings stays open while its rooms are silent."""
    t.house.place("a")
    t.server.heartbeat_ms = 1500
    link = await t.connect_socket()
    await t.never(lambda: link.over, "the client leaves a connection that answers", 4.0)
    await link.ping()
    await t.until(lambda: link.pongs > 0, "the client answers a ping")
    await t.tell(t.house.status("a", "accepted"))
    await t.shows()
