"""The contract's HTTP calls: JSON in and out, problems as `OrderbellError`."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from .codes import OrderbellError
from .wire import JsonObject

DEADLINE_S = 15.0
"""How long a call may take."""


class Http:
    """HTTP calls to one server."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections, created on first use inside the running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=DEADLINE_S))
        return self._session

    async def close(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Returns the answer's JSON, `{}` without a body. Raises `OrderbellError`, `offline` without an answer."""
        sent = {"Accept": "application/json", **(headers or {})}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        try:
            async with self.session.request(
                method, self.url + path, json=body, headers=sent, params=params
            ) as response:
                text = await response.text()
                if response.status >= 400:
                    raise refusal(response.status, response.headers, text)
                return json.loads(text) if text else {}
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise OrderbellError("offline", str(error) or type(error).__name__) from error


def refusal(status: int, headers: Mapping[str, str], text: str) -> OrderbellError:
    """Returns the error of an answer. An answer of a proxy, and not of the server, is `unavailable`."""
    try:
        problem = json.loads(text)
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    return OrderbellError(
        problem.get("code") or "unavailable",
        str(problem.get("detail") or problem.get("title") or f"status {status}"),
        reason=problem.get("reason"),
        document=problem.get("document"),
        retry_after_s=seconds(headers.get("Retry-After")),
        status=status,
    )


def seconds(retry_after: str | None) -> float | None:
    """Returns the seconds that a `Retry-After` names."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else None
