"""The nodes under test, which the evening kills and restarts."""

import asyncio
import os
import socket
from pathlib import Path

START_S = 60.0
# Raise the limits: all 160 clients share one machine and one address, and four hours pass in ten minutes.
LIMITS = {
    "restaurant-orders-per-minute": 6000,
    "table-orders-per-minute": 1000,
    "diner-orders-per-minute": 1000,
    "restaurant-lines-per-minute": 60000,
    "table-lines-per-minute": 6000,
    "diner-lines-per-minute": 6000,
    "connections-per-address": 2000,
    "connections-per-table": 100,
    "handshakes-per-second": 500,
    "handshake-burst": 1000,
    "diner-sessions-per-second": 100,
    "logins-per-minute": 6000,
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Node:
    """A node that always has the same port."""

    def __init__(self, binary: str, folder: Path, arguments: list[str]) -> None:
        self.port = free_port()
        self.up = False
        self._folder = folder
        limits = [part for name, value in LIMITS.items() for part in (f"--{name}", str(value))]
        bind = ["--bind", f"127.0.0.1:{self.port}"]
        self._command = [binary, "serve", "--demo", "--log", "warn", "--drain-s", "3", *bind, *arguments, *limits]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self._folder / f"node-{self.port}.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, cwd=self._folder, env=environment(), stdout=asyncio.subprocess.PIPE, stderr=log
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            async for line in self._process.stdout:
                if line.startswith(b"listening on"):
                    self.up = True
                    return
        raise RuntimeError(f"a node ended before it listened; its log is in {self._folder}")

    async def kill(self) -> None:
        """Ends the node as `kill -9` does."""
        self.up = False
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Stops the node as a deployment does: the node drains while its clients move to other nodes."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        self.up = False


def environment() -> dict[str, str]:
    """Returns the environment without the caller's settings for the server."""
    others = ("DATABASE_URL", "REDIS_URL")
    return {name: value for name, value in os.environ.items() if name not in others and not name.startswith("ORDERBELL_")}
