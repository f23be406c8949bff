"""Invalid input of every kind gets the documented code, and no connection closes."""

import json
import os

from screen import Closed, new_id


def one_error(screen, frame, codes, neighbour):
    """Sends an invalid frame. Asserts an error with one of these codes, and that both connections still work."""
    shown = str(frame)[:60]
    screen.send(frame)
    answer = screen.until(lambda frame: frame["type"] == "error")
    assert answer["code"] in codes, f"{shown}: {answer['code']} and not {codes}"
    screen.alive()
    neighbour.alive()
    return answer


def step_texts_that_are_not_frames_get_bad_frame(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    order = f"order:{new_id()}"
    bad = [
        "", "{", "nonsense", "null", "7", "[]", '"ping"', "{}", '{"type":7}', '{"type":null}', '{"type":"dance"}', '{"type":"welcome"}',
        '{"type":"ack"}', '{"type":"subscribe"}', '{"type":"subscribe","room":7}', '{"type":"unsubscribe"}', '{"type":"refresh"}',
        '{"type":"seen"}', '{"type":"seen","room":"x"}', '{"type":"ping"', "{" * 200, "[" * 3000,
        json.dumps({"type": "subscribe", "room": order, "since": -1}), json.dumps({"type": "subscribe", "room": order, "since": "x"}),
        json.dumps({"type": "subscribe", "room": order, "since": 1.5}), json.dumps({"type": "subscribe", "room": order, "since": 2**53}),
    ]  # fmt: skip
    for frame in bad:
        one_error(screen, frame, {"bad_frame"}, neighbour)


def step_rooms_with_impossible_names_are_forbidden_or_bad(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    for room in (
        "",
        "order",
        "order:",
        "order:42",
        "cellar:" + new_id(),
        "floor:*",
        "order:" + "x" * 500,
        "floor:" + restaurant.id.upper(),
    ):
        one_error(screen, {"type": "subscribe", "room": room}, {"forbidden", "bad_frame"}, neighbour)


def step_a_binary_frame_is_a_bad_frame_or_a_violation(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    try:
        one_error(screen, b"\x00\x01", {"bad_frame"}, neighbour)
    except Closed as closed:
        assert closed.code == 4400, f"{closed}"
    neighbour.alive()


def step_impossible_commands_are_invalid(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    order = restaurant.order("diner-1")
    item = next(iter(order["items"]))
    base = {"type": "command", "order": order["id"]}
    bad = [
        {"action": "explode"}, {"action": 7}, {}, {"action": "accept", "minutes": 0}, {"action": "accept", "minutes": -5},
        {"action": "accept", "minutes": "ten"}, {"action": "accept", "minutes": 10**12}, {"action": "reject"},
        {"action": "reject", "reason": "rude"}, {"action": "cancel", "reason": "other", "detail": "x" * 201},
        {"action": "void_item", "reason": "other"}, {"action": "void_item", "item": item}, {"action": "start_item"},
        {"action": "start_item", "item": "first"}, {"action": "promise"}, {"action": "rush"}, {"action": "rush", "rush": "yes"},
        {"action": "accept", "expected_position": -1}, {"action": "accept", "order": "first"}, {"action": "accept", "order": None},
        {"action": "call_waiter", "reason": "song", "order": None}, {"action": "answer_call", "order": None},
    ]  # fmt: skip
    for fields in bad:
        frame = {"id": new_id(), **base, **fields}
        answer = one_error(screen, frame, {"invalid", "bad_frame"}, neighbour)
        assert answer.get("id") == frame["id"], f"{fields}: the error does not name its command"
    one_error(screen, {**base, "action": "accept"}, {"invalid", "bad_frame"}, neighbour)
    one_error(screen, {**base, "id": "mine", "action": "accept"}, {"invalid", "bad_frame"}, neighbour)
    assert restaurant.document(order["id"]) == order, "a part of the command was carried out"


def step_impossible_baskets_are_invalid(restaurant):
    screen, neighbour = restaurant.screen("diner-1"), restaurant.screen("diner-2")
    dish = restaurant.dishes()[0]
    line = {"menu_item": dish, "quantity": 1, "options": []}
    bad = [
        {}, {"service": "dine_in"}, {"service": "dine_in", "items": []}, {"service": "by_air", "items": [line]},
        {"service": "dine_in", "items": [{**line, "quantity": 0}]}, {"service": "dine_in", "items": [{**line, "quantity": -1}]},
        {"service": "dine_in", "items": [{**line, "quantity": 1.5}]}, {"service": "dine_in", "items": [{**line, "quantity": 100}]},
        {"service": "dine_in", "items": [{**line, "menu_item": new_id()}]}, {"service": "dine_in", "items": [{**line, "menu_item": 7}]},
        {"service": "dine_in", "items": [{**line, "options": ["gold leaf"]}]}, {"service": "dine_in", "items": [line] * 101},
        {"service": "dine_in", "items": [{**line, "note": "x" * 201}]}, {"service": "dine_in", "items": [line], "note": "x" * 201},
        {"service": "dine_in", "items": {"0": line}}, {"service": "dine_in", "items": [line], "table": "9"},
    ]  # fmt: skip
    for basket in bad:
        answer = one_error(screen, {"type": "place", "id": new_id(), "order": basket}, {"invalid", "bad_frame"}, neighbour)
        assert "id" in answer, f"{basket}: the error does not name its order"
        over_http = restaurant.post_order("diner-1", basket)
        assert over_http.status in (400, 422), f"{basket}: {over_http.status}"
        over_http.problem(over_http.status, {400: "bad_frame", 422: "invalid"}[over_http.status])


def step_bodies_that_are_not_json_objects_are_bad_frames(restaurant):
    order = restaurant.order("diner-1")["id"]
    for path in (f"/api/v1/orders/{order}/commands", "/api/v1/restaurants/demo/orders"):
        for body in (b"", b"{", b"nonsense", b"\xff\xfe"):
            answer = restaurant.server.call("POST", path, body, restaurant.token("staff"), {"Idempotency-Key": new_id()})
            answer.problem(400, "bad_frame")
        for body in (b"[]", b"null", b'"x"', b"[" * 3000):  # valid or invalid JSON, but never an object
            answer = restaurant.server.call("POST", path, body, restaurant.token("staff"), {"Idempotency-Key": new_id()})
            assert answer.status in (400, 422), f"{answer.status} for {body[:10]!r}"
            answer.problem(answer.status, {400: "bad_frame", 422: "invalid"}[answer.status])


def step_an_action_that_the_role_may_not_take_is_forbidden(restaurant):
    order = restaurant.order("diner-1")
    restaurant.do("staff", order["id"], "accept")
    item = next(iter(order["items"]))
    closed = {
        "diner-1": [("accept", {}), ("ready", {}), ("serve", {}), ("rush", {"rush": True}), ("void_item", {"item": item, "reason": "other"})],
        "diner-2": [("cancel", {"reason": "other"})],
        "kitchen": [("accept", {}), ("serve", {}), ("cancel", {"reason": "other"}), ("rush", {"rush": True})],
    }  # fmt: skip
    for who, actions in closed.items():
        screen = restaurant.screen(who)
        for action, fields in actions:
            error = screen.command(action, order["id"], **fields)
            allowed = {"forbidden"} if who != "diner-2" else {"forbidden", "not_found"}
            assert error.get("code") in allowed, f"{action} by {who}: {error}"
    assert restaurant.server.get(f"/api/v1/orders/{order['id']}", restaurant.token("diner-2")).status in (403, 404), "another table's order"


def step_another_stations_item_is_forbidden(restaurant):
    hot, cold = restaurant.dishes("hot")[0], restaurant.dishes("cold")[0]
    order = restaurant.order("diner-1", hot, cold)
    restaurant.do("staff", order["id"], "accept")
    by_station = {item["station"]: key for key, item in order["items"].items()}
    screen = restaurant.screen("kitchen-hot")
    error = screen.command("start_item", order["id"], item=by_station["cold"])
    assert error.get("code") == "forbidden", f"{error}"
    ready = screen.command("ready", order["id"])["document"]
    assert (ready["status"], ready["items"][by_station["cold"]]["status"]) == ("preparing", "queued"), f"{ready}"
    assert ready["items"][by_station["hot"]]["status"] == "done"


def step_unknown_orders_and_items_are_not_found(restaurant):
    screen = restaurant.screen("staff")
    assert screen.command("accept", new_id())["code"] in ("not_found", "forbidden")
    order = restaurant.order("diner-1")["id"]
    restaurant.do("staff", order, "accept")
    assert screen.command("start_item", order, item=new_id())["code"] == "not_found"
    missing = restaurant.server.get(f"/api/v1/orders/{new_id()}", restaurant.token("staff"))
    missing.problem(404, "not_found")


def step_invalid_utf8_closes_only_its_own_connection(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    sock = screen.socket.socket
    mask = os.urandom(4)
    payload = bytes(byte ^ mask[n % 4] for n, byte in enumerate(b"\xff\xfe"))
    sock.sendall(bytes([0x81, 0x80 | 2]) + mask + payload)
    assert screen.until_closed() in (1007, 4400), "not closed as a violation"
    neighbour.alive()


def step_an_unmasked_frame_closes_only_its_own_connection(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    screen.socket.socket.sendall(bytes([0x81, 2]) + b"{}")
    assert screen.until_closed() in (1002, 4400, 1006), "not closed as a violation"
    neighbour.alive()
