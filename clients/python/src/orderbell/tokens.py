"""Access tokens: stored, renewed, and requested again when an answer was lost."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypedDict

from .codes import OrderbellError
from .http import Http
from .wire import JsonObject

RENEW_BEFORE_S = 60.0
"""How long before its expiry a token is renewed. A short-lived token is renewed at half its life."""


class Pair(TypedDict):
    """A session's stored tokens, with wall-clock times in seconds since 1970."""

    access_token: str
    refresh_token: str
    renew_at: float
    expires_at: float


class TokenStore(Protocol):
    """Stores a session. If the store outlives the program, so does the session."""

    def load(self) -> Pair | None:
        """Returns the stored pair."""

    def save(self, pair: Pair | None) -> None:
        """Stores a pair, or removes it with None. The pair is durable when this returns."""


class MemoryStore:
    """Keeps a session as long as the program runs."""

    def __init__(self) -> None:
        self._pair: Pair | None = None

    def load(self) -> Pair | None:
        """Returns the stored pair."""
        return self._pair

    def save(self, pair: Pair | None) -> None:
        """Keeps a pair, or removes it."""
        self._pair = pair


class FileStore:
    """Keeps a session in a file that only its owner may read."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def load(self) -> Pair | None:
        """Returns the stored pair, or None if the file is missing or damaged."""
        try:
            pair: Pair = json.loads(self._path.read_text())
            return pair if isinstance(pair["access_token"], str) else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, pair: Pair | None) -> None:
        """Writes a new file and renames it, so that a crash leaves one whole pair."""
        if pair is None:
            self._path.unlink(missing_ok=True)
            return
        new = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(pair, file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)


class Tokens(Protocol):
    """Gives the client access tokens."""

    async def get(self, http: Http) -> str:
        """Returns a token that has not expired. Raises `unauthorized` if the session is over."""

    async def refresh(self, http: Http, stale: str) -> str:
        """Returns a token other than the stale one."""


class FixedToken:
    """A token that cannot be renewed, such as one of `orderbell token`."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def get(self, http: Http) -> str:
        """Returns the token."""
        return self._token

    async def refresh(self, http: Http, stale: str) -> str:
        """Raises `unauthorized`."""
        raise OrderbellError("unauthorized", "the token has expired and cannot be renewed")


class SessionTokens:
    """The tokens of a session, which renews itself.

    A new pair is stored before it is used. If the answer to a renewal is lost, the same refresh token is sent again,
    and the server returns the same successor. Only the server's own 401 ends the session. Then `sign_in`, if given,
    begins another one: it is the body of `POST /api/v1/sessions`.
    """

    def __init__(
        self,
        sign_in: JsonObject | None = None,
        *,
        store: TokenStore | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._store = store if store is not None else MemoryStore()
        self._now = now
        self._alone = asyncio.Lock()

    @classmethod
    def api_key(cls, key: str, *, store: TokenStore | None = None) -> "SessionTokens":
        """Signs in with an API key, and again when the session is over."""
        return cls({"api_key": key}, store=store)

    def keep(self, answer: JsonObject) -> str:
        """Keeps the pair of a sign-in or a renewal. Returns the access token."""
        lifetime = float(answer["expires_in"])
        now = self._now()
        pair: Pair = {
            "access_token": answer["access_token"],
            "refresh_token": answer["refresh_token"],
            "renew_at": now + renewal_delay(lifetime),
            "expires_at": now + lifetime,
        }
        try:
            self._store.save(pair)
        except OSError as error:
            # A pair that is not stored must not be used. The server returns the same one to the next renewal.
            raise OrderbellError("unavailable", f"the session could not be kept: {error}") from error
        return pair["access_token"]

    async def get(self, http: Http) -> str:
        """Returns a token that has not expired, renewed in time."""
        pair = self._store.load()
        if pair is not None and self._now() < pair["renew_at"]:
            return pair["access_token"]
        try:
            return await self.refresh(http, "" if pair is None else pair["access_token"])
        except OrderbellError as error:
            # Without an answer, the present token is still valid for a moment.
            if pair is None or error.code == "unauthorized" or self._now() >= pair["expires_at"]:
                raise
            return pair["access_token"]

    async def refresh(self, http: Http, stale: str) -> str:
        """Returns a token other than the stale one. Concurrent callers share one renewal."""
        async with self._alone:
            pair = self._store.load()
            if pair is None:
                return await self._begin(http)
            if pair["access_token"] != stale:
                return pair["access_token"]
            return await self._renew(http, pair)

    async def _renew(self, http: Http, pair: Pair) -> str:
        try:
            answer = await http.call("POST", "/api/v1/sessions/refresh", {"refresh_token": pair["refresh_token"]})
        except OrderbellError as error:
            if error.status != 401 or error.code != "unauthorized":
                raise
            now = self._store.load()
            if now is not None and now["refresh_token"] != pair["refresh_token"]:
                return now["access_token"]  # another program with this store was faster
            self._store.save(None)
            if self._sign_in is None:
                raise
            return await self._begin(http)
        return self.keep(answer)

    async def _begin(self, http: Http) -> str:
        if self._sign_in is None:
            raise OrderbellError("unauthorized", "no session: sign in first")
        return self.keep(await http.call("POST", "/api/v1/sessions", self._sign_in))


def renewal_delay(lifetime: float) -> float:
    """Returns the seconds after which to renew a token with this lifetime."""
    return max(lifetime - RENEW_BEFORE_S, lifetime / 2, 0.0)
