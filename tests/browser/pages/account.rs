//! The account sheet: another password, a second factor, the sessions of its owner; and the sign-in that asks for a code.

use crate::browser::Browser;
use crate::driver::Form;
use crate::house::{House, is_filled_in, sign_in};
use crate::support::client::text;
use orderbell::clock;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

const NEW: &str = "four words two spoons";
const COMPLAINT: &str = "return document.querySelector('dialog[open] .field__error')?.textContent || null";

/// The code that an authenticator app shows so many steps from now.
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
async fn a_person_keeps_their_account_by_hand() {
    let house = House::open(1, &[]).await;
    let floor = house.browser("the floor", Form::Wall).await;
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

    let secret = set_up_a_second_factor(&floor).await;
    see_and_end_other_sessions(&house, &floor, &secret).await;

    floor.tap("[data-do='close']").await;
    open_account(&floor, "ask-removal").await;
    floor.tap("[data-do='sign-out']").await;
    is_filled_in(&floor).await;
    floor.write("[name=username]", "staff").await;
    floor.write("[name=password]", NEW).await;
    floor.tap("#sign-in-form [type=submit]").await;
    floor.sees("#totp").await;
    floor.inspect("sign-in-code").await;
    floor.write("#totp", &code(&secret, 1)).await;
    floor.tap("#sign-in-form [type=submit]").await;
    floor.is("live").await;
}

async fn set_up_a_second_factor(page: &Browser) -> String {
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
    page.tap("dialog[open] .sheet__foot button").await;
    is_closed(page).await;
    secret
}

async fn see_and_end_other_sessions(house: &House, page: &Browser, secret: &str) {
    let form = json!({"restaurant": "demo", "username": "staff", "password": NEW, "totp": code(secret, 0)});
    let other = house.server.anybody().post("/api/v1/sessions", &form).await.expect(200);
    let other = crate::support::Client::new(&house.server.base, text(&other["access_token"]));
    open_account(page, "sessions").await;
    page.tap("[data-account='sessions']").await;
    let count = "return document.querySelectorAll('.account__session').length === arguments[0]";
    page.until("both sessions", count, vec![2.into()]).await;
    page.inspect("account-sessions").await;
    page.tap("[data-account='end-others']").await;
    page.until("this session alone", count, vec![Value::from(1)]).await;
    assert_eq!(other.get("/api/v1/people/me").await.status, 401);
}
