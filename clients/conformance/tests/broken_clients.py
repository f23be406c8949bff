"""Clients that each break one rule: the Python client, patched, under its adapter.

    python broken_clients.py NAME

`BROKEN` names for each client the case of the kit that must detect it.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1] / "adapters"), str(Path(__file__).parents[2] / "python/src")]

from orderbell import client, codes, link, outbox, room_state, subscriptions, tokens
from orderbell.codes import AfterClose, OrderbellError
from orderbell.room_state import RoomState, Step, Verdict

import http_client
import python_client

BROKEN: dict[str, tuple[str, Callable[[], None]]] = {}


def broken(noticed_by: str) -> Callable[[Callable[[], None]], None]:
    """Registers a patch, and the case that must detect it."""

    def register(patch: Callable[[], None]) -> None:
        BROKEN[patch.__name__] = (noticed_by, patch)

    return register


def put(owner: Any, name: str, value: Any) -> None:
    """Replaces a part of the client."""
    assert hasattr(owner, name), f"{owner} has no {name}"
    setattr(owner, name, value)


@broken("repeats")
def applies_repeats() -> None:
    put(room_state, "judge", lambda cursor, prev, position: Verdict.APPLY if prev <= cursor else Verdict.GAP)


@broken("gap")
def skips_gaps() -> None:
    put(room_state, "judge", lambda cursor, prev, position: Verdict.DROP if position <= cursor else Verdict.APPLY)


@broken("gap_before_a_sync")
def trusts_each_sync() -> None:
    advance = RoomState._advance

    def trusting(self: RoomState, frame: Any) -> Step:
        return advance(self, frame | {"prev": 0} if frame["type"] == "sync" else frame)

    put(RoomState, "_advance", trusting)


@broken("live_moves_the_cursor")
def leaves_its_cursor_behind_live() -> None:
    went_live = RoomState._went_live
    put(RoomState, "_went_live", lambda self, frame, epoch: went_live(self, frame | {"position": 0}, epoch))


@broken("rewritten_history")
def takes_its_cursor_into_a_new_epoch() -> None:
    put(RoomState, "enter", lambda self, epoch: put(self, "epoch", epoch))


@broken("lost_event")
def names_the_event_of_its_first_snapshot() -> None:
    tags: list[Any] = []

    def first(frame: Any) -> Any:
        tags.append(frame.get("tag"))
        return tags[0]

    put(room_state, "tag_of", first)


@broken("snapshot_replaces_the_state")
def keeps_what_a_snapshot_lacks() -> None:
    snapshot = RoomState._snapshot

    def adding(self: RoomState, frame: Any, epoch: str) -> Step:
        before = self.documents
        step = snapshot(self, frame, epoch)
        self.documents = before | self.documents
        return step

    put(RoomState, "_snapshot", adding)


@broken("snapshot_in_parts")
def shows_a_snapshot_before_its_last_part() -> None:
    part = RoomState._part

    def early(self: RoomState, frame: Any, epoch: str) -> Step:
        self.documents = {order["id"]: order for order in frame["documents"]}
        return part(self, frame, epoch)

    put(RoomState, "_part", early)


@broken("cut_between_parts")
def joins_parts_of_two_snapshots() -> None:
    stored: list[Any] = []

    def joining(self: RoomState, frame: Any, epoch: str) -> Step:
        stored.append(frame)
        return Step() if frame["more"] else self._snapshot(room_state._joined(stored), epoch)

    put(RoomState, "_part", joining)


@broken("removed_fields")
def keeps_null_as_a_value() -> None:
    def keeping(target: Any, patch: Any) -> Any:
        if not isinstance(target, dict) or not isinstance(patch, dict):
            return patch
        return target | {name: keeping(target.get(name), value) for name, value in patch.items()}

    put(room_state, "merge_patch", keeping)


@broken("unknown_kinds")
def drops_kinds_that_it_does_not_know() -> None:
    apply = RoomState._apply_to_order

    def choosy(self: RoomState, event: Any, position: int) -> Step:
        return apply(self, event, position) if "order." in event["kind"] else Step()

    put(RoomState, "_apply_to_order", choosy)


@broken("lost_answer")
def sends_a_command_again_under_another_id() -> None:
    take = outbox.Outbox.take
    sent: set[str] = set()

    def renaming(self: Any, now: float) -> Any:
        frame = take(self, now)
        if frame is None or frame["id"] not in sent:
            sent.update([] if frame is None else [frame["id"]])
            return frame
        return frame | {"id": client.new_id()}

    put(outbox.Outbox, "take", renaming)


@broken("given_while_offline")
def forgets_commands_without_a_connection() -> None:
    add = outbox.Outbox.add
    put(outbox.Outbox, "add", lambda self, frame, now: add(self, frame, now) if self._up else None)


@broken("backoff")
def reconnects_without_a_pause() -> None:
    put(client, "full_jitter", lambda *_, **__: 0.0)


@broken("going_away")
def ignores_its_slot() -> None:
    put(codes, "CLOSE_CODES", {**codes.CLOSE_CODES, 1012: ("restarting", AfterClose.AT_ONCE)})


@broken("close_4400")
def comes_back_after_a_violation() -> None:
    put(codes, "CLOSE_CODES", {**codes.CLOSE_CODES, 4400: ("violation", AfterClose.BACKOFF)})


@broken("expired_token")
def comes_back_with_the_old_token() -> None:
    put(codes, "CLOSE_CODES", {**codes.CLOSE_CODES, 4401: ("expired", AfterClose.BACKOFF)})


@broken("lost_renewal")
def takes_a_lost_answer_for_the_end_of_the_session() -> None:
    renew = tokens.SessionTokens._renew

    async def impatient(self: Any, http: Any, pair: Any) -> str:
        try:
            return await renew(self, http, pair)
        except OrderbellError as error:
            raise OrderbellError("unauthorized", status=401) from error

    put(tokens.SessionTokens, "_renew", impatient)


@broken("lost_renewal")
def renews_with_the_first_refresh_token() -> None:
    keep = tokens.SessionTokens.keep
    first: list[str] = []

    def keeping(self: Any, answer: Any) -> str:
        first.append(answer["refresh_token"])
        return keep(self, answer | {"refresh_token": first[0]})

    put(tokens.SessionTokens, "keep", keeping)


@broken("silent_server")
def waits_for_a_silent_server_forever() -> None:
    greet = link.Link._greet

    async def patient(self: Any) -> None:
        await greet(self)
        self._heartbeat = 3600.0

    put(link.Link, "_greet", patient)


@broken("server_without_parts")
def always_asks_for_parts() -> None:
    up = subscriptions.Subscriptions.up
    put(subscriptions.Subscriptions, "up", lambda self, welcome: up(self, welcome | {"paged": True}))


@broken("cut_between_parts_over_stream")
def keeps_the_id_before_an_empty_one() -> None:
    push = http_client.EventStream.push
    last: list[str] = []

    def keeping(self: Any, piece: bytes) -> Iterator[tuple[str, str]]:
        for id, data in push(self, piece):
            last.extend([id] if id else [])
            yield last[-1], data

    put(http_client.EventStream, "push", keeping)
    put(python_client, "main", partial(python_client.main, http_client.HttpClient("stream"), transports=["stream"]))


if __name__ == "__main__":
    BROKEN[sys.argv[1]][1]()
    asyncio.run(python_client.main())
