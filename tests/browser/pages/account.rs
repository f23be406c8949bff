//! The account sheet: changing the password, a second factor, the owner's sessions; and the sign-in that asks for a code.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, is_filled_in, sign_in};
use orderbell::clock;
use serde_json::{Value, json};
use support::client::{Client, text};
use totp_rs::{Builder, Secret};

const NEW: &str = "four words two spoons";
const COMPLAINT: &str = "return document.querySelector('dialog[open] .field__error')?.textContent || null";

/// Returns the code that an authenticator app shows, the given number of steps from now.
fn code(secret: &str, steps: i64) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(clock::now().seconds() + 30 * steps).unwrap()).to_string()
}

async fn send(page: &Browser) {
    page.tap("dialog[open] [type='submit']").await;
}

async fn clear(page: &Browser, name: &str) {
    page.ask("document.querySelector(`dialog[open] [name='${arguments[0]}']`).value = ''", vec![name.into()]).await;
}

async fn is_closed(page: &Browser) {
    page.until("the sheet closed", "return !document.querySelector('dialog[open]')", vec![]).await;
}

async fn open_account(page: &Browser, deed: &str) {
    page.tap("[data-do='account']").await;
    page.sees(&format!("[data-account='{deed}']")).await;
}

#[tokio::test]
async fn a_person_changes_the_password_sets_up_a_second_factor_and_ends_sessions() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let floor = restaurant.browser("the floor", Form::Wall).await;
    floor.goto("/staff").await;
    sign_in(&floor, "staff").await;
    open_account(&floor, "ask-password").await;
    floor.inspect("account").await;

    floor.tap("[data-account='ask-password']").await;
    floor.write("dialog[open] [name='current']", "staff-demo").await;
    floor.write("dialog[open] [name='new']", "12345678").await;
    send(&floor).await;
    let why = floor.until("why it is refused", COMPLAINT, vec![]).await;
    assert!(text(&why).contains("leaked"), "{why}");
    assert!(!text(&why).contains("12345678"), "{why}");
    floor.inspect("account-password-refused").await;
    clear(&floor, "new").await;
    floor.write("dialog[open] [name='new']", NEW).await;
    send(&floor).await;
    is_closed(&floor).await;

    let (secret, recovery) = set_up_a_second_factor(&floor).await;
    see_and_end_other_sessions(&restaurant, &floor, &secret).await;

    floor.tap("[data-do='close']").await;
    open_account(&floor, "ask-removal").await;
    floor.tap("[data-do='sign-out']").await;
    is_filled_in(&floor).await;
    floor.write("[name=username]", "staff").await;
    floor.write("[name=password]", NEW).await;
    floor.tap("#sign-in-form [type=submit]").await;
    floor.sees("#totp").await;
    floor.inspect("sign-in-code").await;
    floor.write("#totp", &recovery).await;
    floor.tap("#sign-in-form [type=submit]").await;
    floor.is("live").await;
}

/// Sets up a second factor. Returns its secret and a recovery code.
async fn set_up_a_second_factor(page: &Browser) -> (String, String) {
    open_account(page, "ask-totp").await;
    page.tap("[data-account='ask-totp']").await;
    page.write("dialog[open] [name='password']", NEW).await;
    send(page).await;
    let key = "return document.querySelector('.account__secret')?.textContent.replaceAll(' ', '')";
    let secret = page.until("the key", key, vec![]).await.as_str().unwrap().to_owned();
    page.until("the picture", "return document.querySelector('dialog img').naturalWidth > 0", vec![]).await;
    page.inspect("account-scan").await;
    page.write("dialog[open] [name='code']", "12345").await;
    send(page).await;
    page.until("the code refused", COMPLAINT, vec![]).await;
    clear(page, "code").await;
    page.write("dialog[open] [name='code']", &code(&secret, -1)).await;
    send(page).await;
    page.until("ten codes", "return document.querySelectorAll('.account__codes li').length === 10", vec![]).await;
    page.inspect("account-codes").await;
    let first = "return document.querySelector('.account__codes li').textContent";
    let recovery = text(&page.ask(first, vec![]).await).to_owned();
    page.tap("dialog[open] .sheet__foot button").await;
    is_closed(page).await;
    (secret, recovery)
}

async fn see_and_end_other_sessions(restaurant: &TestRestaurant, page: &Browser, secret: &str) {
    let form = json!({"restaurant": "demo", "username": "staff", "password": NEW, "totp": code(secret, 0)});
    let other = restaurant.server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let other = support::Client::new(&restaurant.server.base, text(&other["access_token"]));
    open_account(page, "sessions").await;
    page.tap("[data-account='sessions']").await;
    let count = "return document.querySelectorAll('.account__session').length === arguments[0]";
    page.until("both sessions", count, vec![2.into()]).await;
    page.inspect("account-sessions").await;
    page.tap("[data-account='end-others']").await;
    page.write("#confirm-password [name='password']", NEW).await;
    page.tap("#confirm-password [type='submit']").await;
    page.write("#confirm-password [name='totp']", &code(secret, 1)).await;
    page.inspect("account-end-others").await;
    page.tap("#confirm-password [type='submit']").await;
    page.until("this session alone", count, vec![Value::from(1)]).await;
    assert_eq!(other.get("/api/v1/people/me").await.status, 401);
}

/// Moves the manager's last password check twenty minutes back, as if the page had been open for that long.
async fn age_the_session(restaurant: &TestRestaurant, page: &Browser) {
    let script = "return Object.values(localStorage).map((kept) => { try { return JSON.parse(kept).access_token } catch { return null } }).find(Boolean)";
    let token = page.ask(script, vec![]).await;
    let manager = Client::new(&restaurant.server.base, text(&token));
    let sessions = manager.get("/api/v1/people/me/sessions").await.expect(200);
    let current = sessions["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
    restaurant.server.age_session(text(&current["id"]), 20).await;
}

#[tokio::test]
async fn a_manager_confirms_the_password_and_the_typed_change_is_kept() {
    const CONFIRM: &str = "#confirm-password";
    let restaurant = TestRestaurant::open(1, &[]).await;
    let page = restaurant.browser("the manager", Form::Wall).await;
    page.goto("/manage#people").await;
    sign_in(&page, "manager").await;
    page.sees("[data-do='ask-person']").await;
    age_the_session(&restaurant, &page).await;

    page.tap("[data-do='ask-person']").await;
    page.write("dialog[open] [name='username']", "mina").await;
    page.write("dialog[open] [name='password']", NEW).await;
    send(&page).await;
    page.sees(&format!("{CONFIRM} [name='password']")).await;
    page.inspect("manage-confirm-password").await;
    page.tap("[data-confirm='close']").await;
    let why = page.until("why nothing was changed", COMPLAINT, vec![]).await;
    assert!(text(&why).contains("not confirmed"), "{why}");

    send(&page).await;
    page.write(&format!("{CONFIRM} [name='password']"), "not the password").await;
    page.tap(&format!("{CONFIRM} [type='submit']")).await;
    let wrong = format!("return document.querySelector('{CONFIRM} .field__error').textContent || null");
    let why = page.until("that it is wrong", &wrong, vec![]).await;
    assert!(text(&why).contains("current password is wrong"), "{why}");
    page.ask(&format!("document.querySelector(`{CONFIRM} [name='password']`).value = ''"), vec![]).await;
    page.write(&format!("{CONFIRM} [name='password']"), "manager-demo").await;
    page.tap(&format!("{CONFIRM} [type='submit']")).await;
    is_closed(&page).await;
    let added = "return [...document.querySelectorAll('[data-person]')].some((entry) => entry.textContent.includes('mina'))";
    page.until("the new person in the list", added, vec![]).await;
    page.is("live").await;
}

/// Marks the tab, to notice a page that signs out: it reloads.
const REMEMBER: &str = "window.stayed = true";
const STAYED: &str = "return window.stayed === true && document.documentElement.dataset.connection === 'live'";

/// Returns the session of the browser's tokens.
async fn session_of(page: &Browser) -> Value {
    let script = "return JSON.parse(atob(JSON.parse(localStorage.getItem('orderbell.staff')).access_token.split('.')[1])).sid";
    page.ask(script, vec![]).await
}

#[tokio::test]
async fn a_manager_stays_signed_in_in_every_tab_through_a_confirmation_and_a_password_change() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let page = restaurant.browser("the manager", Form::Wall).await;
    page.goto("/staff").await;
    sign_in(&page, "manager").await;
    page.is("live").await;
    let floor = page.client.window().await.unwrap();
    let desk = page.client.new_window(true).await.unwrap().handle;
    page.client.switch_to_window(desk.clone()).await.unwrap();
    page.goto("/manage#keys").await;
    page.sees("[data-do='ask-key']").await;
    age_the_session(&restaurant, &page).await;
    let mut sessions = vec![session_of(&page).await];
    for tab in [&floor, &desk] {
        page.client.switch_to_window(tab.clone()).await.unwrap();
        page.ask(REMEMBER, vec![]).await;
    }

    page.tap("[data-do='ask-key']").await;
    page.write("dialog[open] [name='name']", "POS 7").await;
    send(&page).await;
    page.write("#confirm-password [name='password']", "manager-demo").await;
    page.tap("#confirm-password [type='submit']").await;
    page.sees("#secret").await;
    page.tap("[data-do='close']").await;
    sessions.push(session_of(&page).await);
    page.client.switch_to_window(floor.clone()).await.unwrap();
    page.until("the floor to stay signed in", STAYED, vec![]).await;

    page.tap("[data-do='account']").await;
    page.tap("[data-account='ask-password']").await;
    page.write("dialog[open] [name='current']", "manager-demo").await;
    page.write("dialog[open] [name='new']", NEW).await;
    send(&page).await;
    is_closed(&page).await;
    sessions.push(session_of(&page).await);
    page.until("the floor to stay signed in", STAYED, vec![]).await;
    page.client.switch_to_window(desk).await.unwrap();
    page.client.execute("location.hash = '#people'", vec![]).await.unwrap();
    page.sees("[data-person]").await;
    page.until("the manager's page to stay signed in", STAYED, vec![]).await;
    sessions.dedup();
    assert_eq!(sessions.len(), 3, "each password check began a session: {sessions:?}");
}
