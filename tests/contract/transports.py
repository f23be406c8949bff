"""Streams and long polls: the same frames as over WebSocket."""

import http.client
import json
import threading
import time

from frames import check, check_frame, number, some, tag, text
from screen import PATIENCE, Room

POLL = {"room": text, "epoch": text, "version": text, "position": number, "tag": some(tag), "frames": lambda value: isinstance(value, list)}


class Stream:
    """Reads an event stream message by message (HTML, "Interpreting an event stream")."""

    def __init__(self, restaurant, who, room, query="", **headers):
        host, port = restaurant.server.base.removeprefix("http://").split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        headers["Authorization"] = f"Bearer {restaurant.token(who)}"
        self.connection.request(
            "GET", f"/api/v1/rooms/{room}/stream{query}", headers={key.replace("_", "-"): value for key, value in headers.items()}
        )
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, f"{self.answer.status} {self.answer.read()!r}"
        assert self.answer.getheader("content-type").split(";")[0] == "text/event-stream"
        self.room = Room(room)
        self.last_id = self.epoch = None
        self.epoch = self.next()["epoch"]

    def next(self):
        """Returns the next frame, after checking the id and the type of its message."""
        fields = {}
        while True:
            line = self.answer.readline()
            assert line, "the stream ended"
            line = line.decode().rstrip("\n").rstrip("\r")
            if line and not line.startswith(":"):
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                fields[name] = fields[name] + "\n" + value if name == "data" and "data" in fields else value
            elif not line and "data" in fields:
                return self.checked(fields)
            elif not line:
                fields = {}

    def checked(self, fields):
        frame = json.loads(fields["data"])
        check_frame(frame)
        assert fields.get("event") == frame["type"], f"event {fields.get('event')} carries a {frame['type']}"
        if frame.get("more"):
            assert fields["id"] == "", "a reader that is cut between parts reconnects without an id"
            self.last_id = None
            self.room.snapshot(frame)
            return frame
        epoch, _, position = fields["id"].rpartition(".")
        assert epoch == frame.get("epoch", self.epoch), f"id {fields['id']} of {frame['type']}"
        # The message of a frame that does not move the cursor has the current cursor as its id.
        known = frame.get("position", self.room.cursor)
        assert known is None or int(position) == known, f"id {fields['id']} of {frame['type']} at {known}"
        self.last_id = fields.get("id", self.last_id)
        if frame["type"] in ("snapshot", "event", "sync"):
            getattr(self.room, frame["type"])(frame)
        elif frame["type"] == "live":
            self.room.cursor = frame["position"]
        return frame

    def until_live(self):
        """Returns the types of the frames up to `live`."""
        types = []
        while not types or types[-1] != "live":
            types.append(self.next()["type"])
        return types

    def see(self, position):
        while self.room.cursor < position:
            self.next()

    def close(self):
        self.connection.close()


def poll(restaurant, who, room, query=""):
    answer = restaurant.server.get(f"/api/v1/rooms/{room}/events{query}", restaurant.token(who))
    assert answer.status == 200, f"{answer.status} {answer.body!r}"
    check("poll", answer.json, POLL)
    for frame in answer.json["frames"]:
        check_frame(frame)
    assert answer.json["room"] == room
    return answer.json


def step_a_stream_begins_with_welcome_and_a_snapshot_and_follows_the_room(restaurant):
    order = restaurant.order("diner-1")
    stream = Stream(restaurant, "diner-1", f"order:{order['id']}")
    assert stream.until_live() == ["snapshot", "live"] and stream.room.documents == {order["id"]: order}
    ack = restaurant.do("staff", order["id"], "accept")
    stream.see(ack["position"])
    assert stream.room.documents[order["id"]] == ack["document"] and stream.room.kinds() == ["order.accepted"]
    stream.close()


def step_a_stream_resumes_after_its_last_event_id_without_a_gap(restaurant):
    order = restaurant.order("diner-1")["id"]
    for resume in ("header", "query"):
        stream = Stream(restaurant, "staff", f"order:{order}")
        stream.until_live()
        known, cursor, last_id = dict(stream.room.documents), stream.room.cursor, stream.last_id
        stream.close()
        acks = [restaurant.do("staff", order, "rush", rush=rush) for rush in (True, False)]
        by_query = f"?since={cursor}&epoch={stream.epoch}"
        headers = {"Last_Event_ID": last_id} if resume == "header" else {}
        again = Stream(restaurant, "staff", f"order:{order}", "" if headers else by_query, **headers)
        assert again.last_id == last_id, "the welcome's id is the reader's cursor"
        again.room.documents, again.room.cursor = known, cursor
        assert again.until_live() == ["event", "event", "live"], resume
        assert [frame["position"] for frame in again.room.events] == [ack["position"] for ack in acks]
        assert again.room.documents[order] == restaurant.document(order)
        again.close()


def step_a_stream_of_another_epoch_gets_a_snapshot(restaurant):
    order = restaurant.order("diner-1")
    stream = Stream(restaurant, "staff", f"order:{order['id']}", Last_Event_ID=f"another.{order['position']}")
    assert stream.until_live() == ["snapshot", "live"]
    stream.close()


def step_streams_and_polls_of_forbidden_rooms_are_refused_like_subscriptions(restaurant):
    order = restaurant.order("diner-1")["id"]
    for path in (f"/api/v1/rooms/order:{order}/stream", f"/api/v1/rooms/order:{order}/events"):
        restaurant.server.get(path, restaurant.token("diner-2")).problem(403, "forbidden")
        restaurant.server.get(path).problem(401, "unauthorized")
    for kind in ("stream", "events"):
        restaurant.server.get(f"/api/v1/rooms/floor:{restaurant.id}/{kind}", restaurant.token("kitchen")).problem(403, "forbidden")
        restaurant.server.get(f"/api/v1/rooms/cellar/{kind}", restaurant.token("staff")).problem(403, "forbidden")


def step_a_poll_without_a_cursor_gets_the_snapshot_at_once(restaurant):
    order = restaurant.order("diner-1")
    began = time.monotonic()
    answer = poll(restaurant, "diner-1", f"order:{order['id']}", "?wait=20")
    assert time.monotonic() - began < 5 and answer["frames"][0]["type"] == "snapshot", f"{answer}"
    assert answer["frames"][0]["documents"] == [order] and answer["position"] >= order["position"]


def step_a_poll_waits_until_the_next_event(restaurant):
    order = restaurant.order("diner-1")
    room = f"order:{order['id']}"
    first = poll(restaurant, "diner-1", room)
    cursor = f"?since={first['position']}&epoch={first['epoch']}"
    began = time.monotonic()
    empty = poll(restaurant, "diner-1", room, cursor + "&wait=1")
    assert [frame for frame in empty["frames"] if frame["type"] == "event"] == [] and 0.9 < time.monotonic() - began < 5
    later = threading.Timer(0.5, lambda: restaurant.do("staff", order["id"], "accept"))
    restaurant.token("staff")
    later.start()
    began = time.monotonic()
    answer = poll(restaurant, "diner-1", room, cursor + "&wait=20")
    later.join()
    kinds = [frame["event"]["kind"] for frame in answer["frames"] if frame["type"] == "event"]
    assert kinds == ["order.accepted"] and time.monotonic() - began < 10, f"{answer}"
    assert answer["position"] >= restaurant.document(order["id"])["position"], "the position is the next cursor"


def step_a_poll_gets_missed_events_at_once_and_in_order(restaurant):
    order = restaurant.order("diner-1")["id"]
    first = poll(restaurant, "staff", f"order:{order}")
    acks = [restaurant.do("staff", order, "rush", rush=rush) for rush in (True, False, True)]
    answer = poll(restaurant, "staff", f"order:{order}", f"?since={first['position']}&epoch={first['epoch']}&wait=20")
    events = [frame for frame in answer["frames"] if frame["type"] == "event"]
    assert [frame["position"] for frame in events] == [ack["position"] for ack in acks], f"{answer}"


PAGED = {"Orderbell-Snapshot": "paged"}
MANY = 40  # orders of some 4 KB: more than two parts


def a_full_restaurant(restaurant):
    """Places enough orders for a snapshot of several parts."""
    (line,) = restaurant.basket()["items"][:1]
    items = [{**line, "note": "n" * 200}] * 10
    known = [document for document in whole(restaurant, "kitchen").values() if len(document["items"]) == len(items)]
    for _ in range(MANY - len(known)):
        answer = restaurant.post_order("staff", {"service": "takeaway", "items": items})
        assert answer.status == 201, f"{answer.status} {answer.body!r}"


def whole(restaurant, kind):
    """Returns the documents of a room by id, from a snapshot that is not in parts."""
    (frame,) = [frame for frame in poll(restaurant, "staff", f"{kind}:{restaurant.id}")["frames"] if frame["type"] == "snapshot"]
    assert "part" not in frame and "more" not in frame
    return {document["id"]: document for document in frame["documents"]}


def check_parts(frames, documents):
    """Asserts that the frames are the parts of one snapshot with these documents."""
    assert len(frames) > 1, "the restaurant has enough orders for several parts"
    assert [frame["part"] for frame in frames] == list(range(len(frames)))
    assert [frame["more"] for frame in frames] == [True] * (len(frames) - 1) + [False]
    assert len({frame["position"] for frame in frames}) == 1, "one position"
    for frame in frames:
        assert len(json.dumps(frame, separators=(",", ":"), ensure_ascii=False).encode()) <= 65536, "a part is bounded"
    together = [document for frame in frames for document in frame["documents"]]
    assert {document["id"]: document for document in together} == documents and len(together) == len(documents)


def step_a_client_that_asks_gets_a_snapshot_in_parts_on_every_transport(restaurant):
    a_full_restaurant(restaurant)
    for kind in ("kitchen", "floor"):
        room, documents = f"{kind}:{restaurant.id}", whole(restaurant, kind)
        screen = restaurant.screen("staff")
        assert screen.welcome["paged"] is True
        followed, _ = screen.join(room, paged=True)
        check_parts(followed.parts, documents)
        stream = Stream(restaurant, "staff", room, Orderbell_Snapshot="paged")
        stream.until_live()
        check_parts(stream.room.parts, documents)
        assert stream.room.documents == documents
        stream.close()
        answer = restaurant.server.get(f"/api/v1/rooms/{room}/events", restaurant.token("staff"), headers=PAGED)
        assert answer.status == 200, f"{answer.status} {answer.body!r}"
        frames = answer.json["frames"]
        check_parts(frames, documents)
        assert answer.json["position"] == frames[0]["position"]
    answer = restaurant.server.get(f"/api/v1/rooms/{room}/events", restaurant.token("staff"), headers={"Orderbell-Snapshot": "folded"})
    answer.problem(422, "invalid")


def step_a_client_that_does_not_ask_gets_a_large_snapshot_as_one_message(restaurant):
    a_full_restaurant(restaurant)
    room, documents = f"floor:{restaurant.id}", whole(restaurant, "floor")
    followed, got = restaurant.screen("staff").join(room)
    assert got == ["snapshot", "live"] and followed.documents == documents
    stream = Stream(restaurant, "staff", room)
    assert stream.until_live() == ["snapshot", "live"] and stream.room.documents == documents
    stream.close()
