"""The demo restaurant, its menu, and how each role gets its token."""

import base64
import json
import time

from frames import check, number, text, uuid
from screen import new_id

PAIR = {"access_token": text, "token_type": lambda word: word == "Bearer", "expires_in": number, "refresh_token": text}


def claims(token):
    """Returns the header and the claims of a JWT, without verifying it."""
    parts = token.split(".")
    assert len(parts) == 3, f"not a JWT: {len(parts)} parts"
    return [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]]


def check_pair(answer):
    check("tokens", {name: answer.get(name) for name in PAIR}, PAIR)


def check_token(restaurant, token, role):
    header, body = claims(token)
    assert header.get("kid") and header.get("alg") not in (None, "none"), f"header {header}"
    for name in ("iss", "aud", "sub", "sid", "jti"):
        assert text(body.get(name)), f"claim {name}: {body.get(name)!r}"
    assert (body["role"], body["restaurant"]) == (role, restaurant.id), f"{body['role']} of {body['restaurant']}"
    assert body["iat"] <= time.time() + 5 < body["exp"], "issued in the past, expires in the future"


def step_the_profile_is_public(restaurant):
    answer = restaurant.server.get("/api/v1/restaurants/demo")
    assert answer.status == 200 and answer.json["slug"] == "demo" and uuid(answer.json["id"]), answer.body
    restaurant.server.get("/api/v1/restaurants/no-such-place").problem(404, "not_found")


def step_the_demo_menu_has_dishes_at_three_stations(restaurant):
    dishes = list(restaurant.menu["items"].values())
    assert len(dishes) >= 12 and len({dish["category"] for dish in dishes}) >= 4
    assert {dish["station"] for dish in dishes} == {"hot", "cold", "bar"}
    assert all(dish["price"]["currency"] == "BDT" for dish in dishes)


def step_a_diner_gets_a_token_for_the_key_of_a_table(restaurant):
    pair = restaurant.sit_down("12")
    check_pair(pair)
    check_token(restaurant, pair["access_token"], "diner")


def step_each_phone_at_a_table_is_a_separate_diner(restaurant):
    subs = {claims(restaurant.sit_down("12")["access_token"])[1]["sub"] for _ in range(3)}
    assert len(subs) == 3, f"{len(subs)} subjects for three phones"


def step_an_unknown_table_key_is_refused(restaurant):
    answer = restaurant.server.call("POST", "/api/v1/diner-sessions", {"table_key": "demo-table-99"})
    assert answer.status in (401, 403, 404), f"{answer.status}"
    answer.problem(answer.status, {401: "unauthorized", 403: "forbidden", 404: "not_found"}[answer.status])


def step_staff_and_managers_sign_in(restaurant):
    for name in ("staff", "manager"):
        pair = restaurant.login(name)
        check_pair(pair)
        check_token(restaurant, pair["access_token"], name)


def step_a_wrong_password_and_an_unknown_name_get_the_same_answer(restaurant):
    def attempt(username, password):
        body = {"restaurant": "demo", "username": username, "password": password}
        return restaurant.server.call("POST", "/api/v1/sessions", body).problem(401, "unauthorized")

    wrong, unknown = attempt("staff", "wrong"), attempt("nobody", "wrong")
    assert wrong == unknown, "the answers reveal whether a name exists"


def step_the_command_line_makes_kitchen_tokens(restaurant):
    output = restaurant.server.run("token", "--role", "kitchen", "--restaurant", "demo", "--station", "hot", "--expires", "12h")
    assert len(output.split()) == 1, "it prints only the token"
    check_token(restaurant, output.strip(), "kitchen")
    header_lifetime = claims(output.strip())[1]
    assert abs(header_lifetime["exp"] - header_lifetime["iat"] - 12 * 3600) <= 1, "12h is twelve hours"


def step_calls_with_a_missing_or_invalid_token_are_unauthorized(restaurant):
    order = restaurant.order()["id"]
    token = restaurant.token("staff")
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    unsigned = f"{none}.{token.split('.')[1]}."
    for bad in (None, "rubbish", forged, unsigned):
        restaurant.server.get(f"/api/v1/orders/{order}", bad).problem(401, "unauthorized")


def step_the_pages_health_and_metrics_answer(restaurant):
    assert restaurant.server.get("/healthz").status == 200
    assert restaurant.server.get("/readyz").status == 200
    metrics = restaurant.server.get("/metrics")
    assert metrics.status == 200 and b"# TYPE" in metrics.body, "Prometheus text"
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4"), f"{metrics.headers['content-type']}"
    assert b"# EOF" not in metrics.body, "this is OpenMetrics"
    answer = restaurant.server.call("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text") and answer.body.endswith(b"# EOF\n")
    for page in ("/", "/t/demo-table-1", "/kitchen", "/staff", f"/orders/{new_id()}"):
        answer = restaurant.server.get(page)
        assert answer.status == 200 and b"data-connection" in answer.body, f"{page}: {answer.status}"


def step_an_unknown_path_and_a_wrong_method_are_problems(restaurant):
    restaurant.server.get("/api/v1/cellar").problem(404, "not_found")
    answer = restaurant.server.call("DELETE", "/api/v1/restaurants/demo/menu", token=restaurant.token("manager"))
    assert answer.status in (404, 405), f"{answer.status}"
