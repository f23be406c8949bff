"""Tokens and their renewal."""

import time
from collections.abc import Callable

from aiohttp import web

from ..link import problem
from ..trial import Trial, require
from .registry import ALL, case

TOKENS = "Tokens"


async def expire(t: Trial, *script: str) -> None:
    """Connects the client, and then ends its token as the server does."""
    t.house.place("a")
    link = await t.connect()
    t.server.desk.script += script
    t.server.refuse = refuse_the_present_token(t)
    await link.close(4401)
    t.house.status("a", "accepted")


def refuse_the_present_token(t: Trial) -> Callable[[str], web.Response | None]:
    """Returns a refusal of the present token, which has not been renewed yet."""
    over = t.server.desk.access_token
    return lambda token: problem(401, "unauthorized") if token == over else None


def must_have_asked(t: Trial, *tokens: str) -> None:
    """Checks which refresh tokens were sent."""
    asked = t.server.desk.asked
    require(asked == list(tokens), f"the refresh tokens sent are {asked}, not {list(tokens)}")


@case(TOKENS, over=ALL)
async def expired_token(t: Trial) -> None:
    """After 4401, the client gets a new token and reconnects with it, from its cursors."""
    await expire(t)
    await t.resumed(1, "the client comes back with a new token")
    await t.shows()
    must_have_asked(t, "refresh-1")


@case(TOKENS, over=ALL)
async def token_refused_at_the_handshake(t: Trial) -> None:
    """After a handshake that is refused with 401, the client gets a new token."""
    t.house.place("a")
    t.server.refuse = refuse_the_present_token(t)
    await t.begin()
    await t.link(what="the client comes back with a new token")
    await t.shows()
    require(t.server.desk.asked[:1] == ["refresh-1"], "the token was not renewed")


@case(TOKENS, over=("websocket", "stream"))
async def lost_renewal(t: Trial) -> None:
    """A client that gets no answer to a renewal sends the same refresh token again, and then uses its successor."""
    await expire(t, "lose", "lose")
    link = await t.link(what="the client comes back with a new token")
    await t.shows()
    must_have_asked(t, "refresh-1", "refresh-1", "refresh-1")
    t.server.refuse = refuse_the_present_token(t)
    await link.close(4401)
    await t.link(what="the client comes back with another token")
    must_have_asked(t, "refresh-1", "refresh-1", "refresh-1", "refresh-2")


@case(TOKENS, over=("websocket", "poll"))
async def slow_renewal(t: Trial) -> None:
    """The client waits for a slow renewal."""
    await expire(t, "slow")
    await t.resumed(1, "the client comes back with a new token")
    await t.shows()


@case(TOKENS)
async def unavailable_renewal(t: Trial) -> None:
    """After a renewal that is answered with anything but 401 `unauthorized`, the session continues."""
    await expire(t, "unavailable", "unavailable")
    await t.resumed(1, "the client comes back with a new token")
    await t.shows()
    must_have_asked(t, "refresh-1", "refresh-1", "refresh-1")


@case(TOKENS)
async def renewal_behind_a_proxy(t: Trial) -> None:
    """A 401 without the code `unauthorized` comes from a proxy, and does not end the session."""
    await expire(t, "proxy")
    await t.resumed(1, "the client comes back with a new token")
    await t.shows()
    must_have_asked(t, "refresh-1", "refresh-1")


@case(TOKENS)
async def ended_session(t: Trial) -> None:
    """A renewal that is answered with 401 `unauthorized` ends the session: the client stops and says so."""
    await expire(t, "over")
    await t.client.until(lambda: t.client.stopped is not None, "the client says that it stopped")
    handshakes = len(t.server.handshakes)
    await t.never(lambda: len(t.server.handshakes) > handshakes, "a handshake after the end of the session", 2.0)
    must_have_asked(t, "refresh-1")


@case(TOKENS, over=("websocket", "stream"))
async def token_that_expires_soon(t: Trial) -> None:
    """The client renews its token in time, and stays live on the same connection or a new one."""
    desk = t.server.desk
    desk.lifetime = 4.0
    desk.issue()
    t.house.place("a")
    link = await t.connect()
    desk.lifetime = 3600.0
    expires_at = time.monotonic() + 4.0
    await t.until(lambda: bool(link.refreshed) or link.over or time.monotonic() > expires_at, "the token expires")
    if not link.refreshed and not link.over:
        t.server.refuse = refuse_the_present_token(t)
        await link.close(4401)
    if link.refreshed:
        require(link.refreshed[-1] == desk.access_token, "`refresh` carries another token than the new one")
    else:
        link = await t.link(what="the client comes back with a new token")
    await t.tell(t.house.status("a", "accepted"))
    await t.shows()
    require(len(desk.asked) <= 3, f"one renewal suffices, and there were {len(desk.asked)}")
