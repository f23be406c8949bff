"""A screen: one WebSocket that follows rooms by the cursor rule (docs/protocol.md, "Rooms")."""

import json
import time
import uuid

from frames import check_frame, check_order
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

PATIENCE = 10.0


class Closed(Exception):
    """The server closed the connection."""

    def __init__(self, code, reason):
        super().__init__(f"closed with {code} {reason!r}")
        self.code = code


def merge(target, patch):
    """Applies a merge patch (RFC 7396, "Processing Merge Patch Documents")."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        else:
            target[key] = merge(target.get(key), value)
    return target


def new_id():
    return str(uuid.uuid4())


class Room:
    """A screen's state of a room."""

    def __init__(self, name):
        self.name = name
        self.cursor = None
        self.documents, self.calls, self.displays, self.menu = {}, {}, {}, None
        self.events = []  # frames that were applied
        self.repeats = 0
        self.syncs = []
        self.parts = []  # parts of the latest snapshot

    def snapshot(self, frame):
        """Applies a snapshot. Collects its parts, if it comes in parts, and applies them with the last one."""
        if "part" in frame:
            self.parts = [*(self.parts if frame["part"] else []), frame]
            assert frame["part"] == len(self.parts) - 1, f"part {frame['part']} after {len(self.parts) - 1}"
            if frame["more"]:
                return
            together = {"position": frame["position"], "documents": [], "calls": {}, "displays": {}}
            for part in self.parts:
                together["documents"] += part["documents"]
                together["calls"].update(part.get("calls", {}))
                together["displays"].update(part.get("displays", {}))
            frame = together
        self.cursor = frame["position"]
        if self.name.startswith("menu:"):
            (self.menu,) = frame["documents"]
        else:
            for document in frame["documents"]:
                check_order(document)
                assert document["position"] <= frame["position"], "a document newer than its snapshot"
            self.documents = {document["id"]: document for document in frame["documents"]}
        self.calls, self.displays = frame.get("calls", {}), frame.get("displays", {})

    def passes(self, frame):
        """Returns whether the cursor rule allows a frame to be applied."""
        position, prev = frame["position"], frame["prev"]
        assert prev <= position, f"prev {prev} after position {position}"
        if position <= self.cursor:
            return False
        assert prev <= self.cursor, f"a gap in {self.name}: cursor {self.cursor}, then {prev}..{position}"
        self.cursor = position
        return True

    def event(self, frame):
        if not self.passes(frame):
            self.repeats += 1
            return
        self.events.append(frame)
        event = frame["event"]
        topic = event["kind"].split(".")[0]
        if topic == "call":
            self.calls = merge(self.calls, event["patch"])
        elif topic == "display":
            self.displays = merge(self.displays, event["patch"])
        elif topic == "menu":
            self.menu = merge(self.menu, event["patch"])
        else:
            document = merge(self.documents.get(event["order"], {}), event["patch"])
            check_order(document)
            assert document["position"] == frame["position"], "an event's patch carries its position"
            self.documents[event["order"]] = document

    def sync(self, frame):
        self.syncs.append(frame)
        self.passes(frame)

    def kinds(self):
        return [frame["event"]["kind"] for frame in self.events]


class Screen:
    """A WebSocket that checks every frame it receives and follows the rooms it joins."""

    def __init__(self, server, token, **options):
        url = server.base.replace("http://", "ws://") + "/ws"
        self.socket = connect(
            url,
            subprotocols=["orderbell.v1", f"bearer.{token}"],
            open_timeout=PATIENCE,
            close_timeout=2,
            max_size=None,
            **options,
        )
        assert self.socket.subprotocol == "orderbell.v1", f"subprotocol {self.socket.subprotocol}"
        self.rooms = {}
        self.welcome = self.until(lambda frame: True)
        assert self.welcome["type"] == "welcome", f"the first frame is {self.welcome['type']}"

    def send(self, frame):
        try:
            self.socket.send(frame if isinstance(frame, (str, bytes)) else json.dumps(frame))
        except ConnectionClosed as error:
            raise self._closed(error) from error

    @staticmethod
    def _closed(error):
        close = error.rcvd
        return Closed(close.code if close else 1006, close.reason if close else "")

    def receive(self, seconds=PATIENCE):
        """Returns the next frame. Raises `TimeoutError` when none arrives."""
        try:
            message = self.socket.recv(timeout=seconds)
        except ConnectionClosed as error:
            raise self._closed(error) from error
        assert isinstance(message, str), "frames are text"
        frame = json.loads(message)
        check_frame(frame)
        room = self.rooms.get(frame.get("room"))
        if room and frame["type"] in ("snapshot", "event", "sync"):
            getattr(room, frame["type"])(frame)
        if room and frame["type"] == "live":
            assert room.cursor is None or frame["position"] >= room.cursor, "`live` is before the cursor"
            room.cursor = frame["position"]
        return frame

    def until(self, wanted, seconds=PATIENCE):
        """Reads until a frame matches, and returns it."""
        deadline, seen = time.monotonic() + seconds, []
        while (left := deadline - time.monotonic()) > 0:
            try:
                frame = self.receive(left)
            except TimeoutError:
                break
            if wanted(frame):
                return frame
            seen.append(frame.get("type"))
        raise AssertionError(f"no matching frame within {seconds} s; saw {seen}")

    def until_closed(self, seconds=PATIENCE):
        """Reads until the server closes, and returns the close code."""
        try:
            self.until(lambda frame: False, seconds)
        except Closed as closed:
            return closed.code
        raise AssertionError("not closed")

    def join(self, room, since=None, epoch=None, **fields):
        """Subscribes and reads until `live`. Returns the room's frames up to it."""
        followed = Room(room)
        followed.cursor = since
        self.rooms[room] = followed
        frame = {"type": "subscribe", "room": room, **fields}
        frame.update({} if since is None else {"since": since, "epoch": epoch})
        self.send(frame)
        got = []

        def arrived(frame):
            if frame.get("room") == room:
                got.append(frame["type"])
                assert frame["type"] != "error", f"{room} refused: {frame}"
            return frame["type"] == "live" and frame["room"] == room

        self.until(arrived)
        return followed, got

    def refused(self, room):
        """Subscribes to a room that must be refused, and returns the error."""
        self.send({"type": "subscribe", "room": room})
        return self.until(lambda frame: frame.get("room") == room)

    def ask(self, frame):
        """Sends a command or a basket, and returns its `ack` or `error`."""
        frame = {"id": new_id(), **frame}
        self.send(frame)
        return self.until(lambda answer: answer["type"] in ("ack", "error") and answer.get("id") == frame["id"])

    def command(self, action, order=None, **fields):
        frame = {"type": "command", "action": action, **fields}
        return self.ask({**frame, "order": order} if order else frame)

    def see(self, room, position):
        """Reads until a room's cursor has reached a position."""
        while room.cursor < position:
            self.until(lambda frame: frame.get("room") == room.name)

    def alive(self):
        """Asserts that the connection still answers."""
        nonce = new_id()
        self.send({"type": "ping", "nonce": nonce})
        self.until(lambda frame: frame["type"] == "pong" and frame.get("nonce") == nonce)

    def close(self):
        self.socket.close()
