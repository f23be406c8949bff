//! Which members a request may omit, and what a refusal says, for every body, frame and query in the specifications.

use orderbell::protocol::ClientFrame;
use reqwest::Method;
use serde_json::{Value, json};
use support::client::{Answer, text};
use support::{Client, Menu, TestServer, new_id};

/// The members whose absence would allow more than any value allows.
const MUST_NOT_BE_NULL: [&str; 3] = ["quantity", "expected_total", "only"];
/// Words from parsers' error messages.
const PARSERS_WORDS: [&str; 9] =
    ["invalid digit", "deserialize", "EOF", "invalid type", "invalid value", "target type", "empty string", "u32", "variant"];

fn openapi() -> Value {
    serde_json::from_str(include_str!("../../static/spec/openapi.json")).unwrap()
}

fn resolved<'a>(spec: &'a Value, mut schema: &'a Value) -> &'a Value {
    while let Some(name) = schema["$ref"].as_str() {
        schema = spec.pointer(name.trim_start_matches('#')).unwrap();
    }
    schema
}

/// Returns the pointers of the members that an example of a schema may leave out.
fn optional_members(spec: &Value, schema: &Value, example: &Value, at: &str) -> Vec<String> {
    let schema = resolved(spec, schema);
    let mut found = Vec::new();
    for alternative in ["oneOf", "anyOf"].iter().filter_map(|name| schema[name].as_array()).flatten() {
        found.extend(optional_members(spec, alternative, example, at));
    }
    let required = |name: &str| schema["required"].as_array().is_some_and(|names| names.iter().any(|known| known == name));
    let members = schema["properties"].as_object().into_iter().flatten();
    for (name, member) in members {
        let here = format!("{at}/{name}");
        if example.get(name).is_some() {
            found.extend(optional_members(spec, member, &example[name], &here));
        }
        if !required(name) {
            found.push(here);
        }
    }
    if schema["additionalProperties"].is_object() {
        for (key, value) in example.as_object().unwrap() {
            found.extend(optional_members(spec, &schema["additionalProperties"], value, &format!("{at}/{key}")));
        }
    }
    if schema["items"].is_object() {
        found.extend(optional_members(spec, &schema["items"], &example[0], &format!("{at}/0")));
    }
    found
}

/// Returns an object with `null` as the member at a pointer.
fn with_null(example: &Value, pointer: &str) -> Value {
    let mut body = example.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = Value::Null;
    body
}

fn name_of(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap()
}

/// Returns the address of an operation, with ids that do not exist.
fn address(path: &str, room: &str) -> String {
    let part = |part: &str| match part {
        "{slug}" => "demo".to_owned(),
        "{room}" => room.to_owned(),
        part if part.starts_with('{') => new_id(),
        part => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn says_null(answer: &Answer) -> bool {
    answer.status == 422 && text(&answer.json()["detail"]).contains("null")
}

#[tokio::test]
async fn null_in_any_body_means_the_same_as_an_absent_member() {
    let server = TestServer::start(&[]).await;
    let clients = [server.manager().await, server.staff().await, server.diner("1").await, server.anybody()];
    let (spec, room) = (openapi(), Menu::read(&clients[1]).await.kitchen());
    let operations = spec["paths"].as_object().unwrap().iter();
    let operations = operations.flat_map(|(path, calls)| calls.as_object().unwrap().iter().map(move |call| (path, call)));
    let mut operations: Vec<_> =
        operations.filter(|(_, (_, call))| call["requestBody"]["content"]["application/json"].is_object()).collect();
    // Last, because confirming a password begins another session and ends this one.
    operations.sort_by_key(|(path, _)| path.contains("/people/me"));
    let mut tried = Vec::new();
    for (path, (method, call)) in operations {
        let content = &call["requestBody"]["content"]["application/json"];
        let example = &content["example"];
        assert!(example.is_object(), "{path} has an example");
        for member in optional_members(&spec, &content["schema"], example, "") {
            let mut answers = Vec::new();
            for client in &clients {
                let request = client.request(method.to_uppercase().parse().unwrap(), &address(path, &room));
                answers.push(Client::send(request.header("Idempotency-Key", new_id()).json(&with_null(example, &member))).await);
            }
            let told: Vec<_> = answers.iter().map(|answer| (answer.status, &answer.text)).collect();
            assert!(told.iter().any(|(status, _)| ![401, 403, 429].contains(status)), "the control: {path} {member}: {told:?}");
            let is_refused = answers.iter().any(says_null);
            assert_eq!(is_refused, MUST_NOT_BE_NULL.contains(&name_of(&member)), "{method} {path} {member}: {told:?}");
            tried.push(member);
        }
    }
    for known in ["/items/0/allergy", "/items/0/options", "/allergy", "/totp", "/end_sessions"] {
        assert!(tried.iter().any(|member| member == known), "the control: {known} of {tried:?}");
    }
}

#[test]
fn null_in_any_frame_means_the_same_as_an_absent_member() {
    let spec: Value = serde_json::from_str(include_str!("../../static/spec/asyncapi.json")).unwrap();
    let id = new_id();
    let order = json!({"service": "dine_in", "items": [{"menu_item": id, "quantity": 1}]});
    let frames = [
        json!({"type": "subscribe", "room": "r"}),
        json!({"type": "unsubscribe", "room": "r"}),
        json!({"type": "command", "id": id, "order": id, "action": "ready"}),
        json!({"type": "place", "id": id, "order": order}),
        json!({"type": "refresh", "token": "t"}),
        json!({"type": "seen", "room": "r", "position": 9}),
        json!({"type": "ping"}),
    ];
    assert_eq!(frames.each_ref().map(|frame| text(&frame["type"])), ClientFrame::TYPES);
    let mut tried = Vec::new();
    for frame in &frames {
        let absent = ClientFrame::parse(&frame.to_string());
        assert!(absent.is_ok(), "{frame}");
        let payload = &spec["components"]["messages"][text(&frame["type"])]["payload"];
        for member in optional_members(&spec, payload, frame, "") {
            let null = with_null(frame, &member);
            let read = ClientFrame::parse(&null.to_string());
            if MUST_NOT_BE_NULL.contains(&name_of(&member)) {
                assert!(read.unwrap_err().message.contains("found null"), "{null}");
            } else if name_of(&member) != "order" {
                // Without `order` the same frame is another command.
                assert_eq!(read, absent, "{null}");
            }
            tried.push(member);
        }
    }
    for known in ["/paged", "/since", "/nonce", "/order/items/0/allergy", "/order/items/0/options", "/order/expected_total"] {
        assert!(tried.iter().any(|member| member == known), "the control: {known} of {tried:?}");
    }
}

#[tokio::test]
async fn a_wrong_or_unknown_parameter_of_any_query_is_refused_by_its_name() {
    let server = TestServer::start(&[]).await;
    let (manager, diner) = (server.manager().await, server.diner("1").await);
    let (spec, room) = (openapi(), Menu::read(&manager).await.kitchen());
    let mut refused = 0;
    for (path, calls) in spec["paths"].as_object().unwrap() {
        let parameters = calls["get"]["parameters"].as_array().into_iter().flatten();
        let names: Vec<_> = parameters.filter(|one| one["in"] == "query").map(|one| text(&one["name"])).collect();
        if names.is_empty() {
            continue;
        }
        let client = if path.contains("diner-sessions/current") { &diner } else { &manager };
        let address = address(path, &room);
        let ask = async |query: String| client.get(&format!("{address}?{query}")).await;
        let told = |answer: &Answer| text(&answer.problem(422, "invalid")["detail"]).to_owned();
        // A query that is valid but for one parameter.
        let right = if path.ends_with("/reports/day") {
            "date=2026-11-24&"
        } else if path.ends_with("/menu/export") {
            "format=json&"
        } else if names == ["order"] {
            "order=1&"
        } else {
            ""
        };
        let is_stream = path.ends_with("/stream");
        let ignores = is_stream || names.contains(&"wait") || path.ends_with("diner-sessions/current");
        if !ignores {
            let unknown = told(&ask(format!("{right}colour=red")).await);
            assert!(unknown.starts_with("colour: unknown parameter `colour`, expected"), "{path}: {unknown}");
        }
        for name in names.iter().filter(|name| **name != "epoch") {
            let others = if right.starts_with(&format!("{name}=")) { "" } else { right };
            for value in ["%01", "-1+x", "99999999999999999999999999"] {
                let answer = ask(format!("{others}{name}={value}")).await;
                if answer.status == 200 {
                    assert!(
                        ["after", "table", "external_id"].contains(name) && value != "%01",
                        "{path} {name}={value}: every text is valid"
                    );
                    continue;
                }
                let detail = told(&answer);
                assert!(detail.starts_with(name), "{path} {name}={value}: {detail}");
                let parser = PARSERS_WORDS.iter().find(|word| detail.contains(**word));
                assert!(parser.is_none(), "{path} {name}={value}: {detail}");
                refused += 1;
            }
        }
        // A stream does not end.
        if !is_stream {
            let at_once = if names.contains(&"wait") { "wait=0&" } else { right };
            let colour = if ignores { "&colour=red" } else { "" };
            let ignored = ask(format!("{at_once}access_token=x&token=y{colour}")).await;
            assert_ne!(ignored.status, 422, "{path}: a token in an address is ignored: {}", ignored.text);
        }
    }
    assert!(refused > 20, "the control: {refused}");
}

#[tokio::test]
async fn a_refusal_says_what_would_be_right() {
    let server = TestServer::start(&[]).await;
    let (manager, staff) = (server.manager().await, server.staff().await);
    let item = |quantity: Value| json!({"service": "dine_in", "items": [{"menu_item": new_id(), "quantity": quantity}]});
    let place = |body: Value| Client::send(staff.placing(&new_id(), &body));
    for (wrong, found) in [(json!(70_000), "the number 70000"), (json!(-1), "the number -1"), (json!("2"), "a string")] {
        let answer = place(item(wrong)).await;
        let detail = answer.problem(422, "invalid")["detail"].clone();
        assert_eq!(detail, format!("items[0].quantity: expected a whole number from 1 to 99, found {found}"));
    }
    let person = json!({"username": "mina", "password": "copper kettle lane", "role": "kitchen"});
    let answer = manager.post("/api/v1/restaurants/demo/people", &person).await;
    assert_eq!(answer.problem(422, "invalid")["detail"], "role: expected `staff` or `manager`, found another word");
    let pause = |body: &'static str| {
        let request = staff.request(Method::PUT, "/api/v1/restaurants/demo/pause");
        Client::send(request.header("Content-Type", "application/json").body(body))
    };
    for (body, detail) in [
        ("", "the body is not JSON: it is empty"),
        (r#"{"paused":"#, "the body is not JSON: it ends too early, at line 1 column 10"),
        (r#"{"paused":yes}"#, "the body is not JSON: there is a mistake at line 1 column 11"),
    ] {
        assert_eq!(pause(body).await.problem(400, "bad_frame")["detail"], detail, "{body}");
    }
    let answer = staff.get("/api/v1/orders/42").await;
    let detail = "nothing has this address: a name or an id in it must be a UUID in lower case with hyphens";
    assert_eq!(answer.problem(404, "not_found")["detail"], detail);
}
