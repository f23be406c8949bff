"""Tokens: renewals, spent tokens, and sessions that end under a live connection."""


def refresh(restaurant, token):
    return restaurant.server.call("POST", "/api/v1/sessions/refresh", {"refresh_token": token})


def step_a_refresh_rotates_both_tokens(restaurant):
    first = restaurant.login("staff")
    answer = refresh(restaurant, first["refresh_token"])
    assert answer.status in (200, 201), f"{answer.status} {answer.body!r}"
    second = answer.json
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    restaurant.screen(token=second["access_token"]).alive()
    assert refresh(restaurant, second["refresh_token"]).status in (200, 201), "the new token can be renewed too"


def step_a_repeated_renewal_gets_the_lost_answer(restaurant):
    first = restaurant.login("staff")
    screen = restaurant.screen(token=first["access_token"])
    second = refresh(restaurant, first["refresh_token"]).json
    again = refresh(restaurant, first["refresh_token"])
    assert again.status in (200, 201), f"{again.status} {again.body!r}"
    assert again.json["refresh_token"] == second["refresh_token"], "a repeat returns the same new token"
    restaurant.screen(token=again.json["access_token"]).alive()
    screen.alive()


def step_an_older_refresh_token_ends_the_session_and_its_connections(restaurant):
    first = restaurant.login("staff")
    screen = restaurant.screen(token=first["access_token"])
    second = refresh(restaurant, first["refresh_token"]).json
    third = refresh(restaurant, second["refresh_token"]).json
    refresh(restaurant, first["refresh_token"]).problem(401, "unauthorized")
    assert screen.until_closed() == 4401, "a connection of the ended session stays open"
    for pair in (second, third):
        refresh(restaurant, pair["refresh_token"]).problem(401, "unauthorized")


def step_an_invalid_refresh_token_is_refused(restaurant):
    refresh(restaurant, "rubbish").problem(401, "unauthorized")


def step_a_connection_accepts_a_new_token_of_the_same_principal(restaurant):
    first = restaurant.login("staff")
    screen = restaurant.screen(token=first["access_token"])
    second = refresh(restaurant, first["refresh_token"]).json
    screen.send({"type": "refresh", "token": second["access_token"]})
    screen.alive()


def step_a_connection_refuses_an_invalid_token_and_that_of_another_principal(restaurant):
    screen = restaurant.screen("staff")
    for token in (restaurant.token("manager"), restaurant.token("diner-1"), "rubbish"):
        screen.send({"type": "refresh", "token": token})
        answer = screen.until(lambda frame: frame["type"] == "error")
        assert answer["code"] in ("unauthorized", "forbidden"), f"{answer}"
    screen.alive()


def step_signing_out_ends_the_session_and_closes_its_connections(restaurant):
    pair = restaurant.login("staff")
    screen, neighbour = restaurant.screen(token=pair["access_token"]), restaurant.screen("staff")
    answer = restaurant.server.call("DELETE", "/api/v1/sessions/current", token=pair["access_token"])
    assert answer.status in (200, 204), f"{answer.status}"
    assert screen.until_closed() == 4401, "the connection stays open"
    neighbour.alive()
    refresh(restaurant, pair["refresh_token"]).problem(401, "unauthorized")
    order = restaurant.order("diner-1")["id"]
    restaurant.server.get(f"/api/v1/orders/{order}", pair["access_token"]).problem(401, "unauthorized")
