"""Commands: each gets one answer, even over an unreliable connection."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderbell import OrderbellError
from orderbell.codes import AfterError
from orderbell.outbox import BOUND, COMMAND_LIFETIME_S, MAX_TRIES, ORDER_LIFETIME_S, Outbox, Settled

STEPS = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 3)),
    st.sampled_from(["take", "take", "up", "down", "tick"]),
    st.tuples(st.sampled_from(["ack", "refuse", "later"]), st.integers(0, 5)),
)


def command(number: int, lane: int) -> dict[str, Any]:
    return {"type": "command", "id": f"c{number}", "order": f"o{lane}", "action": "start"}


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_each_command_ends_once_and_the_commands_of_an_order_are_sent_in_order(steps: list[Any]) -> None:
    outbox, now, added = Outbox(lambda: 0.5), 0.0, 0
    under_way: list[dict[str, Any]] = []  # commands sent on this connection and not answered yet
    ended: list[str] = []
    for step in steps:
        match step:
            case ("add", lane):
                outbox.add(command(added, lane), now)
                added += 1
            case "take":
                frame = outbox.take(now)
                if frame is not None:
                    assert frame["id"] not in ended, "an answered command is not sent again"
                    assert all(other["order"] != frame["order"] for other in under_way), "one command at a time"
                    under_way.append(frame)
            case "up" | "down":
                under_way.clear()
                outbox.up(None) if step == "up" else outbox.down()
            case "tick":
                now += 1.0
            case (kind, at) if at < len(under_way):
                frame = under_way.pop(at)
                ack = {"type": "ack", "id": frame["id"]}
                code = "stale" if kind == "refuse" else "unavailable"
                answer = outbox.answer(ack if kind == "ack" else ack | {"type": "error", "code": code}, now)
                if isinstance(answer, Settled):
                    ended.append(answer.id)
                else:
                    assert kind == "later"
    assert len(ended) == len(set(ended))
    assert len(ended) + len(outbox) == added
    # Nothing is forgotten: over a good connection, everything is sent and ends.
    outbox.up(None)
    for _ in range(10_000):
        if len(outbox) == 0:
            break
        frame = outbox.take(now)
        if frame is None:
            now += 1.0
        else:
            assert isinstance(outbox.answer({"type": "ack", "id": frame["id"]}, now), Settled)
    assert len(outbox) == 0


def test_more_commands_than_the_bound_are_refused() -> None:
    outbox = Outbox(lambda: 0.5)
    for number in range(BOUND):
        outbox.add(command(number, number), 0.0)
    with pytest.raises(OrderbellError, match="queue_full"):
        outbox.add(command(BOUND, 0), 0.0)


def test_a_temporary_refusal_is_retried_after_its_delay_and_becomes_final() -> None:
    outbox = Outbox(lambda: 0.5)
    outbox.add(command(1, 1), 0.0)
    outbox.up(None)
    now = 0.0
    for attempt in range(1, MAX_TRIES + 1):
        assert outbox.take(now) is not None
        error = {"type": "error", "id": "c1", "code": "rate_limited", "retry_after_ms": 1500}
        answer = outbox.answer(error, now)
        if attempt < MAX_TRIES:
            assert answer is AfterError.LATER
            assert outbox.take(now + 1.4) is None
            assert outbox.wake_at() == now + 1.5
        else:
            assert isinstance(answer, Settled)
        now += 1.5


def test_an_unsent_order_expires_before_other_commands_do() -> None:
    outbox = Outbox(lambda: 0.5)
    outbox.add({"type": "place", "id": "p", "order": {"items": []}}, 0.0)
    outbox.add(command(1, 1), 0.0)
    assert outbox.wake_at() == ORDER_LIFETIME_S
    assert [settled.id for settled in outbox.expire(ORDER_LIFETIME_S)] == ["p"]
    assert [settled.id for settled in outbox.expire(COMMAND_LIFETIME_S)] == ["c1"]


def test_commands_are_sent_no_faster_than_the_server_allows() -> None:
    outbox = Outbox(lambda: 0.5)
    for number in range(3):
        outbox.add(command(number, number), 0.0)
    outbox.up(4)
    assert outbox.take(0.0) is not None
    assert outbox.take(0.2) is None
    assert outbox.take(0.25) is not None
