"""Rooms: who may join which room, resuming without a gap, calls and the menu."""

import json
import time

from people import claims
from screen import new_id


def step_every_forbidden_room_gets_the_same_answer(restaurant):
    own, others = restaurant.order("diner-1")["id"], restaurant.order("diner-2")["id"]
    ours, nowhere = restaurant.id, new_id()
    diner, kitchen = restaurant.screen("diner-1"), restaurant.screen("kitchen")
    closed = [
        f"kitchen:{ours}",
        f"floor:{ours}",
        f"order:{others}",
        f"order:{nowhere}",
        f"menu:{nowhere}",
        f"floor:{nowhere}",
    ]
    answers = [diner.refused(room) for room in closed] + [kitchen.refused(f"floor:{ours}")]
    assert {answer["code"] for answer in answers if answer["type"] == "error"} == {"forbidden"}, f"{answers}"
    assert len({answer["message"] for answer in answers}) == 1, "the answers reveal whether a room exists"
    diner.join(f"order:{own}")
    kitchen.alive()


def step_every_role_of_the_restaurant_joins_its_menu(restaurant):
    for who in ("diner-1", "kitchen", "staff", "manager"):
        room, got = restaurant.screen(who).join(f"menu:{restaurant.id}")
        assert got == ["snapshot", "live"] and room.menu == restaurant.server.get("/api/v1/restaurants/demo/menu").json, who


def step_staff_and_kitchen_join_an_order_of_their_restaurant(restaurant):
    order = restaurant.order("diner-1")
    for who in ("kitchen", "staff", "manager"):
        room, _ = restaurant.screen(who).join(f"order:{order['id']}")
        assert room.documents == {order["id"]: order}, who


def step_a_resuming_screen_gets_each_missed_event_once_and_in_order(restaurant):
    order = restaurant.order("diner-2")["id"]
    for name, who in (
        (f"order:{order}", "diner-2"),
        (f"kitchen:{restaurant.id}", "kitchen"),
        (f"floor:{restaurant.id}", "staff"),
    ):
        first = restaurant.screen(who)
        room, _ = first.join(name)
        cursor, epoch, known = room.cursor, first.welcome["epoch"], dict(room.documents)
        first.close()
        ack = restaurant.do("staff", order, "rush", rush=not restaurant.document(order)["rush"])
        restaurant.order("diner-9")
        later = restaurant.do("staff", order, "rush", rush=not restaurant.document(order)["rush"])
        second = restaurant.screen(who)
        resumed = second.rooms[name] = type(room)(name)
        resumed.cursor, resumed.documents = cursor, known
        second.send({"type": "subscribe", "room": name, "since": cursor, "epoch": epoch})
        live = second.until(lambda frame: frame["type"] in ("live", "snapshot"))
        assert live["type"] == "live", "a usable cursor is answered with events"
        positions = [frame["position"] for frame in resumed.events]
        own = [frame["position"] for frame in resumed.events if frame["event"]["order"] == order]
        assert own == [ack["position"], later["position"]] and positions == sorted(set(positions)), f"{positions}"
        assert (resumed.repeats, live["position"] >= later["position"]) == (0, True)
        assert resumed.documents[order] == restaurant.document(order)


def step_a_current_cursor_gets_only_live(restaurant):
    order = restaurant.order("diner-2")["id"]
    screen = restaurant.screen("diner-2")
    room, _ = screen.join(f"order:{order}")
    second = restaurant.screen("diner-2")
    _, got = second.join(room.name, room.cursor, screen.welcome["epoch"])
    assert got == ["live"], f"{got}"


def step_a_cursor_of_another_epoch_or_of_the_future_gets_a_snapshot(restaurant):
    order = restaurant.order("diner-2")
    name = f"order:{order['id']}"
    for since, epoch in ((order["position"], "another"), (2**53 - 1, None)):
        screen = restaurant.screen("diner-2")
        screen.send({"type": "subscribe", "room": name, "since": since, "epoch": epoch or screen.welcome["epoch"]})
        frame = screen.until(lambda frame: frame.get("room") == name)
        assert frame["type"] == "snapshot" and frame["documents"] == [order], f"since {since} of {epoch}: {frame}"
        assert screen.until(lambda frame: frame.get("room") == name)["type"] == "live"


def step_no_event_comes_after_unsubscribing(restaurant):
    order = restaurant.order("diner-2")["id"]
    screen = restaurant.screen("staff")
    room, _ = screen.join(f"order:{order}")
    screen.send({"type": "unsubscribe", "room": room.name})
    screen.alive()
    before = len(room.events)
    restaurant.do("staff", order, "accept")
    screen.alive()
    assert len(room.events) == before, "an event of a room after leaving it"


def step_a_call_is_raised_on_the_floor_and_answered(restaurant):
    diner, staff = restaurant.screen("diner-10"), restaurant.screen("staff")
    floor, _ = staff.join(f"floor:{restaurant.id}")
    before = set(floor.calls)
    raised = diner.command("call_waiter", reason="bill")
    assert raised["type"] == "ack" and raised["changed"], f"{raised}"
    staff.see(floor, raised["position"])
    (call,) = set(floor.calls) - before
    assert floor.events[-1]["event"]["kind"] == "call.raised" and floor.calls[call]["table"] == "10", f"{floor.calls[call]}"
    refused = diner.command("answer_call", call=call)
    assert refused.get("code") == "forbidden", f"{refused}"
    answered = staff.command("answer_call", call=call)
    staff.see(floor, answered["position"])
    assert call not in floor.calls and floor.events[-1]["event"]["kind"] == "call.answered"
    wrong = staff.command("call_waiter", reason="bill")
    assert wrong.get("code") == "forbidden", f"{wrong}"


def step_the_kitchen_never_sees_calls_and_its_positions_skip_them(restaurant):
    kitchen, diner = restaurant.screen("kitchen"), restaurant.screen("diner-11")
    room, _ = kitchen.join(f"kitchen:{restaurant.id}")
    call = diner.command("call_waiter", reason="water")
    order = restaurant.order("diner-11")
    kitchen.see(room, order["position"])
    assert [frame["position"] for frame in room.events if frame["position"] >= call["position"]] == [order["position"]]
    assert room.events[-1]["prev"] < call["position"] < order["position"]


def step_sold_out_and_pause_reach_the_menu_room_and_orders(restaurant):
    staff, diner = restaurant.screen("staff"), restaurant.screen("diner-1")
    room, _ = diner.join(f"menu:{restaurant.id}")
    dish, token = restaurant.dishes()[0], restaurant.token("staff")

    def put(path, body):
        answer = restaurant.server.call("PUT", f"/api/v1/restaurants/demo/{path}", body, token)
        assert answer.status in (200, 204), f"{path}: {answer.status} {answer.body!r}"
        diner.until(lambda frame: frame["type"] == "event")
        return room.events[-1]["event"]["kind"]

    try:
        assert put(f"menu/items/{dish}/availability", {"available": False}) == "menu.availability"
        assert room.menu["items"][dish]["available"] is False
        restaurant.post_order("diner-1", restaurant.basket(dish)).problem(422, "invalid")
    finally:
        assert put(f"menu/items/{dish}/availability", {"available": True}) == "menu.availability"
    try:
        assert put("pause", {"paused": True}) == "menu.paused" and room.menu["paused"]
        restaurant.post_order("diner-1", restaurant.basket()).problem(409, "paused")
        assert diner.ask({"type": "place", "order": restaurant.basket()})["code"] == "paused"
    finally:
        assert put("pause", {"paused": False}) == "menu.resumed"
    assert room.menu == restaurant.server.get("/api/v1/restaurants/demo/menu").json
    staff.alive()


def step_diners_and_kitchens_may_not_change_the_menu(restaurant):
    for who in ("diner-1", "kitchen"):
        answer = restaurant.server.call("PUT", "/api/v1/restaurants/demo/pause", {"paused": True}, restaurant.token(who))
        answer.problem(403, "forbidden")


def step_a_screen_reports_what_it_has_drawn(restaurant):
    screen = restaurant.screen("kitchen")
    room, _ = screen.join(f"kitchen:{restaurant.id}")
    screen.send({"type": "seen", "room": room.name, "position": room.cursor})
    screen.alive()


def step_the_list_of_orders_comes_in_pages(restaurant):
    ids = [restaurant.order("diner-12")["id"] for _ in range(5)]
    seen, after = [], None
    for _ in range(100):
        query = "?status=open&limit=2" + (f"&after={after}" if after else "")
        answer = restaurant.server.get("/api/v1/restaurants/demo/orders" + query, restaurant.token("staff"))
        assert answer.status == 200 and len(answer.json["orders"]) <= 2, f"{answer.status} {answer.body!r}"
        seen += [order["id"] for order in answer.json["orders"]]
        after = answer.json.get("next")
        if not after:
            break
    assert len(seen) == len(set(seen)) and set(ids) <= set(seen), "each open order once"
    restaurant.server.get("/api/v1/restaurants/demo/orders?status=open", restaurant.token("diner-12")).problem(403, "forbidden")


def step_every_document_can_be_built_from_the_events_alone(restaurant):
    order = restaurant.order("diner-2")
    restaurant.do("staff", order["id"], "accept")
    restaurant.do("kitchen", order["id"], "ready")
    for who, name in (
        ("diner-2", f"order:{order['id']}"),
        ("kitchen", f"kitchen:{restaurant.id}"),
        ("staff", f"floor:{restaurant.id}"),
    ):
        screen = restaurant.screen(who)
        room, got = screen.join(name, 0, screen.welcome["epoch"])
        assert got[-1] == "live" and "snapshot" not in got, f"{name}: {got}"
        assert room.documents[order["id"]] == restaurant.document(order["id"]), name


def step_a_screen_without_the_served_order_gets_the_whole_document_when_it_is_recalled(restaurant):
    order = restaurant.order("diner-2")["id"]
    for who, action in (("staff", "accept"), ("kitchen", "ready"), ("staff", "serve")):
        restaurant.do(who, order, action)
    screen = restaurant.screen("kitchen")
    room, _ = screen.join(f"kitchen:{restaurant.id}")
    assert order not in room.documents, "a served order is not open"
    recalled = restaurant.do("staff", order, "recall")
    screen.see(room, recalled["position"])
    assert room.documents[order] == recalled["document"] == restaurant.document(order)


def step_a_menu_always_begins_with_a_snapshot(restaurant):
    restaurant.order("diner-1")
    room, got = restaurant.screen("diner-1").join(f"menu:{restaurant.id}", 0, None)
    assert got == ["snapshot", "live"] and room.menu == restaurant.menu_now(), f"{got}"


def step_a_pause_and_a_sold_out_mark_end_by_themselves(restaurant):
    screen, token, dish = restaurant.screen("diner-1"), restaurant.token("staff"), restaurant.dishes()[0]
    room, _ = screen.join(f"menu:{restaurant.id}")
    until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 3))
    for path, body in ((f"menu/items/{dish}/availability", {"available": False}), ("pause", {"paused": True})):
        answer = restaurant.server.call("PUT", f"/api/v1/restaurants/demo/{path}", {**body, "until": until}, token)
        assert answer.status == 200, f"{path}: {answer.status} {answer.body!r}"
    kinds = ["menu.availability", "menu.paused", "menu.availability", "menu.resumed"]
    screen.until(lambda frame: room.kinds() == kinds)
    assert room.menu["items"][dish]["available"] and "until" not in room.menu["items"][dish]
    assert room.menu["paused"] is False and "paused_until" not in room.menu
    assert room.menu == restaurant.menu_now()


def step_a_waiter_can_be_called_over_http_too(restaurant):
    staff = restaurant.screen("staff")
    floor, _ = staff.join(f"floor:{restaurant.id}")
    order = restaurant.order("diner-9")["id"]
    raised = restaurant.do("diner-9", order, "call_waiter", reason="help")
    staff.see(floor, raised["position"])
    (call,) = [key for key, call in floor.calls.items() if call["table"] == "9"]
    restaurant.post_command("diner-8", order, "call_waiter", reason="help").problem(404, "not_found")
    answered = restaurant.do("staff", order, "answer_call", call=call)
    staff.see(floor, answered["position"])
    assert call not in floor.calls


def step_a_diner_learns_nothing_about_staff_or_other_tables(restaurant):
    diner = restaurant.screen("diner-1")
    order = restaurant.order("diner-1")
    room, _ = diner.join(f"order:{order['id']}")
    acks = [restaurant.do(who, order["id"], action) for who, action in (("staff", "accept"), ("kitchen", "start"), ("manager", "ready"))]
    diner.see(room, acks[-1]["position"])
    subs = {claims(restaurant.token(who))[1][name] for who in ("staff", "kitchen", "manager", "diner-2") for name in ("sub", "sid", "jti")}
    visit = restaurant.server.get("/api/v1/diner-sessions/current", restaurant.token("diner-1"))
    seen = json.dumps([room.events, room.documents, acks[-1]["document"], visit.json])
    assert not any(sub in seen for sub in subs), "an id of another person"
    assert [frame["event"]["by"] for frame in room.events] == [{"role": role} for role in ("staff", "kitchen", "manager")]
    assert {order["table"] for order in visit.json["orders"]} == {"1"}
    other = restaurant.order("diner-2")["id"]
    for path in (f"/api/v1/orders/{other}", f"/api/v1/orders/{new_id()}"):
        restaurant.server.get(path, restaurant.token("diner-1")).problem(404, "not_found")
