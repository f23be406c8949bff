"""A client without WebSockets, and its adapter: it only streams (by `Last-Event-ID`) or only polls.

    python http_client.py stream
    python http_client.py poll

It requests each room by itself, and sends commands as HTTP calls. The state of a room, the tokens and the calls are
those of the Python client.
"""

import asyncio
import codecs
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
from orderbell.backoff import full_jitter
from orderbell.codes import AfterError, OrderbellError, after_error
from orderbell.http import Http, refusal
from orderbell.room_state import Need, RoomState
from orderbell.tokens import SessionTokens

from python_client import Adapter, main, tell

WAIT_S = 20
"""How long the server may hold a poll."""
STEADY_S = 5.0
"""How long a stream must last so that its loss starts the backoff from the beginning."""
LOST = (aiohttp.ClientError, TimeoutError, OSError, ValueError)


class EventStream:
    """Reads `text/event-stream` from pieces that are cut anywhere."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""
        self._ends_with_cr = False
        self._id = ""
        self._data: list[str] = []

    def push(self, piece: bytes) -> Iterator[tuple[str, str]]:
        """Yields the id and the data of each message that a piece completes."""
        text = self._decoder.decode(piece)
        if text == "":
            return
        whole = self._rest + (text[1:] if self._ends_with_cr and text[0] == "\n" else text)
        self._ends_with_cr = text.endswith("\r")
        *lines, self._rest = re.split(r"\r\n|\n|\r", whole)
        for line in lines:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                self._data.append(value)
            elif name == "id":
                self._id = value
            elif line == "" and self._data:
                yield self._id, "\n".join(self._data)
                self._data = []


class Follower:
    """A room, followed by one request after another."""

    def __init__(self, client: "HttpClient", room: str) -> None:
        self.state = RoomState(room)
        self._client = client
        self._last_id = ""
        self._heartbeat_s = 15.0
        self._attempt = 0

    async def run(self, transport: str) -> None:
        """Follows the room until it is refused or the session is over."""
        once = self._stream if transport == "stream" else self._poll
        try:
            while True:
                began = time.monotonic()
                try:
                    wait = await once(await self._client.token())
                except LOST:
                    wait = None
                except OrderbellError as error:
                    wait = await self._refused(error)
                if wait is None:
                    if time.monotonic() - began >= STEADY_S:
                        self._attempt = 0
                    wait = full_jitter(self._attempt, random.random)
                    self._attempt += 1
                if wait > 0 or transport == "stream":
                    self.state.lost()
                await asyncio.sleep(wait)
        except OrderbellError as error:
            if error.code == "unauthorized":
                tell("stopped", reason=str(error))

    async def _refused(self, error: OrderbellError) -> float | None:
        """Returns the time until the next request, None for the backoff. Raises a final refusal."""
        rule = rule_of(error)
        if rule is AfterError.FINAL:
            raise error
        if rule is AfterError.LATER:
            return error.retry_after_s
        try:
            await self._client.renew()
        except OrderbellError as failed:
            if failed.code == "unauthorized":
                raise
            return failed.retry_after_s
        return 0.0

    async def _stream(self, token: str) -> float | None:
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        async with self._client.get(f"/api/v1/rooms/{self.state.name}/stream", token, headers) as response:
            await admitted(response)
            events, wait = EventStream(), None
            while True:
                async with asyncio.timeout(2 * self._heartbeat_s):
                    piece = await response.content.readany()
                if not piece:
                    return wait
                for id, data in events.push(piece):
                    self._last_id, frame = id, json.loads(data)
                    if frame["type"] == "error":
                        return await self._refused(OrderbellError.of(frame))
                    if frame["type"] == "going_away":
                        wait = frame["reconnect_in_ms"] / 1000
                    elif frame["type"] == "welcome":
                        self._heartbeat_s = frame["limits"]["heartbeat_ms"] / 1000
                        self._epoch = frame["epoch"]
                    elif not self._take(frame):
                        return 0.0

    async def _poll(self, token: str) -> float | None:
        state, query = self.state, {"wait": str(WAIT_S)}
        if state.cursor is not None:
            query |= {"since": str(state.cursor), "epoch": str(state.epoch)}
        async with self._client.get(f"/api/v1/rooms/{state.name}/events", token, {}, query) as response:
            await admitted(response)
            async with asyncio.timeout(WAIT_S + 10):
                answer = await response.json()
        self._epoch, self._attempt = answer["epoch"], 0
        last = {"type": "live", "position": answer["position"]}
        for frame in [*answer["frames"], last]:
            if not self._take(frame):
                break
        return 0.0

    def _take(self, frame: dict[str, Any]) -> bool:
        """Applies a frame. Returns whether the request continues."""
        self.state.enter(self._epoch)
        step = self.state.receive(frame, self._epoch)
        if step.change is not None and step.change.event is None:
            tell("snapshot", room=self.state.name)
        elif step.change is not None and step.change.event is not None:
            tell("applied", room=self.state.name, event=step.change.event["id"])
        if step.need is Need.NOTHING:
            return True
        if step.need is Need.SNAPSHOT:
            self.state.cursor = None
        self.state.lost()
        self._last_id = "" if self.state.cursor is None else f"{self.state.epoch}.{self.state.cursor}"
        return False


class HttpClient(Adapter):
    """The client under test."""

    def __init__(self, transport: str) -> None:
        super().__init__()
        self._transport = transport
        self._tokens = SessionTokens()
        self._token = ""
        self._followers: list[Follower] = []

    def connect(self, line: dict[str, Any]) -> None:
        self._http = Http(line["url"])
        self._slug = line["slug"]
        self._tokens.keep(line)
        for room in line["rooms"]:
            follower = Follower(self, room)
            self._followers.append(follower)
            self.begin(follower.run(self._transport))

    def do(self, line: dict[str, Any]) -> None:
        if line["do"] == "report":
            rooms = {each.state.name: self.report_of(each.state) for each in self._followers}
            tell("report", number=line["number"], rooms=rooms)
        else:
            super().do(line)

    async def token(self) -> str:
        """Returns a token that has not expired."""
        self._token = await self._tokens.get(self._http)
        return self._token

    async def renew(self) -> None:
        """Renews the token that was refused. Raises `unauthorized` at the end of the session."""
        await self._tokens.refresh(self._http, self._token)

    def get(self, path: str, token: str, headers: dict[str, str], query: dict[str, str] | None = None) -> Any:
        """Returns the context of a request that may last."""
        sent = {"Authorization": f"Bearer {token}", "Orderbell-Snapshot": "paged", **headers}
        lasting = aiohttp.ClientTimeout(total=None, sock_connect=10)
        return self._http.session.get(self._http.url + path, headers=sent, params=query, timeout=lasting)

    async def command(self, command: dict[str, Any]) -> None:
        fields = dict(command)
        path = f"/api/v1/orders/{fields.pop('order')}/commands"
        await self._send(command["id"], path, fields, {})

    async def place(self, id: str, order: dict[str, Any]) -> None:
        await self._send(id, f"/api/v1/restaurants/{self._slug}/orders", order, {"Idempotency-Key": id})

    async def _send(self, id: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> None:
        for attempt in range(20):
            try:
                token = await self.token()
                answer = await self._http.call("POST", path, body, token=token, headers=headers)
                return tell("answer", id=id, ack=answer if "document" in answer else {"document": answer})
            except OrderbellError as error:
                rule = rule_of(error)
                if rule is AfterError.FINAL:
                    return tell("answer", id=id, error={"code": error.code, "document": error.document})
                if rule is AfterError.TOKEN:
                    await self.renew()
                else:
                    wait = error.retry_after_s
                    await asyncio.sleep(full_jitter(attempt, random.random) if wait is None else wait)
        return None

    @staticmethod
    def report_of(state: RoomState) -> dict[str, Any]:
        """Returns the report of a room."""
        return {name: getattr(state, name) for name in ("cursor", "live", "documents", "calls", "displays", "menu")}


def rule_of(error: OrderbellError) -> AfterError:
    """Returns the reaction to an error. A call without an answer is made again."""
    return AfterError.LATER if error.code == "offline" else after_error(error.code, error.reason)


async def admitted(response: aiohttp.ClientResponse) -> None:
    """Raises the refusal of a request. One of a proxy counts as a lost connection."""
    if response.status == 200:
        return
    if response.content_type != "application/problem+json":
        raise OSError(f"status {response.status}")
    raise refusal(response.status, response.headers, await response.text())


if __name__ == "__main__":
    transport = sys.argv[1]
    asyncio.run(main(HttpClient(transport), f"a client that only knows {transport}", transports=[transport]))
