//! Groups of options on the pages: a guest chooses, the kitchen reads, a manager edits. And a menu of three hundred dishes.

use crate::browser::Browser;
use crate::driver::Form;
use crate::restaurant::{TestRestaurant, sign_in};
use fantoccini::key::Key;
use serde_json::{Map, Value, json};
use support::client::text;
use support::new_id;

const MENU: &str = "/api/v1/restaurants/demo/menu";
/// The dishes of a long menu, and the sections that list them.
const DISHES: usize = 300;
const SECTIONS: usize = 20;
const ONE_DISH: &str =
    "return [...document.querySelectorAll('[data-menu-item]')].filter((dish) => dish.checkVisibility()).length === 1";

/// Gives the Beef rezala of the demo a required side, and its fries a required sauce. Returns the dish's id.
async fn ask_for_a_side(restaurant: &TestRestaurant) -> String {
    let [side, sauce, rice, fries, mayonnaise] = [(); 5].map(|()| new_id());
    let manager = restaurant.server.client(&["manager"]).await;
    let menu = manager.get(MENU).await.expect(200);
    let mut items = menu["items"].clone();
    let dish = text(&restaurant.menu.dish("Beef rezala")["id"]).to_owned();
    let option = |name: &str, group: &str, amount: i64| json!({"name": name, "group": group, "price": {"amount": amount, "currency": "BDT"}});
    items[&dish]["options"] = json!({&rice: option("rice", &side, 0), &fries: option("fries", &side, 5000), &mayonnaise: option("mayonnaise", &sauce, 1000)});
    items[&dish]["groups"] = json!({
        &side: {"name": "Side", "sort": 1, "min": 1, "max": 1},
        &sauce: {"name": "Sauce", "sort": 1, "min": 1, "max": 1, "under": &fries},
    });
    manager.put(MENU, &json!({"categories": menu["categories"], "items": items})).await.expect(200);
    dish
}

impl Browser {
    /// Taps the option of this name in the open sheet.
    async fn choose(&self, name: &str) {
        let find = "return [...document.querySelectorAll('dialog[open] [data-option]')].find((chip) => chip.firstChild.data === arguments[0])?.dataset.option";
        let id = self.until(name, find, vec![name.into()]).await;
        self.tap(&format!("dialog[open] [data-option='{}']", text(&id))).await;
    }

    /// Waits until the button of the open sheet shows a price.
    async fn asks(&self, price: &str) {
        let script = "return document.querySelector('[data-do=\"add-choice\"]')?.textContent.includes(arguments[0])";
        self.until(price, script, vec![price.into()]).await;
    }
}

#[tokio::test]
async fn a_guest_is_asked_for_each_required_choice() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let dish = ask_for_a_side(&restaurant).await;
    let phone = restaurant.phone(4).await;
    let before = phone.taps();
    phone.tap(&format!("[data-menu-item='{dish}'] [data-action='add']")).await;
    phone.asks("450").await;
    phone.tap("[data-do='add-choice']").await;
    let told = "return document.querySelector('.choice__why')?.textContent.includes('Side') && Boolean(document.activeElement.closest('[data-missing]'))";
    phone.until("the page to name the missing choice and focus it", told, vec![]).await;
    phone.choose("fries").await;
    phone.asks("500").await;
    phone.inspect("table-choices").await;
    phone.choose("mayonnaise").await;
    phone.asks("510").await;
    phone.tap("[data-do='add-choice']").await;
    phone.until("the sheet closed", "return !document.querySelector('dialog[open]')", vec![]).await;
    assert_eq!(phone.taps() - before, 5, "a touch for each choice");
    let bar = phone.until("the total on the bar", "return document.querySelector('#basket-button').textContent", vec![]).await;
    assert!(text(&bar).contains("510"), "{bar}");

    phone.tap("[data-action='basket']").await;
    phone.tap("dialog[open] [data-do='line-choose']").await;
    phone.choose("rice").await;
    phone
        .until("a change in the basket", "return document.querySelector('.basket__total').textContent.includes('450')", vec![])
        .await;
    phone.choose("fries").await;
    let missing = "return document.querySelector('[data-action=place]').disabled && document.querySelector('#basket-why').textContent.includes('Beef rezala')";
    phone.until("a sauce to be asked for", missing, vec![]).await;
    phone.choose("mayonnaise").await;
    phone.tap("[data-action='place']").await;
    let order = phone.only_order().await;
    let document = restaurant.order(&order).await;
    let line = document["items"].as_object().unwrap().values().next().unwrap();
    assert_eq!((&line["options"], line["choices"].as_array().unwrap().len()), (&json!(["fries", "mayonnaise"]), 2));

    let kitchen = restaurant.kitchen("the kitchen", None).await;
    restaurant.staff.act(&json!(order), "accept").await;
    let shown = "return [...document.querySelectorAll('.item__option')].map((option) => option.textContent).join() === 'Side: fries,Sauce: mayonnaise'";
    kitchen.until("the options with their groups", shown, vec![]).await;
    phone.has_no_complaint().await;
}

#[tokio::test]
async fn a_manager_edits_groups_by_keyboard() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    let page = restaurant.browser("the manager", Form::Wall).await;
    page.goto("/manage#menu").await;
    sign_in(&page, "manager").await;
    let dish = text(&restaurant.menu.dish("Firni")["id"]).to_owned();
    let focus = |selector: &str| format!("document.querySelector(\"{selector}\").focus()");
    page.sees(&format!("[data-menu-item='{dish}'] [data-do='ask-item']")).await;
    page.ask(&focus(&format!("[data-menu-item='{dish}'] [data-do='ask-item']")), vec![]).await;
    page.strike(Key::Enter).await;
    page.sees("[data-do='add-group']").await;
    page.ask(&focus("[data-do='add-group']"), vec![]).await;
    page.strike(Key::Enter).await;
    // The focus is in the new group; tabs lead through it.
    page.until("the focus in the new group", "return document.activeElement.name === 'group-name'", vec![]).await;
    page.type_in("Sweetness").await;
    for (tabs, words) in [(6, "less"), (5, "plenty")] {
        for _ in 0..tabs {
            page.strike(Key::Tab).await;
        }
        page.until("the focus on an option", "return document.activeElement.name === 'option-name'", vec![]).await;
        page.type_in(words).await;
    }
    page.inspect("manage-choices").await;
    page.ask(&focus("dialog[open] [type='submit']"), vec![]).await;
    page.strike(Key::Enter).await;
    page.sees("[data-do='save']").await;
    page.ask(&focus("[data-do='save']"), vec![]).await;
    page.strike(Key::Enter).await;
    page.until("to be saved", "return !document.querySelector('[data-do=save]')", vec![]).await;
    let menu = restaurant.staff.get(MENU).await.expect(200);
    let firni = &menu["items"][&dish];
    let (id, group) = firni["groups"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(group, &json!({"name": "Sweetness", "sort": 1, "min": 1, "max": 1}));
    let options = firni["options"].as_object().unwrap().values().filter(|option| option["group"] == json!(id));
    let mut names: Vec<_> = options.map(|option| (option["sort"].as_u64().unwrap(), text(&option["name"]))).collect();
    names.sort_unstable();
    assert_eq!(names, [(1, "less"), (2, "plenty")]);
    page.has_no_complaint().await;
}

fn long_menu() -> Value {
    let price = json!({"amount": 12000, "currency": "BDT"});
    let sections: Vec<_> = (0..SECTIONS).map(|at| (new_id(), json!({"name": format!("Section {at}"), "sort": at}))).collect();
    let items = (0..DISHES).map(|at| {
        let about =
            "Slow-braised in yoghurt and white spices, with potatoes, prunes, saffron and a lid of dough, for two who are hungry";
        let photo = (at % 2 == 0).then_some("/icons/icon-192.png");
        let mut item = json!({"name": format!("Dish {at}"), "description": about, "category": sections[at * SECTIONS / DISHES].0,
            "price": price, "station": "hot", "sort": at, "options": {}});
        if let Some(photo) = photo {
            item["photo"] = photo.into();
        }
        (new_id(), item)
    });
    let items: Map<_, _> = items.collect();
    json!({"categories": sections.into_iter().collect::<Map<_, _>>(), "items": items})
}

#[tokio::test]
async fn three_hundred_dishes_are_found_on_a_phone() {
    let restaurant = TestRestaurant::open(1, &[]).await;
    restaurant.server.client(&["manager"]).await.put(MENU, &long_menu()).await.expect(200);
    let phone = restaurant.phone(5).await;
    phone.until("all dishes", "return document.querySelectorAll('[data-menu-item]').length === 300", vec![]).await;

    // The row of sections marks the section being read, and keeps the mark in sight.
    phone
        .ask("[...document.querySelectorAll('.dish')][185].scrollIntoView({ block: 'center', behavior: 'instant' })", vec![])
        .await;
    let marked = "const chip = document.querySelector('#categories [aria-current=\"true\"]');
        const { left, right } = chip?.getBoundingClientRect() ?? { left: -1, right: 0 };
        return document.querySelectorAll('#categories [aria-current]').length === 1 && chip.textContent === 'Section 12' && left >= 0 && right <= innerWidth";
    phone.until("the section that is read", marked, vec![]).await;
    let sticks = "const bar = document.querySelector('#categories').getBoundingClientRect();
        const names = [...document.querySelectorAll('.category__name')].map((name) => [name.textContent, name.getBoundingClientRect().top]);
        const [, top] = names.find(([name]) => name === 'Section 12');
        return Math.abs(top - bar.bottom) < 2";
    phone.until("its heading below the row", sticks, vec![]).await;
    phone.inspect("table-long-menu").await;

    // The photo opens the dish, as the rest of its row does.
    let open = "const photo = document.querySelectorAll('.dish__photo')[90]; photo.scrollIntoView({ block: 'center', behavior: 'instant' });
        const { left, top, width, height } = photo.getBoundingClientRect();
        document.elementFromPoint(left + width / 2, top + height / 2).click();
        return document.querySelector('#choice-title').textContent";
    assert_eq!(phone.ask(open, vec![]).await, "Dish 180");
    phone.asks("120").await;
    phone.tap("dialog[open] [data-do='close']").await;

    phone.tap("#categories [data-key='search']").await;
    phone.until("the focus in the search", "return document.activeElement.id === 'menu-search'", vec![]).await;
    phone.type_in("dish 299").await;
    phone.until("one dish", ONE_DISH, vec![]).await;
    phone.tap("[data-menu-item]:not([data-kept-out]) [data-action='add']").await;
    phone
        .until("the total on the bar", "return document.querySelector('#basket-button').textContent.includes('120')", vec![])
        .await;
    phone.write("#menu-search", "x").await;
    phone.until("nothing", "return document.querySelector('.menu__none')?.textContent.includes('dish 299x')", vec![]).await;
    phone.until("nothing to stick out", "return document.documentElement.scrollWidth <= innerWidth", vec![]).await;
    phone.has_no_complaint().await;
}

#[tokio::test]
async fn the_staff_mark_an_option_as_sold_out_and_guests_see_it() {
    let restaurant = TestRestaurant::open(2, &[]).await;
    let dish = ask_for_a_side(&restaurant).await;
    let phone = restaurant.phone(6).await;
    phone.tap(&format!("[data-menu-item='{dish}'] [data-do='options']")).await;
    phone.choose("rice").await;
    let floor = restaurant.floor().await;
    floor.goto("/staff#menu").await;
    floor.tap("[data-tab='menu']").await;
    floor.tap(&format!("[data-menu-item='{dish}'] [data-do='ask-options']")).await;
    floor.inspect("floor-options").await;
    floor.tap("dialog[open] [data-option]:nth-child(1) [data-do='ask-sold-out']").await;
    floor.tap("dialog[open] [data-do='sold-out'][data-minutes='60']").await;
    let gone = "const chips = [...document.querySelectorAll('dialog[open] [data-option]:disabled')];
        return chips.length > 0 && chips.map((chip) => chip.firstChild.data).join()";
    let gone = phone.until("a sold-out option", gone, vec![]).await;
    let said = "return document.querySelector(arguments[0])?.textContent.includes('sold out: ')";
    floor.until("the dish to say it", said, vec![format!("[data-menu-item='{dish}']").into()]).await;
    let menu = restaurant.staff.get(MENU).await.expect(200);
    let options = menu["items"][&dish]["options"].as_object().unwrap();
    let marked: Vec<_> =
        options.values().filter(|option| option["available"] == false).map(|option| option["name"].clone()).collect();
    assert_eq!((marked, menu["items"][&dish]["available"].clone()), (vec![gone], json!(true)));
    phone.has_no_complaint().await;
    floor.has_no_complaint().await;
}
