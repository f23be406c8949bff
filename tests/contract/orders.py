"""Orders and commands: an order from placed to served, on every screen, and the answers to commands."""

from screen import new_id

TIMES = {"accepted": "accepted_at", "preparing": "started_at", "ready": "ready_at", "served": "served_at"}


class Everyone:
    """The screens that follow one order: its diner's, the kitchen's and the floor's."""

    def __init__(self, restaurant, diner="diner-3"):
        self.restaurant = restaurant
        self.diner, self.kitchen, self.staff = restaurant.screen(diner), restaurant.screen("kitchen"), restaurant.screen("staff")
        self.cooking, _ = self.kitchen.join(f"kitchen:{restaurant.id}")
        self.floor, _ = self.staff.join(f"floor:{restaurant.id}")
        self.own = None

    def place(self, basket):
        ack = self.diner.ask({"type": "place", "order": basket})
        assert ack["type"] == "ack" and ack["changed"], f"{ack}"
        self.order = ack["document"]["id"]
        self.own, got = self.diner.join(f"order:{self.order}")
        assert got == ["snapshot", "live"], f"{got}"
        self.agree(ack)
        return ack

    def agree(self, ack):
        """Asserts that every screen and a new read have the document of the answer."""
        expected = ack["document"]
        assert expected["position"] == ack["position"], "the answer carries the last event's position"
        for screen, room in ((self.diner, self.own), (self.kitchen, self.cooking), (self.staff, self.floor)):
            screen.see(room, ack["position"])
            assert room.documents[self.order] == expected, f"{room.name}: {room.documents[self.order]} and not {expected}"
            assert room.repeats == 0, f"{room.name}: {room.repeats} events were sent twice"
        assert self.restaurant.document(self.order) == expected, "GET returns another document"

    def do(self, screen, action, kinds, **fields):
        """Sends a command, and asserts that every screen receives exactly these events with the command's id."""
        before = len(self.own.events)
        ack = screen.command(action, self.order, **fields)
        assert ack["type"] == "ack" and ack["changed"], f"{action}: {ack}"
        self.agree(ack)
        for room in (self.own, self.cooking, self.floor):
            made = [frame for frame in room.events if frame["event"].get("command") == ack["id"]]
            assert [frame["event"]["kind"] for frame in made] == kinds, f"{action} on {room.name}: {made}"
            assert made[-1]["position"] == ack["position"]
        assert self.own.kinds()[before:] == kinds
        return ack["document"]


def step_an_order_walks_from_placed_to_served_on_three_screens(restaurant):
    everyone = Everyone(restaurant)
    hot, cold = restaurant.dishes("hot")[0], restaurant.dishes("cold")[0]
    placed = everyone.place(restaurant.basket(hot, cold, note="no rush"))
    assert placed["document"]["status"] == "placed" and placed["document"]["table"] == "3"
    assert "order.placed" in everyone.cooking.kinds() and "order.placed" in everyone.floor.kinds()
    for room in (everyone.cooking, everyone.floor):
        event = room.events[-1]["event"]
        assert event["by"] == {"role": "diner"} and event["command"] == placed["id"], f"{event}"
    first, second = sorted(placed["document"]["items"])
    document = everyone.do(everyone.staff, "accept", ["order.accepted"], minutes=15)
    assert "promised_at" in document and document["accepted_at"] < document["promised_at"]
    document = everyone.do(everyone.kitchen, "start_item", ["item.started", "order.started"], item=first)
    assert document["items"][first]["status"] == "cooking" and document["items"][second]["status"] == "queued"
    everyone.do(everyone.kitchen, "finish_item", ["item.finished"], item=first)
    everyone.do(everyone.kitchen, "recall_item", ["item.recalled"], item=first)
    everyone.do(everyone.kitchen, "finish_item", ["item.finished"], item=first)
    document = everyone.do(everyone.kitchen, "finish_item", ["item.finished", "order.ready"], item=second)
    assert document["status"] == "ready"
    document = everyone.do(everyone.staff, "serve", ["order.served"])
    assert document["status"] == "served" and "closed_at" in document
    assert all(name in document for name in TIMES.values())
    document = everyone.do(everyone.kitchen, "recall", ["order.recalled"])
    assert document["status"] == "preparing" and not {"ready_at", "served_at", "closed_at"} & set(document)
    everyone.do(everyone.kitchen, "ready", ["order.ready"])
    everyone.do(everyone.staff, "serve", ["order.served"])


def step_an_action_on_the_whole_ticket_is_one_event(restaurant):
    everyone = Everyone(restaurant, "diner-4")
    everyone.place(restaurant.basket(*restaurant.dishes()[:3]))
    everyone.do(everyone.staff, "accept", ["order.accepted"])
    document = everyone.do(everyone.kitchen, "start", ["order.started"])
    assert {item["status"] for item in document["items"].values()} == {"cooking"}
    everyone.do(everyone.kitchen, "promise", ["order.promised"], minutes=30)
    everyone.do(everyone.staff, "rush", ["order.rushed"], rush=True)
    document = everyone.do(everyone.kitchen, "ready", ["order.ready"])
    assert {item["status"] for item in document["items"].values()} == {"done"}


def step_voiding_lowers_the_total_and_voiding_the_last_item_cancels_the_order(restaurant):
    everyone = Everyone(restaurant, "diner-4")
    placed = everyone.place(restaurant.basket(*restaurant.dishes()[:2]))["document"]
    everyone.do(everyone.staff, "accept", ["order.accepted"])
    first, last = sorted(placed["items"])
    document = everyone.do(
        everyone.staff, "void_item", ["item.voided"], item=first, reason="out_of_stock", detail="the last is gone"
    )
    assert document["total"]["amount"] == placed["items"][last]["price"]["amount"]
    document = everyone.do(everyone.staff, "void_item", ["item.voided", "order.cancelled"], item=last, reason="other")
    assert (document["status"], document["total"]["amount"]) == ("cancelled", 0)


def step_a_round_is_added_and_a_line_corrected(restaurant):
    everyone = Everyone(restaurant, "diner-4")
    first, second, third = restaurant.dishes()[:3]
    placed = everyone.place(restaurant.basket(first))["document"]
    (line,) = placed["items"]
    wish = {"menu_item": first, "quantity": 2, "note": "no salt"}
    document = everyone.do(everyone.diner, "change_item", ["item.changed"], item=line, line=wish)
    assert document["items"][line]["quantity"] == 2 and document["items"][line]["note"] == "no salt"
    everyone.do(everyone.staff, "accept", ["order.accepted"])
    everyone.do(everyone.kitchen, "ready", ["order.ready"])
    round_two = [{"menu_item": second, "quantity": 1}, {"menu_item": third, "quantity": 1}]
    document = everyone.do(everyone.diner, "add_items", ["item.added", "order.recalled"], items=round_two)
    added = [item for item in document["items"].values() if item.get("round") == 2]
    assert len(added) == 2 and all(item["status"] == "queued" and "added_at" in item for item in added), f"{document}"
    assert document["status"] == "preparing" and "ready_at" not in document
    document = everyone.do(everyone.staff, "add_items", ["item.added"], items=round_two[:1])
    assert sorted(item.get("round", 1) for item in document["items"].values()) == [1, 2, 2, 3]


def step_courses_are_held_fired_and_served(restaurant):
    everyone = Everyone(restaurant, "diner-4")
    first, second = restaurant.dishes()[:2]
    placed = everyone.place(restaurant.basket(first, second))["document"]
    one, two = sorted(placed["items"])
    everyone.do(everyone.staff, "accept", ["order.accepted"])
    document = everyone.do(everyone.staff, "hold", ["item.held"], item=two)
    assert document["items"][two]["held"] is True and document["items"][two]["status"] == "queued"
    document = everyone.do(everyone.kitchen, "ready", ["item.finished"])
    assert document["status"] == "preparing", "a held item keeps the order open"
    refused = everyone.kitchen.command("finish_item", everyone.order, item=two)
    assert refused["code"] == "invalid_transition", f"{refused}"
    everyone.do(everyone.staff, "serve_item", ["item.served"], item=one)
    document = everyone.do(everyone.kitchen, "fire", ["item.fired"], item=two)
    assert "held" not in document["items"][two] and "fired_at" in document["items"][two]
    everyone.do(everyone.kitchen, "ready", ["order.ready"])
    document = everyone.do(everyone.staff, "serve_item", ["item.served", "order.served"], item=two)
    assert document["status"] == "served"


def step_staff_reject_with_a_reason_and_a_diner_cancels_before_acceptance(restaurant):
    everyone = Everyone(restaurant, "diner-5")
    everyone.place(restaurant.basket())
    document = everyone.do(everyone.staff, "reject", ["order.rejected"], reason="kitchen_closed")
    assert document["reason"] == "kitchen_closed" and "closed_at" in document
    everyone = Everyone(restaurant, "diner-5")
    everyone.place(restaurant.basket())
    assert everyone.do(everyone.diner, "cancel", ["order.cancelled"], reason="customer_request")["status"] == "cancelled"
    taken = restaurant.order("diner-5")["id"]
    restaurant.do("staff", taken, "accept")
    restaurant.post_command("diner-5", taken, "cancel", reason="other").problem(409, "invalid_transition")
    restaurant.do("staff", taken, "cancel", reason="other")


def step_placing_over_http_takes_an_idempotency_key(restaurant):
    key, basket = new_id(), restaurant.basket()
    first = restaurant.post_order("diner-6", basket, key)
    assert first.status == 201 and first.json["status"] == "placed", f"{first.status} {first.body!r}"
    again = restaurant.post_order("diner-6", basket, key)
    assert again.status in (200, 201) and again.json == first.json, "the same key gives the first answer"
    other = {**basket, "note": "another"}
    restaurant.post_order("diner-6", other, key).problem(409, "conflict")
    bare = restaurant.server.call("POST", "/api/v1/restaurants/demo/orders", basket, restaurant.token("diner-6"))
    assert bare.status in (400, 422), f"{bare.status} without a key"
    assert restaurant.post_order("diner-7", basket, key).json["id"] != first.json["id"], "another principal's key is another key"


def step_an_empty_note_is_dropped(restaurant):
    basket = restaurant.basket(note="")
    basket["items"][0].update(note=" ")
    document = restaurant.post_order("diner-6", basket).json
    assert "note" not in document and not any("note" in item for item in document["items"].values()), f"{document}"


def step_prices_come_from_the_menu(restaurant):
    dish = restaurant.dishes()[0]
    basket = restaurant.basket(dish)
    basket["items"][0].update(quantity=3)
    document = restaurant.post_order("diner-6", basket).json
    assert document["total"]["amount"] == 3 * restaurant.menu["items"][dish]["price"]["amount"]
    cheap = restaurant.basket(dish)
    cheap["items"][0]["price"] = {"amount": 1, "currency": "BDT"}
    answer = restaurant.post_order("diner-6", cheap)
    if answer.status == 201:
        assert answer.json["total"]["amount"] != 1, "the server used the client's price"


def step_options_change_the_price(restaurant):
    dishes = restaurant.menu["items"].items()
    priced = [(key, dish, id, option) for key, dish in dishes for id, option in dish["options"].items() if option["price"]["amount"]]
    assert priced, "some option of the demo menu has a price"
    key, dish, id, option = priced[0]
    basket = restaurant.basket(key)
    basket["items"][0]["options"] = [option["name"]]
    document = restaurant.post_order("diner-6", basket).json
    (item,) = document["items"].values()
    assert item["options"] == [option["name"]]
    assert [choice["id"] for choice in item["choices"]] == [id], "each option has its id"
    assert item["price"]["amount"] == dish["price"]["amount"] + option["price"]["amount"]


def step_an_order_never_costs_more_than_the_agreed_total(restaurant):
    level = restaurant.server.call("GET", "/api/v1/restaurants/demo").json["feature_level"]
    assert level >= 1, f"{level}"
    dish = restaurant.dishes()[0]
    price = restaurant.menu["items"][dish]["price"]

    def agreed(amount):
        return restaurant.basket(dish, expected_total={**price, "amount": amount})

    problem = restaurant.post_order("diner-6", agreed(price["amount"] - 1))
    problem.problem(409, "price_changed")
    assert problem.json["document"] == {"total": price, "prices": [price]}, f"{problem.json}"
    error = restaurant.screen("diner-6").ask({"type": "place", "order": agreed(price["amount"] - 1)})
    assert error["code"] == "price_changed" and error["document"]["total"] == price, f"{error}"
    assert restaurant.post_order("diner-6", agreed(price["amount"])).status == 201
    dearer = restaurant.post_order("diner-6", agreed(price["amount"] + 1))
    assert dearer.status == 201 and dearer.json["total"] == price, "an order below the agreed total is placed at its price"


def step_a_declared_allergy_needs_a_note(restaurant):
    basket = restaurant.basket(restaurant.dishes()[0], note="sesame", allergy=True)
    basket["items"][0].update(note="walnuts", allergy=True)
    document = restaurant.post_order("diner-6", basket).json
    (item,) = document["items"].values()
    assert document["allergy"] is True and item["allergy"] is True
    del basket["items"][0]["note"]
    restaurant.post_order("diner-6", basket).problem(422, "invalid")


def step_an_order_has_a_name_to_call_out(restaurant):
    basket = restaurant.basket(restaurant.dishes()[0], service="takeaway", guest_name="  Anna K. ")
    assert restaurant.post_order("staff", basket).json["guest_name"] == "Anna K."
    assert "guest_name" not in restaurant.post_order("diner-6", {**basket, "guest_name": " "}).json
    for bad in ["x" * 41, "a\nb", 7]:
        restaurant.post_order("diner-6", {**basket, "guest_name": bad}).problem(422, "invalid")


def step_some_portions_of_a_line_are_voided(restaurant):
    basket = restaurant.basket(restaurant.dishes()[0])
    basket["items"][0]["quantity"] = 4
    order = restaurant.post_order("diner-8", basket).json
    (line,) = order["items"]
    document = restaurant.do("staff", order["id"], "void_item", item=line, reason="out_of_stock", quantity=1)["document"]
    (split,) = set(document["items"]) - {line}
    assert (document["items"][line]["quantity"], document["items"][line]["status"]) == (3, "queued")
    assert (document["items"][split]["quantity"], document["items"][split]["status"]) == (1, "voided")
    assert document["total"]["amount"] * 4 == order["total"]["amount"] * 3
    restaurant.post_command("staff", order["id"], "void_item", item=line, reason="other", quantity=4).problem(422, "invalid")


def step_the_same_command_id_has_one_answer_and_one_effect(restaurant):
    order = restaurant.order("diner-8")["id"]
    screen = restaurant.screen("staff")
    frame = {"type": "command", "id": new_id(), "order": order, "action": "accept", "minutes": 10}
    first = screen.ask(frame)
    rush = restaurant.do("staff", order, "rush", rush=True)
    assert screen.ask(frame) == first, "the same id over WebSocket"
    body = {key: frame[key] for key in ("id", "action", "minutes")}
    over_http = restaurant.server.call("POST", f"/api/v1/orders/{order}/commands", body, restaurant.token("staff"))
    assert over_http.status == 200, f"{over_http.status} {over_http.body!r}"
    for name in ("id", "position", "changed", "document"):
        assert over_http.json[name] == first[name], f"the same id over HTTP: {name}"
    conflict = screen.ask({**frame, "minutes": 11})
    assert (conflict["type"], conflict.get("code")) == ("error", "conflict"), f"{conflict}"
    # Events of other orders may come between the positions of accept and rush.
    assert restaurant.document(order)["position"] == rush["position"] > first["position"], "one effect"


def step_a_repeated_action_changes_nothing(restaurant):
    order = restaurant.order("diner-8")["id"]
    accepted = restaurant.do("staff", order, "accept")
    again = restaurant.do("staff", order, "accept")
    assert (again["changed"], again["position"], again["document"]) == (False, accepted["position"], accepted["document"])


def step_a_stale_command_gets_the_current_document(restaurant):
    document = restaurant.order("diner-8")
    restaurant.do("staff", document["id"], "accept")
    screen = restaurant.screen("staff")
    error = screen.command("start", document["id"], expected_position=document["position"])
    assert error["code"] == "stale" and error["document"] == restaurant.document(document["id"]), f"{error}"
    over_http = restaurant.post_command("staff", document["id"], "start", expected_position=document["position"])
    over_http.problem(409, "stale")
    assert screen.command("start", document["id"], expected_position=error["document"]["position"])["type"] == "ack"


def step_an_invalid_transition_is_refused(restaurant):
    order = restaurant.order("diner-8")["id"]
    for action in ("serve", "recall", "start", "ready"):
        restaurant.post_command("staff", order, action).problem(409, "invalid_transition")
