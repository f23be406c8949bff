//! Courses on the pages: held dishes on one ticket, fired by the expo and by serving, and what the guest reads.

use crate::restaurant::TestRestaurant;
use serde_json::json;
use support::client::text;

/// Makes the categories of two dishes courses.
pub async fn with_courses(restaurant: &TestRestaurant, courses: [(&str, u16, &str); 2]) {
    let manager = restaurant.server.client(&["manager"]).await;
    let menu = manager.get("/api/v1/restaurants/demo/menu").await.expect(200);
    let mut draft = json!({"categories": menu["categories"], "items": menu["items"]});
    for item in draft["items"].as_object_mut().unwrap().values_mut() {
        for name in ["available", "until"] {
            item.as_object_mut().unwrap().remove(name);
        }
    }
    for (dish, number, name) in courses {
        let category = text(&restaurant.menu.dish(dish)["category"]);
        draft["categories"][category]["course"] = json!({"number": number, "name": name});
    }
    manager.put("/api/v1/restaurants/demo/menu", &draft).await.expect(200);
}

const COURSES: &str = "return document.querySelector('.order__courses')?.textContent === arguments[0]";

#[tokio::test]
async fn one_ticket_shows_all_courses_and_serving_one_fires_the_next() {
    let restaurant = TestRestaurant::open(4, &[]).await;
    with_courses(&restaurant, [("Beef rezala", 1, "Mains"), ("Firni", 2, "Sweets")]).await;
    let (phone, expo, cold, floor) = tokio::join!(
        restaurant.phone(7),
        restaurant.kitchen("the expo", None),
        restaurant.kitchen("the cold line", Some("cold")),
        restaurant.floor()
    );
    floor.tap("[data-do='ask-pause']").await;
    floor.tap("[data-firing='after_served']").await;
    rule_in_force(&restaurant).await;

    phone.add(restaurant.menu.dish("Beef rezala")).await;
    phone.add(restaurant.menu.dish("Firni")).await;
    phone.place().await;
    let order = phone.only_order().await;
    floor.act(&order, "accept").await;
    expo.sees(&format!("[data-order='{order}'] .item[data-held]")).await;
    expo.inspect("kitchen-held").await;
    expo.act(&order, "ready").await;
    phone.until("the courses", COURSES, vec!["Mains: ready · Sweets: later".into()]).await;
    phone.inspect("table-courses").await;
    floor.inspect("staff-courses").await;
    floor.tap(&format!("[data-order='{order}'] [data-action='serve'][data-course='1']")).await;
    phone.until("the next course", COURSES, vec!["Mains: served · Sweets: waiting".into()]).await;
    cold.shows(&order, "preparing").await;
    cold.until("the flag", "return /Fire: Sweets/.test(document.querySelector('.ticket__flags')?.textContent)", vec![]).await;
    cold.inspect("kitchen-fired").await;
    cold.act(&order, "ready").await;
    phone.shows(&order, "ready").await;
    let firni = restaurant.item(&order, "Firni").await;
    restaurant.staff.command(&json!(order), "serve_item", json!({"item": firni})).await.expect(200);
    phone.shows(&order, "served").await;
    for screen in [&phone, &expo, &cold, &floor] {
        screen.has_no_complaint().await;
    }
}

/// Waits until the restaurant's rule is in force.
async fn rule_in_force(restaurant: &TestRestaurant) {
    let rule = || async {
        let menu = restaurant.staff.get("/api/v1/restaurants/demo/menu").await.expect(200);
        (menu["firing"] == "after_served").then_some(())
    };
    support::eventually("the rule", support::PATIENCE, rule).await;
}

/// The ticket and the floor's card say when the next course fires, until somebody fires it.
#[tokio::test]
async fn a_course_that_fires_later_says_when_on_every_screen_of_the_staff() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    with_courses(&restaurant, [("Beef rezala", 1, "Mains"), ("Firni", 2, "Sweets")]).await;
    let (expo, floor) = tokio::join!(restaurant.kitchen("the expo", None), restaurant.floor());
    floor.tap("[data-do='ask-pause']").await;
    floor.tap("[data-firing='after_served']").await;
    rule_in_force(&restaurant).await;
    floor.tap("[data-do='ask-pause']").await;
    floor.sees("[data-firing='after_served'][data-minutes='10']").await;
    floor.inspect("staff-later-courses").await;
    floor.tap("[data-firing='after_served'][data-minutes='10']").await;
    let minutes = || async {
        let menu = restaurant.staff.get("/api/v1/restaurants/demo/menu").await.expect(200);
        (menu["firing_minutes"] == 10).then_some(())
    };
    support::eventually("the minutes", support::PATIENCE, minutes).await;

    let lines = json!([restaurant.menu.line("Beef rezala", 1), restaurant.menu.line("Firni", 1)]);
    let order = restaurant.staff.place(&json!({"service": "dine_in", "table": "7", "items": lines})).await["id"].clone();
    for (action, fields) in [("accept", json!({})), ("ready", json!({})), ("serve", json!({"course": 1}))] {
        restaurant.staff.command(&order, action, fields).await.expect(200);
    }
    let card = format!("[data-order='{}']", text(&order));
    let says = "return /fires at \\d/.test(document.querySelector(arguments[0])?.innerText)";
    for screen in [&expo, &floor] {
        screen.until("when the sweets fire", says, vec![card.as_str().into()]).await;
    }
    expo.inspect("kitchen-fires-later").await;
    floor.inspect("staff-fires-later").await;
    floor.tap(&format!("{card} [data-action='fire']")).await;
    let is_gone = "return !/fires at/.test(document.querySelector(arguments[0])?.innerText ?? 'fires at')";
    for screen in [&expo, &floor] {
        screen.until("the sweets fired", is_gone, vec![card.as_str().into()]).await;
        screen.has_no_complaint().await;
    }
}
