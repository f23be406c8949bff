"""Renewals: the client repeats one whose answer was lost, and only the server's own 401 ends a session."""

import asyncio
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orderbell import FileStore, FixedToken, MemoryStore, OrderbellError, SessionTokens
from orderbell.http import Http, refusal
from orderbell.tokens import renewal_delay

UNAUTHORIZED = OrderbellError("unauthorized", status=401)


def pair(number: int) -> dict[str, Any]:
    return {"access_token": f"a{number}", "refresh_token": f"r{number}", "expires_in": 300}


class FakeHttp(Http):
    """Answers from a list, and records what was asked."""

    def __init__(self, *answers: dict[str, Any] | OrderbellError) -> None:
        super().__init__("http://unused")
        self.answers, self.asked = list(answers), list[Any]()

    async def call(self, method: str, path: str, body: Any = None, **_: Any) -> dict[str, Any]:
        self.asked.append(body)
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, OrderbellError):
            raise answer
        return answer


def session(now: Callable[[], float] = lambda: 0.0, sign_in: Any = None) -> SessionTokens:
    tokens = SessionTokens(sign_in, store=MemoryStore(), now=now)
    tokens.keep(pair(1))
    return tokens


def test_after_a_lost_answer_the_same_refresh_token_is_sent_again() -> None:
    async def run() -> None:
        tokens = session()
        http = FakeHttp(OrderbellError("offline"), OrderbellError("unavailable", status=503), pair(2), pair(3))
        for _ in range(2):
            with pytest.raises(OrderbellError, match=r"offline|unavailable"):
                await tokens.refresh(http, "a1")
        assert await tokens.refresh(http, "a1") == "a2"
        assert await tokens.refresh(http, "a2") == "a3"
        assert [body["refresh_token"] for body in http.asked] == ["r1", "r1", "r1", "r2"]

    asyncio.run(run())


def test_concurrent_callers_share_one_renewal() -> None:
    async def run() -> None:
        tokens, http = session(), FakeHttp(pair(2))
        assert await asyncio.gather(*(tokens.refresh(http, "a1") for _ in range(5))) == ["a2"] * 5

    asyncio.run(run())


def test_only_the_servers_own_401_ends_a_session() -> None:
    async def run() -> None:
        proxy = refusal(401, {}, "<html>who are you?</html>")
        tokens, http = session(), FakeHttp(proxy, OrderbellError("forbidden", status=403), UNAUTHORIZED)
        for code in ("unavailable", "forbidden", "unauthorized"):
            with pytest.raises(OrderbellError) as refused:
                await tokens.refresh(http, "a1")
            assert refused.value.code == code
            assert (await tokens.get(http) if code != "unauthorized" else "a1") == "a1"
        with pytest.raises(OrderbellError, match="sign in"):
            await tokens.get(http)

    asyncio.run(run())


def test_a_client_with_credentials_begins_another_session_when_one_ends() -> None:
    async def run() -> None:
        tokens, http = session(sign_in={"api_key": "k"}), FakeHttp(UNAUTHORIZED, pair(7))
        assert await tokens.refresh(http, "a1") == "a7"
        assert http.asked == [{"refresh_token": "r1"}, {"api_key": "k"}]

    asyncio.run(run())


def test_a_token_is_renewed_before_it_expires_and_is_used_while_renewals_fail() -> None:
    async def run() -> None:
        now = 0.0
        tokens = session(lambda: now)
        http = FakeHttp(OrderbellError("offline"), pair(2))
        now = 239.0
        assert await tokens.get(http) == "a1"
        now = 241.0
        assert await tokens.get(http) == "a1", "without an answer the current token is still used"
        assert await tokens.get(http) == "a2"

    asyncio.run(run())
    assert renewal_delay(20) == 10


def test_a_fixed_token_cannot_be_renewed() -> None:
    async def run() -> None:
        tokens, http = FixedToken("t"), FakeHttp()
        assert await tokens.get(http) == "t"
        with pytest.raises(OrderbellError, match="unauthorized"):
            await tokens.refresh(http, "t")

    asyncio.run(run())


def test_only_its_owner_can_read_a_session_file_and_a_damaged_file_counts_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "session"
    tokens = SessionTokens(store=FileStore(path), now=lambda: 0.0)
    tokens.keep(pair(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = FileStore(path).load()
    assert kept is not None
    assert kept["refresh_token"] == "r1"
    path.write_text("{")
    assert FileStore(path).load() is None
    FileStore(path).save(None)
    assert not path.exists()


def test_a_pair_that_cannot_be_stored_is_not_used(tmp_path: Path) -> None:
    tokens = SessionTokens(store=FileStore(tmp_path / "missing" / "session"))
    with pytest.raises(OrderbellError, match="could not be kept"):
        tokens.keep(pair(1))
