"""The fields of frames and documents, and the shapes of their values."""

import json
import pathlib
import re

from jsonschema import Draft202012Validator

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ROOM = re.compile(r"(order|kitchen|floor|menu):" + UUID.pattern)

CODES = {
    "bad_frame", "unauthorized", "forbidden", "not_found", "invalid", "invalid_transition", "stale", "conflict",
    "rate_limited", "too_many_rooms", "too_large", "paused", "price_changed", "confirm_password", "unavailable", "internal",
}  # fmt: skip
KINDS = {
    "order.placed", "order.accepted", "order.rejected", "order.started", "order.ready", "order.recalled", "order.served",
    "order.cancelled", "order.promised", "order.rushed", "order.moved", "item.started", "item.finished", "item.recalled", "item.voided",
    "item.added", "item.changed", "item.fired", "item.held", "item.served", "item.moved",
    "call.raised", "call.answered", "call.moved", "display.connected", "display.lost",
    "menu.changed", "menu.availability", "menu.paused", "menu.resumed",
}  # fmt: skip
ROLES = {"diner", "kitchen", "staff", "manager", "service"}


def text(value):
    return isinstance(value, str) and value != ""


def echo(value):
    """A text from the client that the server repeats."""
    return isinstance(value, str)


def tag(value):
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{12}", value) is not None


def flag(value):
    return isinstance(value, bool)


def number(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def uuid(value):
    return isinstance(value, str) and UUID.fullmatch(value) is not None


def uuid_v7(value):
    """An id that the server generated."""
    return uuid(value) and value[14] == "7" and value[19] in "89ab"


def ticket(value):
    """The name or number that is called out for an order."""
    return isinstance(value, str) and re.fullmatch("[A-Z][1-9][0-9]*", value) is not None


def at(value):
    return isinstance(value, str) and TIME.fullmatch(value) is not None


def room(value):
    return isinstance(value, str) and ROOM.fullmatch(value) is not None


def an_object(value):
    return isinstance(value, dict)


def a_list(value):
    return isinstance(value, list)


def one_of(words):
    return lambda value: value in words


def some(shape):
    """A field that may be absent."""
    return ("?", shape)


def no_null(value):
    """Returns whether a value contains no null at any depth."""
    if isinstance(value, dict):
        return all(no_null(inner) for inner in value.values())
    if isinstance(value, list):
        return all(no_null(inner) for inner in value)
    return value is not None


def check(what, value, shape):
    """Checks that an object has the fields of a shape with valid values, and no others."""
    assert isinstance(value, dict), f"{what} is an object and not {value!r}"
    for name, rule in shape.items():
        optional, rule = (True, rule[1]) if isinstance(rule, tuple) else (False, rule)
        if name not in value:
            assert optional, f"{what} has no {name}: {value}"
        elif isinstance(rule, dict):
            check(f"{what}.{name}", value[name], rule)
        else:
            assert rule(value[name]), f"{what}.{name} is {value[name]!r}"
    more = set(value) - set(shape)
    assert not more, f"{what} has fields that the contract does not: {more}"


MONEY = {"amount": number, "currency": lambda value: isinstance(value, str) and re.fullmatch("[A-Z]{3}", value) is not None}

ITEM = {
    "menu_item": uuid_v7, "name": text, "quantity": number, "options": some(a_list), "choices": some(a_list), "note": some(text), "allergy": some(flag), "station": text,
    "status": one_of({"queued", "cooking", "done", "voided"}), "price": MONEY, "round": some(number), "added_at": some(at),
    "course": some(an_object), "seat": some(number), "held": some(flag), "fired_at": some(at), "served_at": some(at),
    "reason": some(text), "detail": some(text),
}  # fmt: skip

ORDER = {
    "id": uuid_v7, "restaurant": uuid_v7, "number": number, "ticket": some(ticket), "position": number,
    "status": one_of({"placed", "accepted", "preparing", "ready", "served", "rejected", "cancelled"}),
    "service": one_of({"dine_in", "takeaway", "delivery"}), "table": some(text), "diner": some(text), "rush": flag,
    "firing": some(text), "firing_minutes": some(number), "fires_at": some(at), "split_from": some({"order": uuid, "number": number, "ticket": some(ticket), "table": some(text)}),
    "note": some(text), "allergy": some(flag), "external_id": some(text), "guest_name": some(text), "placed_at": at, "accepted_at": some(at), "auto_accepted": some(flag), "started_at": some(at),
    "promised_at": some(at), "due_at": some(at), "starts_at": some(at), "upcoming": some(flag), "ready_at": some(at), "served_at": some(at), "closed_at": some(at), "reason": some(text),
    "detail": some(text), "total": MONEY, "items": an_object,
}  # fmt: skip


def check_order(document):
    """Checks an order document: its fields, no null, and a total that is the sum of the items that are not voided."""
    check("order", document, ORDER)
    assert no_null(document), f"a null in {document}"
    for key, item in document["items"].items():
        assert uuid_v7(key), f"item id {key}"
        check("item", item, ITEM)
    owed = sum(item["price"]["amount"] * item["quantity"] for item in document["items"].values() if item["status"] != "voided")
    assert document["total"]["amount"] == owed, f"total {document['total']['amount']} and not {owed}"


LIMITS = {"frame_bytes": number, "rooms": number, "messages_per_second": number, "heartbeat_ms": number}
EVENT = {
    "id": uuid_v7, "kind": one_of(KINDS), "order": some(uuid), "at": at, "by": {"role": one_of(ROLES), "person": some({"id": uuid, "name": text}), "rule": some(text)}, "command": some(uuid),
    "patch": an_object,
}  # fmt: skip

FRAMES = {
    "welcome": {"connection": uuid_v7, "epoch": text, "role": one_of(ROLES), "restaurant": uuid, "expires_at": at,
                "server_time": at, "version": text, "paged": flag, "feature_level": number, "limits": LIMITS},
    "snapshot": {"room": room, "position": number, "tag": some(tag), "documents": a_list, "calls": some(an_object), "displays": some(an_object),
                 "part": some(number), "more": some(flag)},
    "event": {"room": room, "position": number, "prev": number, "event": EVENT},
    "sync": {"room": room, "position": number, "tag": some(tag), "prev": number, "server_time": at},
    "live": {"room": room, "position": number, "tag": some(tag), "rewritten": some(flag)},
    "ack": {"id": uuid, "position": number, "changed": flag, "document": an_object},
    "error": {"id": some(uuid), "room": some(echo), "code": one_of(CODES), "message": text, "retry_after_ms": some(number),
              "document": some(an_object)},
    "pong": {"nonce": some(lambda nonce: isinstance(nonce, (str, int))), "server_time": at},
    "going_away": {"reconnect_in_ms": number},
}  # fmt: skip


def validators():
    """Returns a validator for each frame of the AsyncAPI document, by type."""
    path = pathlib.Path(__file__).parents[2] / "static" / "spec" / "asyncapi.json"
    components = json.loads(path.read_text(encoding="utf-8"))["components"]
    schemas = {name: {**message["payload"], "components": components} for name, message in components["messages"].items()}
    return {name: Draft202012Validator(schema) for name, schema in schemas.items()}


DOCUMENTED = validators()


def check_frame(frame):
    """Checks a frame of the server field by field, and against the AsyncAPI document."""
    kind = frame.get("type")
    assert kind in FRAMES, f"no frame of this type in the contract: {frame}"
    check(kind, {key: value for key, value in frame.items() if key != "type"}, FRAMES[kind])
    faults = [f"{error.json_path}: {error.message}" for error in DOCUMENTED[kind].iter_errors(frame)]
    assert not faults, f"{kind} does not match the AsyncAPI document: {faults}"
    if kind == "snapshot" and frame["room"].startswith("floor:"):
        assert "calls" in frame and "displays" in frame, "the floor's snapshot has calls and displays"
    if kind == "snapshot":
        assert ("part" in frame) == ("more" in frame), "a part says whether there is another"
    if kind == "error" and frame["code"] == "stale":
        assert "document" in frame, "stale carries the document"
    if kind == "event":
        is_of_order = frame["event"]["kind"].split(".")[0] in ("order", "item")
        assert ("order" in frame["event"]) == is_of_order, f"{frame['event']['kind']} and its order"
