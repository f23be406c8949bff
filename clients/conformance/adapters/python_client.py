"""The adapter of the Python client. Reads the kit's lines of JSON, and writes what the client does."""

import asyncio
import json
import sys
from typing import Any

from orderbell import Orderbell, OrderbellError, Room, SessionTokens

LINE_BYTES = 1024 * 1024


def tell(what: str, **fields: Any) -> None:
    sys.stdout.write(json.dumps({"tell": what, **fields}) + "\n")
    sys.stdout.flush()


class Adapter:
    """One client under test."""

    def __init__(self) -> None:
        self.bell: Orderbell | None = None
        self.rooms: dict[str, Room] = {}
        self.tasks: set[asyncio.Task[None]] = set()

    def do(self, line: dict[str, Any]) -> None:
        match line["do"]:
            case "connect":
                self.connect(line)
            case "command":
                self.begin(self.command(line["command"]))
            case "place":
                self.begin(self.place(line["id"], line["order"]))
            case "report":
                rooms = {name: self.report(room) for name, room in self.rooms.items()}
                tell("report", number=line["number"], rooms=rooms)

    def begin(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def connect(self, line: dict[str, Any]) -> None:
        tokens = SessionTokens()
        tokens.keep(line)
        bell = self.bell = Orderbell(line["url"], tokens, on_state=self.heard)
        for name in line["rooms"]:
            room = self.rooms[name] = bell.room(name)
            self.begin(self.follow(room))
        bell.start()

    def heard(self, state: str) -> None:
        if state == "stopped":
            tell("stopped")

    async def follow(self, room: Room) -> None:
        try:
            async for change in room.changes():
                if change.event is None:
                    tell("snapshot", room=room.name)
                else:
                    tell("applied", room=room.name, event=change.event["id"])
        except OrderbellError:
            pass  # refused, or the client stopped; both are reported elsewhere

    async def command(self, command: dict[str, Any]) -> None:
        assert self.bell is not None
        id = command["id"]
        try:
            tell("answer", id=id, ack=await self.bell.command(**command))
        except OrderbellError as error:
            tell("answer", id=id, error={"code": error.code, "document": error.document})

    async def place(self, id: str, order: dict[str, Any]) -> None:
        assert self.bell is not None
        try:
            tell("answer", id=id, ack=await self.bell.place(order, id=id))
        except OrderbellError as error:
            tell("answer", id=id, error={"code": error.code, "document": error.document})

    @staticmethod
    def report(room: Room) -> dict[str, Any]:
        return {
            "cursor": room.cursor,
            "live": room.live,
            "documents": room.orders,
            "calls": room.calls,
            "displays": room.displays,
            "menu": room.menu,
        }


async def main(adapter: Adapter | None = None, client: str = "orderbell for Python", **ready: Any) -> None:
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    adapter = adapter or Adapter()
    tell("ready", client=client, **ready)
    async for line in reader:
        adapter.do(json.loads(line))


if __name__ == "__main__":
    asyncio.run(main())
