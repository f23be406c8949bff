"""One WebSocket: the handshake, the heartbeat, and the end."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any, cast

import aiohttp

from .codes import OrderbellError
from .http import Http, refusal
from .wire import JsonObject

SUBPROTOCOL = "orderbell.v1"
CONNECT_DEADLINE_S = 10.0
"""The deadline of a handshake, up to `welcome`."""
CLOSE_DEADLINE_S = 2.0
DEFAULT_HEARTBEAT_S = 15.0
"""The heartbeat until `welcome` names it."""
LOST = 1006
"""The code of a connection that ended without a close frame."""
SILENT = 4408


@dataclass(frozen=True, slots=True)
class End:
    """How a connection ended, or why there was none."""

    code: int
    reason: str = ""
    retry_after_s: float | None = None


class Ended(Exception):
    """The connection is over."""

    def __init__(self, end: End) -> None:
        super().__init__(f"{end.code} {end.reason}")
        self.end = end


class Link:
    """A connection that has its `welcome`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._heartbeat = DEFAULT_HEARTBEAT_S
        self.welcome: JsonObject = {}

    @classmethod
    async def open(cls, http: Http, token: str) -> "Link":
        """Connects. Raises `Ended` if that fails: 4401 for a refused token, 4403 for a refused client."""
        try:
            async with asyncio.timeout(CONNECT_DEADLINE_S):
                socket = await http.session.ws_connect(
                    http.url + "/ws",
                    protocols=[SUBPROTOCOL],
                    headers={"Authorization": f"Bearer {token}"},
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_DEADLINE_S),
                    autoping=False,
                    max_msg_size=0,  # a snapshot may have any size
                )
                link = cls(socket)
                try:
                    await link._greet()
                except BaseException:
                    await socket.close()
                    raise
                return link
        except aiohttp.WSServerHandshakeError as error:
            raise Ended(_refused(error)) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Ended(End(LOST, str(error) or "no welcome in time")) from error

    async def _greet(self) -> None:
        while (frame := await self.receive())["type"] != "welcome":
            pass
        self.welcome = frame
        self._heartbeat = frame.get("limits", {}).get("heartbeat_ms", DEFAULT_HEARTBEAT_S * 1000) / 1000

    async def receive(self) -> JsonObject:
        """Returns the next frame. Raises `Ended` at the end, also after two silent heartbeats."""
        silent = 0
        while True:
            try:
                message = await self._socket.receive(timeout=self._heartbeat)
            except TimeoutError:
                silent += 1
                if silent == 2:
                    raise Ended(End(SILENT, "the server is silent")) from None
                await self._answer(self._socket.ping())
                continue
            silent = 0
            if message.type is aiohttp.WSMsgType.PING:
                await self._answer(self._socket.pong(message.data))
            elif message.type is aiohttp.WSMsgType.CLOSE:
                raise Ended(End(message.data or LOST, message.extra or ""))
            elif message.type in _OVER:
                raise Ended(End(LOST, "the connection was lost"))
            elif message.type is aiohttp.WSMsgType.TEXT:
                frame = _frame(message.data)
                if frame is not None:
                    return frame

    async def send(self, frame: JsonObject) -> None:
        """Sends a frame. Raises `Ended` if the connection is over."""
        await self._answer(self._socket.send_str(json.dumps(frame, separators=(",", ":"))))

    async def close(self, code: int = 1000) -> None:
        """Ends the connection."""
        await self._socket.close(code=code)

    @staticmethod
    async def _answer(sending: Any) -> None:
        try:
            await sending
        except (aiohttp.ClientError, OSError, RuntimeError) as error:
            raise Ended(End(LOST, str(error))) from error


_OVER = (aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


def _frame(data: str) -> JsonObject | None:
    try:
        frame = json.loads(data)
    except ValueError:
        return None
    return cast(JsonObject, frame) if isinstance(frame, dict) and isinstance(frame.get("type"), str) else None


def _refused(error: aiohttp.WSServerHandshakeError) -> End:
    headers: Any = error.headers or {}
    problem: OrderbellError = refusal(error.status, headers, "")
    code = {401: 4401, 403: 4403}.get(error.status, LOST)
    return End(code, f"the handshake was refused with {error.status}", problem.retry_after_s)
