"""Commands: each has one effect and one answer."""

import asyncio
import uuid
from itertools import pairwise

from ..house import Json
from ..link import Link, problem
from ..server import Answer
from ..trial import Trial, require
from .registry import case

RETRIES, ERRORS = "Retries and idempotency", "Errors"


async def accept(t: Trial, order: str = "a") -> str:
    """Gives the client a command. Returns its id."""
    id = str(uuid.uuid4())
    await t.client.do("command", command={"id": id, "action": "accept", "order": order, "minutes": 20})
    return id


async def answered(t: Trial, id: str, seconds: float | None = None) -> Json:
    """Waits until the client reports the end of a command."""
    await t.client.until(lambda: id in t.client.answers, "the client reports the answer to the command", seconds)
    return t.client.answers[id]


def refused(**fields: object) -> Answer:
    """Returns a script line that refuses a command."""

    async def refuse(link: Link, frame: Json) -> None:
        await link.send({"type": "error", "id": frame["id"], "message": "as the case wants it", **fields})

    return refuse


@case("Commands", over=("websocket", "stream"))
async def acknowledged(t: Trial) -> None:
    """A command is sent once and ends with its `ack`."""
    t.house.place("a")
    await t.connect()
    id = await accept(t)
    answer = await answered(t, id)
    require(answer.get("ack", {}).get("document", {}).get("status") == "accepted", f"not the `ack`: {answer}")
    await t.shows()
    (frame,) = t.server.commands
    require(frame["id"] == id and frame.get("minutes") == 20, f"the command was changed: {frame}")


@case(RETRIES, over=("websocket", "stream"))
async def lost_answer(t: Trial) -> None:
    """A command whose answer was lost is sent again under its id, and has one effect."""
    t.house.place("a")
    await t.connect()

    async def execute_and_cut(link: Link, frame: Json) -> None:
        t.server.acknowledged(frame)
        link.cut()

    t.server.outcomes += [execute_and_cut, execute_and_cut]
    id = await accept(t)
    answer = await answered(t, id)
    require("ack" in answer, f"not the `ack`: {answer}")
    sent = [frame["id"] for frame in t.server.commands]
    require(set(sent) == {id}, f"the command was sent under other ids: {sent}")
    require(len(sent) == 3, f"the command was sent {len(sent)} times, and had to be 3 times")
    await t.shows()


@case(RETRIES, over=("websocket", "stream"))
async def lost_answer_to_an_order(t: Trial) -> None:
    """An order whose answer was lost is placed again under its id and with the same contents, and remains one order."""
    link = await t.connect()

    async def execute_and_cut(link: Link, frame: Json) -> None:
        t.server.acknowledged(frame)
        link.cut()

    t.server.outcomes.append(execute_and_cut)
    id = str(uuid.uuid4())
    basket = {"service": "takeaway", "items": [{"menu_item": "m1", "quantity": 2, "note": "no nuts"}]}
    await t.client.do("place", id=id, order=basket)
    answer = await answered(t, id)
    require("ack" in answer, f"not the `ack`: {answer}")
    require(t.server.commands[0]["order"] == basket, f"the order was changed: {t.server.commands[0]}")
    await t.shows()
    require(len(t.house.state(link.subscribes[0]["room"])["documents"]) == 1, "more than one order was placed")


@case(RETRIES)
async def given_while_offline(t: Trial) -> None:
    """A command made without a connection is sent once, on the next connection."""
    t.house.place("a")
    link = await t.connect()
    t.server.refuse = lambda token: problem(503, "unavailable")
    link.cut()
    await t.until(lambda: t.server.handshakes[-1].refused is not None, "the client tries to come back")
    id = await accept(t)
    await asyncio.sleep(0.3)
    t.server.refuse = lambda token: None
    answer = await answered(t, id)
    require("ack" in answer, f"not the `ack`: {answer}")
    sent = [frame["id"] for frame in t.server.commands]
    require(sent == [id], f"the command was sent {len(sent)} times")
    await t.shows()


@case(ERRORS, over=("websocket", "stream"))
async def refused_command(t: Trial) -> None:
    """A refusal is final: the client reports its code, and does not send the command again."""
    t.house.place("a")
    await t.connect()
    document = t.house.state("kitchen:")["documents"]["a"]
    t.server.outcomes += [refused(code="invalid_transition"), refused(code="stale", document=document)]
    for code in ("invalid_transition", "stale"):
        answer = await answered(t, await accept(t))
        require(answer.get("error", {}).get("code") == code, f"not the refusal {code}: {answer}")
    await asyncio.sleep(0.5)
    require(len(t.server.commands) == 2, f"refused commands were sent again: {len(t.server.commands)} frames")
    await t.shows()


@case(ERRORS, over=("websocket", "stream"))
async def command_that_is_over_a_limit(t: Trial) -> None:
    """A command that is answered `rate_limited` or `unavailable` is sent again under its id, after `retry_after_ms`."""
    t.house.place("a")
    await t.connect()
    came_at: list[float] = []
    wait = 600 if t.transport == "websocket" else 2000  # `Retry-After` has whole seconds

    def later(code: str) -> Answer:
        async def refuse(link: Link, frame: Json) -> None:
            came_at.append(asyncio.get_running_loop().time())
            await link.send({"type": "error", "id": frame["id"], "code": code, "message": "", "retry_after_ms": wait})

        return refuse

    async def execute(link: Link, frame: Json) -> None:
        came_at.append(asyncio.get_running_loop().time())
        await t.server.execute(link, frame)

    t.server.outcomes += [later("rate_limited"), later("unavailable"), execute]
    id = await accept(t)
    answer = await answered(t, id)
    require("ack" in answer, f"not the `ack`: {answer}")
    sent = [frame["id"] for frame in t.server.commands]
    require(set(sent) == {id}, f"the command was sent under other ids: {sent}")
    waits = [later - sooner for sooner, later in pairwise(came_at)]
    require(min(waits) > 0.8 * wait / 1000, f"the command was sent again before its time: after {min(waits):.2f} s")
    await t.shows()


@case(ERRORS, over=("websocket", "stream"))
async def token_refused_for_a_command(t: Trial) -> None:
    """A command that is answered `unauthorized` is sent again under its id with a new token."""
    t.house.place("a")
    await t.connect()
    t.server.outcomes.append(refused(code="unauthorized"))
    id = await accept(t)
    answer = await answered(t, id)
    require("ack" in answer, f"not the `ack`: {answer}")
    require(t.server.desk.asked == ["refresh-1"], f"the token was not renewed: {t.server.desk.asked}")
    await t.shows()
