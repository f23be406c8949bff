"""Relays between clients and nodes, which the evening cuts like cables."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

PIECE = 65536


class Cable:
    """A relay from one client to a node. It is whole, cut, or silent: still connected, but forwarding nothing."""

    def __init__(self, target: Callable[[], int | None]) -> None:
        self._target = target  # returns the port of a node that accepts connections, if there is one
        self._writers: set[asyncio.StreamWriter] = set()
        self._through = asyncio.Event()
        self._through.set()
        self._is_cut = False
        self.url = ""
        self.cuts = 0

    async def lay(self) -> "Cable":
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def cut(self, seconds: float) -> None:
        """Closes all connections, and refuses new ones for a time."""
        self.cuts += 1
        self._is_cut = True
        for writer in list(self._writers):
            writer.transport.abort()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._is_cut = False

    async def silence(self, seconds: float) -> None:
        """Holds back everything in both directions for a time, and then ends the connections."""
        self.cuts += 1
        self._through.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            for writer in list(self._writers):
                writer.transport.abort()
            self._through.set()

    def remove(self) -> None:
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._target()
        try:
            if self._is_cut or port is None:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        finally:
            if self._is_cut or port is None:
                writer.transport.abort()
        both = {writer, far_writer}
        self._writers |= both
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= both
            for end in both:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(PIECE):
                await self._through.wait()
                writer.write(piece)
                await writer.drain()
            writer.write_eof()


async def wear(cable: Cable, mean_s: float) -> None:
    """Cuts a cable repeatedly, for up to 5 seconds each time. The pauses are random, `mean_s` seconds on average. One time in
    ten silences the cable for longer instead."""
    while True:
        await asyncio.sleep(random.expovariate(1 / mean_s))
        if random.random() < 0.1:
            await cable.silence(random.uniform(5, 20))
        else:
            await cable.cut(random.uniform(0, 5))
