use super::*;
use crate::auth::session::SignInRules;
use crate::auth::tests::fixtures::PASSWORD;
use actix_web::http::Method;
use totp_rs::{Builder, Secret};

pub(super) const ME: &str = "/api/v1/people/me";
const NEW: &str = "four words two spoons";

/// Opens an app in which no limit of an address applies.
pub(super) async fn open(rules: SignInRules) -> TestApp {
    let mut app = TestApp::open().await;
    app.state.limits = Arc::new(Limits::new(Rates::default(), app.state.node.metrics.clone()));
    app.state.sessions = app.state.sessions.map(|sessions| sessions.with_rules(rules));
    app
}

async fn try_to_sign_in(app: &TestApp, more: Value) -> Answer {
    let mut body = json!({"restaurant": "ladle", "username": "manager", "password": PASSWORD});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.call(post("/api/v1/sessions").set_json(body)).await
}

pub(super) async fn sign_in(app: &TestApp, more: Value) -> Value {
    let answer = try_to_sign_in(app, more).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

pub(super) async fn ask(app: &TestApp, tokens: &Value, method: Method, path: &str, body: Option<Value>) -> Answer {
    let bearer = ("authorization", format!("Bearer {}", tokens["access_token"].as_str().unwrap()));
    let request = TestRequest::with_uri(path).method(method).insert_header(bearer);
    app.call(body.into_iter().fold(request, |request, body| request.set_json(body))).await
}

async fn goes_on(app: &TestApp, tokens: &Value) -> bool {
    ask(app, tokens, Method::GET, ME, None).await.status == 200
}

pub(super) async fn is_renewed(app: &TestApp, tokens: &Value) -> bool {
    let refresh = post("/api/v1/sessions/refresh").set_json(json!({"refresh_token": tokens["refresh_token"]}));
    app.call(refresh).await.status == 200
}

/// Sets up a second factor. Returns its secret in base32, the recovery codes, and the tokens of the new session.
pub(super) async fn enrol(app: &TestApp, tokens: &Value) -> (String, Vec<Value>, Value) {
    let begun = ask(app, tokens, Method::POST, &format!("{ME}/totp"), Some(json!({"password": PASSWORD}))).await.json();
    let secret = begun["secret"].as_str().unwrap().to_owned();
    let confirm = json!({"code": code(&secret, -1)});
    let confirmed = ask(app, tokens, Method::POST, &format!("{ME}/totp/confirmation"), Some(confirm)).await;
    assert_eq!(confirmed.status, 200, "{confirmed:?}");
    assert!(!goes_on(app, tokens).await, "the old tokens are no longer valid");
    let confirmed = confirmed.json();
    (secret, confirmed["recovery_codes"].as_array().unwrap().clone(), confirmed)
}

/// Returns the code of the step `steps` from now.
pub(super) fn code(secret: &str, steps: i64) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(clock::now().seconds() + 30 * steps).unwrap()).to_string()
}

#[actix_web::test]
async fn a_person_changes_their_password_and_is_signed_out_everywhere_else() {
    let app = open(SignInRules::default()).await;
    let (here, there) = (sign_in(&app, json!({})).await, sign_in(&app, json!({})).await);
    let path = format!("{ME}/password");
    let change = |current: &str, new: &str| json!({"current": current, "new": new});
    let wrong = ask(&app, &here, Method::PUT, &path, Some(change("not it", NEW))).await;
    assert!(wrong.problem(403, "forbidden").contains("current password"));
    let weak = ask(&app, &here, Method::PUT, &path, Some(change(PASSWORD, "manager1"))).await;
    assert!(weak.problem(422, "invalid").contains("user name"));
    let same = ask(&app, &here, Method::PUT, &path, Some(change(PASSWORD, PASSWORD))).await;
    assert!(same.problem(422, "invalid").contains("that you have"));
    let now = ask(&app, &here, Method::PUT, &path, Some(change(PASSWORD, NEW))).await.json();
    assert_eq!((goes_on(&app, &now).await, is_renewed(&app, &now).await), (true, true));
    for ended in [&here, &there] {
        assert_eq!((goes_on(&app, ended).await, is_renewed(&app, ended).await), (false, false));
    }
    try_to_sign_in(&app, json!({})).await.problem(401, "unauthorized");
    sign_in(&app, json!({"password": NEW})).await;
}

#[actix_web::test]
async fn wrong_tries_of_the_current_password_are_limited_and_the_owner_can_still_change_it() {
    let app = open(SignInRules { secret_tries: 2, ..SignInRules::default() }).await;
    let (stolen, owner) = (sign_in(&app, json!({})).await, sign_in(&app, json!({})).await);
    let path = format!("{ME}/password");
    let guess = |current: &str| Some(json!({"current": current, "new": NEW}));
    for _ in 0..2 {
        ask(&app, &stolen, Method::PUT, &path, guess("a guess")).await.problem(403, "forbidden");
    }
    let refused = ask(&app, &stolen, Method::PUT, &path, guess(PASSWORD)).await;
    refused.problem(401, "unauthorized");
    assert!(!goes_on(&app, &stolen).await);
    assert!(app.state.node.metrics.scrape().contains("orderbell_limit_hits_total{limit=\"secret_tries\"} 1"));
    for weak in ["manager1", "manager-1", "managermanager"] {
        let refused = ask(&app, &owner, Method::PUT, &path, Some(json!({"current": PASSWORD, "new": weak}))).await;
        refused.problem(422, "invalid");
    }
    assert_eq!(ask(&app, &owner, Method::PUT, &path, guess(PASSWORD)).await.status, 200, "a right password does not count");
}

#[actix_web::test]
async fn only_the_owner_lists_and_ends_sessions() {
    let app = open(SignInRules::default()).await;
    let (one, two, three) = (sign_in(&app, json!({})).await, sign_in(&app, json!({})).await, sign_in(&app, json!({})).await);
    let waiter = sign_in(&app, json!({"username": "staff"})).await;
    let path = format!("{ME}/sessions");
    let listed = ask(&app, &one, Method::GET, &path, None).await.json()["sessions"].as_array().unwrap().clone();
    assert_eq!((listed.len(), listed.iter().filter(|session| session["current"] == true).count()), (3, 1));
    assert!(listed.iter().all(|session| session["begun_at"].is_string() && session["renewed_at"].is_string()));
    let theirs = ask(&app, &two, Method::GET, &path, None).await.json();
    let second = theirs["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    let second = format!("{path}/{}", second["id"].as_str().unwrap());
    ask(&app, &waiter, Method::DELETE, &second, None).await.problem(404, "not_found");
    assert!(goes_on(&app, &two).await);
    assert_eq!(ask(&app, &one, Method::DELETE, &second, None).await.status, 204);
    assert_eq!((goes_on(&app, &two).await, is_renewed(&app, &two).await, goes_on(&app, &three).await), (false, false, true));
    assert_eq!(ask(&app, &one, Method::DELETE, &path, None).await.status, 204);
    assert_eq!((goes_on(&app, &one).await, goes_on(&app, &three).await, goes_on(&app, &waiter).await), (true, false, true));
}

#[actix_web::test]
async fn only_a_person_has_an_account() {
    let app = open(SignInRules::default()).await;
    for role in Role::ALL {
        app.get(ME, &insider(role)).await.problem(403, "forbidden");
    }
    let pos = app.call(post("/api/v1/sessions").set_json(json!({"api_key": fixtures::API_KEY}))).await.json();
    ask(&app, &pos, Method::GET, ME, None).await.problem(403, "forbidden");
    let waiter = sign_in(&app, json!({"username": "staff"})).await;
    let account = ask(&app, &waiter, Method::GET, ME, None).await.json();
    assert_eq!((&account["username"], &account["role"], &account["totp"]), (&json!("staff"), &json!("staff"), &json!(false)));
}

#[actix_web::test]
async fn a_second_factor_is_requested_only_after_the_right_password_and_each_code_works_once() {
    let app = open(SignInRules::default()).await;
    let first = sign_in(&app, json!({})).await;
    let begin = |password: &str| Some(json!({"password": password}));
    ask(&app, &first, Method::POST, &format!("{ME}/totp"), begin("not it")).await.problem(403, "forbidden");
    let begun = ask(&app, &first, Method::POST, &format!("{ME}/totp"), begin(PASSWORD)).await.json();
    assert!(begun["otpauth_url"].as_str().unwrap().starts_with("otpauth://totp/ladle:manager?secret="), "{begun}");
    assert!(begun["qr_svg"].as_str().unwrap().contains("<svg"));
    sign_in(&app, json!({})).await;
    let (secret, recovery, first) = enrol(&app, &first).await;
    assert_eq!(recovery.len(), 10);
    ask(&app, &first, Method::POST, &format!("{ME}/totp"), begin(PASSWORD)).await.problem(409, "conflict");

    let stranger = try_to_sign_in(&app, json!({"password": "the wrong one"})).await;
    stranger.problem(401, "unauthorized");
    assert_eq!(stranger.json().get("totp_required"), None, "only a right password reveals the second factor");
    let without = try_to_sign_in(&app, json!({})).await;
    without.problem(401, "unauthorized");
    assert_eq!(without.json()["totp_required"], true);
    let used = try_to_sign_in(&app, json!({"totp": code(&secret, -1)})).await;
    assert_eq!((used.status.as_u16(), &used.json()["totp_required"]), (401, &json!(true)), "the code is used up");
    let now = code(&secret, 0);
    let spaced = format!("{} {}", &now[..3], &now[3..]);
    assert_eq!(sign_in(&app, json!({"totp": spaced})).await["role"], "manager");
    try_to_sign_in(&app, json!({"totp": now})).await.problem(401, "unauthorized");

    sign_in(&app, json!({"totp": recovery[3]})).await;
    try_to_sign_in(&app, json!({"totp": recovery[3]})).await.problem(401, "unauthorized");
    let account = ask(&app, &first, Method::GET, ME, None).await.json();
    assert_eq!((&account["totp"], &account["recovery_codes"]), (&json!(true), &json!(9)));
}

#[actix_web::test]
async fn tries_of_codes_are_limited_and_a_recovery_code_works_even_then() {
    let app = open(SignInRules { secret_tries: 3, ..SignInRules::default() }).await;
    let first = sign_in(&app, json!({})).await;
    let (secret, recovery, _) = enrol(&app, &first).await;
    let wrong = if code(&secret, 0) == "000000" || code(&secret, 1) == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        try_to_sign_in(&app, json!({"password": "the wrong one", "totp": wrong})).await.problem(401, "unauthorized");
    }
    for _ in 0..3 {
        try_to_sign_in(&app, json!({"totp": wrong})).await.problem(401, "unauthorized");
    }
    try_to_sign_in(&app, json!({"totp": code(&secret, 0)})).await.problem(429, "rate_limited");
    sign_in(&app, json!({"totp": recovery[0]})).await;
}

#[actix_web::test]
async fn a_second_factor_is_removed_with_password_and_code_or_by_another_manager() {
    let app = open(SignInRules::default()).await;
    let (first, other) = (sign_in(&app, json!({})).await, sign_in(&app, json!({})).await);
    let (_, recovery, first) = enrol(&app, &first).await;
    let id = ask(&app, &first, Method::GET, ME, None).await.json()["id"].as_str().unwrap().to_owned();
    let reset = ladle(&format!("/people/{id}/totp"));
    let own = ask(&app, &first, Method::DELETE, &reset, None).await;
    assert!(own.problem(403, "forbidden").contains("with a code"), "a stolen session is not enough");
    let remove = |password: &str, code: &Value| Some(json!({"password": password, "code": code}));
    let path = format!("{ME}/totp/removal");
    ask(&app, &first, Method::POST, &path, remove("not it", &recovery[0])).await.problem(403, "forbidden");
    ask(&app, &first, Method::POST, &path, remove(PASSWORD, &json!("000000"))).await.problem(403, "forbidden");
    assert!(goes_on(&app, &other).await);
    let old = first;
    let first = ask(&app, &old, Method::POST, &path, remove(PASSWORD, &recovery[0])).await.json();
    let go_on = (goes_on(&app, &first).await, goes_on(&app, &other).await, goes_on(&app, &old).await);
    assert_eq!(go_on, (true, false, false));
    ask(&app, &first, Method::POST, &path, remove(PASSWORD, &recovery[1])).await.problem(404, "not_found");
    sign_in(&app, json!({})).await;

    let (_, _, first) = enrol(&app, &first).await;
    let people = app.get(&ladle("/people"), &insider(Role::Manager)).await.json()["people"].clone();
    let guarded: Vec<_> =
        people.as_array().unwrap().iter().filter(|one| one["totp"] == true).map(|one| &one["username"]).collect();
    assert_eq!(guarded, ["manager"]);
    app.delete(&reset, &outsider(Role::Manager, fixtures::NEXT_DOOR)).await.problem(403, "forbidden");
    assert_eq!(app.delete(&reset, &insider(Role::Manager)).await.status, 204);
    app.delete(&reset, &insider(Role::Manager)).await.problem(404, "not_found");
    assert!(!goes_on(&app, &first).await);
    sign_in(&app, json!({})).await;
}

#[actix_web::test]
async fn a_manager_without_a_required_second_factor_works_as_staff_until_it_is_set_up() {
    let mut app = open(SignInRules::default()).await;
    let before = sign_in(&app, json!({})).await;
    let rules = SignInRules { managers_need_totp: true, ..SignInRules::default() };
    app.state.sessions = app.state.sessions.map(|sessions| sessions.with_rules(rules));
    assert!(!is_renewed(&app, &before).await, "an older session cannot be renewed");
    let without = sign_in(&app, json!({})).await;
    assert_eq!((&without["role"], &without["totp_setup_required"]), (&json!("staff"), &json!(true)));
    ask(&app, &without, Method::GET, &ladle("/people"), None).await.problem(403, "forbidden");
    assert_eq!(ask(&app, &without, Method::GET, ME, None).await.json()["totp_setup_required"], true);
    let (secret, _, upgraded) = enrol(&app, &without).await;
    assert_eq!((&upgraded["role"], upgraded.get("totp_setup_required")), (&json!("manager"), None));
    assert_eq!(ask(&app, &upgraded, Method::GET, &ladle("/people"), None).await.status, 200);
    let with = sign_in(&app, json!({"totp": code(&secret, 0)})).await;
    assert_eq!((&with["role"], with.get("totp_setup_required")), (&json!("manager"), None));
    assert_eq!(ask(&app, &with, Method::GET, &ladle("/people"), None).await.status, 200);
    assert!(is_renewed(&app, &with).await);
    let waiter = sign_in(&app, json!({"username": "staff"})).await;
    assert_eq!((&waiter["role"], waiter.get("totp_setup_required")), (&json!("staff"), None));
}
