"""The real server as a process with its own database."""

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

START_S = 30.0
BINARY = os.environ.get("ORDERBELL_TEST_SERVER", str(Path(__file__).parents[3] / "target/debug/orderbell"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A running `orderbell serve --demo`, always at the same address."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERBELL_")}
        environment = {name: environment[name] for name in environment.keys() - {"DATABASE_URL", "REDIS_URL"}}
        database = f"sqlite://{self._folder / 'orderbell.db'}"
        arguments = ["serve", "--demo", "--bind", f"127.0.0.1:{self.port}", "--database-url", database]
        self._process = await asyncio.create_subprocess_exec(
            BINARY,
            *arguments,
            "--log",
            "error",
            cwd=self._folder,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            async for line in self._process.stdout:
                if line.startswith(b"listening on"):
                    return
        raise AssertionError(f"{BINARY} ended before it listened")

    async def kill(self) -> None:
        """Ends the server as `kill -9` does."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def running() -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="orderbell-python.") as folder:
        server = Server(Path(folder))
        try:
            await server.start()
            yield server
        finally:
            await server.kill()
