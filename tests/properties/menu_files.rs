//! The menu as a spreadsheet: a written menu is read back unchanged, and errors name their line and column.

use crate::support::{at, bdt, menu, restaurant};
use orderbell::domain::menu_sheet::preview::between;
use orderbell::domain::menu_sheet::{Fault, Missing, reader, writer};
use orderbell::domain::model::course::{Course, CourseNumber};
use orderbell::domain::model::dish_option::{DishOption, OptionGroup};
use orderbell::domain::model::draft::Moment;
use orderbell::domain::model::menu::{Category, Menu, MenuItem};
use orderbell::domain::values::ids::{CategoryId, MenuItemId, OptionGroupId, OptionId};
use orderbell::domain::values::position::Position;
use proptest::prelude::*;
use std::collections::BTreeMap;
use uuid::Uuid;

const MOMENT: fn() -> Moment = || Moment { now: at(1_000), head: Position::ZERO };

/// Reads a file, and gives new entries ids that count up.
fn read(text: &str, menu: &Menu, missing: Missing) -> Result<Menu, Vec<Fault>> {
    let mut next = 0xABC0_0000_u128;
    let mut new_id = || {
        next += 1;
        Uuid::from_u128(next)
    };
    let draft = reader::read(text, menu, missing, MOMENT(), &mut new_id)?;
    Ok(draft.applied_to(menu, MOMENT()).unwrap())
}

fn faults(text: &str) -> Vec<(Option<u64>, Option<String>, String)> {
    let found = read(text, &small_menu(), Missing::Keep).unwrap_err();
    found.into_iter().map(|fault| (fault.line, fault.column, fault.message)).collect()
}

/// The menu of other tests without its option with a negative price, which no edit can make.
fn small_menu() -> Menu {
    let mut menu = menu();
    for option in menu.items.values_mut().flat_map(|item| item.options.values_mut()) {
        option.price.amount = option.price.amount.max(0);
    }
    menu
}

/// Texts that a spreadsheet, a separator or a quotation mark could damage.
fn any_text() -> impl Strategy<Value = String> {
    let odd = prop_oneof![
        Just("=1+1".to_owned()),
        Just("'".to_owned()),
        Just("'=x".to_owned()),
        Just("-4".to_owned()),
        Just("@a".to_owned()),
        Just("a;b,c".to_owned()),
        Just("say \"hi\"".to_owned()),
        Just("＝ü".to_owned()),
        Just("ভাত".to_owned()),
    ];
    prop_oneof![odd, "[a-zA-Z ,;\"'=+@-]{1,12}".prop_map(|text| format!("x{text}y"))]
}

type AnyOption = (String, i64, u32, bool);

fn any_options(most: usize) -> impl Strategy<Value = Vec<AnyOption>> {
    prop::collection::vec((any_text(), 0..5_000_i64, 0..3_u32, any::<bool>()), 1..=most)
}

/// A dish: its name, description, price, place, options and groups.
type AnyItem = (String, Option<String>, i64, u32, Vec<AnyOption>, Vec<(String, Vec<AnyOption>, bool)>);

/// A dish with options outside groups, and groups of which some are nested under an option.
fn any_item() -> impl Strategy<Value = AnyItem> {
    let groups = prop::collection::vec((any_text(), any_options(3), any::<bool>()), 0..3);
    (
        any_text(),
        prop::option::of(any_text()),
        0..1_000_000_i64,
        0..5_u32,
        prop::collection::vec((any_text(), 0..9_i64, 0..2_u32, Just(false)), 0..3),
        groups,
    )
}

prop_compose! {
    fn any_menu()(
        categories in prop::collection::vec((any_text(), 0..4_u32, prop::option::of(1..=9_u16)), 1..5),
        items in prop::collection::vec((any_item(), any::<prop::sample::Index>(), any::<bool>()), 0..8),
    ) -> Menu {
        let mut ids = 0_u128;
        let mut id = || { ids += 1; Uuid::from_u128(ids * 0x1_0001) };
        let mut menu = Menu::new(restaurant(), "BDT".parse().unwrap());
        for (name, sort, course) in categories {
            let course = course.map(|number| Course { number: CourseNumber::new(number).unwrap(), name: name.parse().unwrap() });
            menu.categories.insert(CategoryId::from_uuid(id()), Category { course, ..Category::new(name.parse().unwrap(), sort) });
        }
        for ((name, description, price, sort, loose, groups), place, has_sku) in items {
            let category = *menu.categories.keys().nth(place.index(menu.categories.len())).unwrap();
            let item_id = MenuItemId::from_uuid(id());
            let mut options = BTreeMap::new();
            let mut add = |id: Uuid, (name, price, sort, default): AnyOption, group| {
                let option = DishOption { group, sort, default, ..DishOption::new(name.parse().unwrap(), bdt(price)) };
                options.insert(OptionId::from_uuid(id), option);
                OptionId::from_uuid(id)
            };
            let mut last = loose.into_iter().map(|option| add(id(), option, None)).last();
            let mut all = BTreeMap::new();
            for (sort, (name, members, is_nested)) in groups.into_iter().enumerate() {
                let under = last.filter(|_| is_nested);
                let group = OptionGroupId::from_uuid(id());
                let max = u8::try_from(members.len()).unwrap();
                all.insert(group, OptionGroup { name: name.parse().unwrap(), sort: sort as u32 % 2, min: 1, max, under });
                for option in members {
                    let option = add(id(), option, Some(group));
                    last = if under.is_none() { Some(option) } else { last };
                }
            }
            let sku = has_sku.then(|| format!("=S{}", item_id.uuid().as_u128()).parse().unwrap());
            menu.items.insert(item_id, MenuItem {
                id: item_id, name: name.parse().unwrap(), description: description.map(|text| text.parse().unwrap()), category, price: bdt(price),
                station: "hot".parse().unwrap(), sort, available: sort % 2 == 0, until: None, photo: None, picture: None, sku, options, groups: all,
            });
        }
        menu
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn importing_an_exported_menu_changes_nothing(menu in any_menu()) {
        let text = writer::write(&menu);
        for missing in [Missing::Keep, Missing::Remove] {
            let read = read(&text, &menu, missing);
            prop_assert!(read.as_ref() == Ok(&menu), "{read:#?}\n{text}");
        }
    }

    #[test]
    fn another_separator_and_line_end_make_no_difference(menu in any_menu(), by_tab in any::<bool>()) {
        let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(writer::write(&menu).trim_start_matches('\u{feff}').as_bytes().to_vec().as_slice()).records().map(Result::unwrap).collect::<Vec<_>>();
        let mut writer = csv::WriterBuilder::new().delimiter(if by_tab { b'\t' } else { b';' }).from_writer(Vec::new());
        rows.drain(..).for_each(|row| writer.write_record(&row).unwrap());
        let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        prop_assert_eq!(read(&text, &menu, Missing::Remove), Ok(menu));
    }

    #[test]
    fn no_cell_of_an_export_is_read_as_a_formula(menu in any_menu()) {
        let text = writer::write(&menu);
        for row in csv::ReaderBuilder::new().has_headers(false).from_reader(text.trim_start_matches('\u{feff}').as_bytes()).records() {
            prop_assert!(row.unwrap().iter().all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])));
        }
    }

    #[test]
    fn any_file_is_read_or_refused_without_a_panic(text in "(type|name|price|category|dish|group|option|subgroup|[,;\"\n' 0-9a=.-]){0,60}") {
        let _ = read(&text, &small_menu(), Missing::Remove);
    }
}

#[test]
fn a_plain_list_adds_dishes_and_keeps_the_rest_of_the_menu() {
    let before = small_menu();
    let text = "name;category;price;station\r\nRice;Sides;1,50;hot\r\ndish 1;Mains;9;\r\nBeer;Drinks;4;bar\r\n";
    let after = read(text, &before, Missing::Keep).unwrap();
    let (categories, items) = between(&before, &after);
    let names = |list: &[orderbell::domain::menu_sheet::preview::Difference]| {
        list.iter().map(|one| (one.name.to_string(), one.fields.join(" "))).collect::<Vec<_>>()
    };
    assert_eq!(names(&categories.added), [("Sides".to_owned(), String::new()), ("Drinks".to_owned(), String::new())]);
    assert_eq!(names(&items.added), [("Rice".to_owned(), String::new()), ("Beer".to_owned(), String::new())]);
    assert_eq!(names(&items.changed), [("dish 1".to_owned(), "price".to_owned())]);
    assert_eq!((items.removed.len(), items.unchanged), (0, before.items.len() - 1));
    let kept = after.items.values().find(|item| item.name.as_str() == "dish 1").unwrap();
    assert_eq!((kept.price, kept.options.len()), (bdt(900), 2), "absent columns change nothing");

    let after = read(text, &before, Missing::Remove).unwrap();
    let (categories, items) = between(&before, &after);
    assert_eq!((items.removed.len(), categories.removed.len(), after.items.len()), (before.items.len() - 1, 0, 3));
}

#[test]
fn a_dish_is_found_by_its_id_its_number_or_its_name() {
    let mut before = small_menu();
    let ids: Vec<_> = before.items.keys().copied().collect();
    before.items.get_mut(&ids[0]).unwrap().sku = Some("A1".parse().unwrap());
    let text = format!("id,sku,name,category,price\n,A1,By number,Mains,1\n{},,By id,Mains,2\n,,dish 2,Mains,3\n", ids[1]);
    let after = read(&text, &before, Missing::Keep).unwrap();
    let found: Vec<_> = ids[..3].iter().map(|id| (after.items[id].name.to_string(), after.items[id].price.amount)).collect();
    assert_eq!(found, [("By number".to_owned(), 100), ("By id".to_owned(), 200), ("dish 2".to_owned(), 300)]);
    assert_eq!(after.items.len(), before.items.len());
}

#[test]
fn errors_name_their_line_and_column() {
    let text = "type,name,category,price,station,sku,min\n\
        dish,Rice,Sides,free,hot,A,\n\
        dish,,Sides,1,hot,,\n\
        dish,New,Sides,1,Hot Line,,\n\
        soup,Tea,Sides,1,bar,,\n\
        dish,Beer,Sides,1,bar,A,\n\
        dish,Wine,Sides,,bar,,\n";
    let places: Vec<_> = faults(text).into_iter().map(|(line, column, _)| (line.unwrap(), column.unwrap())).collect();
    let expected = [(2, "price"), (3, "name"), (4, "station"), (5, "type"), (6, "sku"), (7, "price")];
    assert_eq!(places, expected.map(|(line, column)| (line, column.to_owned())));
    assert_eq!(faults(&text.replace('\n', "\r\n")), faults(text), "however lines end");
    let of = |text: &str| faults(text).remove(0);
    assert_eq!(of("").0, None);
    assert_eq!(of("name,nome\nx,y\n").1.as_deref(), Some("nome"));
    assert_eq!(of("name,name\n").1.as_deref(), Some("name"));
    assert_eq!(of("price\n1\n").1.as_deref(), Some("name"));
    assert_eq!(of("type,name\noption,large\n").2, "there is no dish above it");
    let group = of("type,name,category,price,station,min,max\ndish,Rice,Mains,1,hot,,\ngroup,Side,,,,2,2\noption,Dal,,,,,\n");
    assert!(group.0 == Some(2) && group.2.contains("group Side"), "{group:?}");
    let many: String = (0..500).map(|_| "x,-\n").collect();
    assert_eq!(faults(&format!("name,price\n{many}")).len(), 100);
}

/// Each row is compared with all rows before, so a file with more than a menu can have is not read to its end.
#[test]
fn a_file_with_too_many_rows_is_not_read_to_its_end() {
    let of_categories: String = (0..3000).map(|n| format!("dish,x,c{n},1,hot\n")).collect();
    let empty_categories: String = (0..3000).map(|n| format!("category,c{n},,,\n")).collect();
    let of_dishes: String = (0..4000).map(|n| format!("dish,d{n},c,1,hot\n")).collect();
    for (rows, most, what) in
        [(of_categories, 100, "categories"), (empty_categories, 100, "categories"), (of_dishes, 2000, "items")]
    {
        let mut made = 0_u32;
        let mut new_id = || {
            made += 1;
            Uuid::from_u128(made.into())
        };
        let file = format!("type,name,category,price,station\n{rows}");
        let faults = reader::read(&file, &small_menu(), Missing::Keep, MOMENT(), &mut new_id).unwrap_err();
        assert_eq!(faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>(), [format!("{what}: at most {most}")]);
        assert!(made <= 2 * most + 2, "{made} rows read of {what}");
    }
}
