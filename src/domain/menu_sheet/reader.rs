//! CSV read as an edit of the menu.

use super::cells::{read_flag, read_price, restored};
use super::writer::BYTE_ORDER_MARK;
use super::{COLUMNS, Fault, Kind, Missing};
use crate::domain::model::course::{Course, CourseNumber};
use crate::domain::model::dish_option::OptionGroup;
use crate::domain::model::draft::Moment;
use crate::domain::model::menu::{Category, Menu, MenuItem};
use crate::domain::model::menu_draft::{CategoryDraft, ItemDraft, MAX_CATEGORIES, MAX_ITEMS, MenuDraft, OptionDraft};
use crate::domain::values::ids::{CategoryId, MenuItemId, OptionGroupId, OptionId};
use crate::domain::values::money::Money;
use crate::domain::values::text::{Name, Sku};
use csv::StringRecord;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use uuid::Uuid;

/// The most faults that are listed.
const MOST_FAULTS: usize = 100;

/// Reads a file as an edit of `menu`. `new_id` makes the ids of new categories, dishes and options.
///
/// # Errors
/// The faults of the file, line by line, at most [`MOST_FAULTS`].
pub fn read(
    text: &str,
    menu: &Menu,
    missing: Missing,
    moment: Moment,
    new_id: &mut dyn FnMut() -> Uuid,
) -> Result<MenuDraft, Vec<Fault>> {
    // The parser miscounts lines that end with two characters.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).replace("\r\n", "\n");
    let text = text.as_str();
    let mut csv =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator(text)).from_reader(text.as_bytes());
    let mut reader = Reader::new(menu, new_id);
    let mut records = csv.records();
    match records.next() {
        Some(Ok(header)) => reader.read_header(&header),
        Some(Err(error)) => return Err(vec![damaged(&error)]),
        None => reader.fault(None, None, "the file is empty; its first line names the columns"),
    }
    for record in records {
        if reader.faults.len() >= MOST_FAULTS || reader.columns.is_empty() {
            break;
        }
        match record {
            Ok(record) => reader.read_row(&record),
            Err(error) => reader.faults.push(damaged(&error)),
        }
        if reader.has_too_many() {
            break;
        }
    }
    reader.finish(missing, moment)
}

/// Returns the most frequent separator of the first line.
fn separator(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default().as_bytes();
    let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
    b",;\t".iter().copied().rev().max_by_key(count).unwrap_or(b',')
}

fn damaged(error: &csv::Error) -> Fault {
    let line = error.position().map(csv::Position::line);
    Fault { line, column: None, message: "this line is not CSV: look for a quotation mark that is not closed".to_owned() }
}

/// The entries above the current row, to which the row belongs.
#[derive(Default)]
struct Place {
    category: Option<CategoryId>,
    dish: Option<MenuItemId>,
    group: Option<OptionGroupId>,
    option: Option<OptionId>,
    subgroup: Option<OptionGroupId>,
    /// The last sort key, for rows without one.
    sort: u32,
}

struct Reader<'a> {
    menu: &'a Menu,
    new_id: &'a mut dyn FnMut() -> Uuid,
    /// The index of each column of the file, by name.
    columns: BTreeMap<&'static str, usize>,
    faults: Vec<Fault>,
    categories: BTreeMap<CategoryId, CategoryDraft>,
    items: BTreeMap<MenuItemId, ItemDraft>,
    /// The line of each dish.
    lines: BTreeMap<MenuItemId, u64>,
    skus: BTreeSet<Sku>,
    at: Place,
}

/// A row with the number of its line.
struct Row<'r> {
    record: &'r StringRecord,
    line: u64,
}

impl<'a> Reader<'a> {
    fn new(menu: &'a Menu, new_id: &'a mut dyn FnMut() -> Uuid) -> Self {
        Self {
            menu,
            new_id,
            columns: BTreeMap::new(),
            faults: Vec::new(),
            categories: BTreeMap::new(),
            items: BTreeMap::new(),
            lines: BTreeMap::new(),
            skus: BTreeSet::new(),
            at: Place::default(),
        }
    }

    fn fault(&mut self, line: Option<u64>, column: Option<&str>, message: impl Display) {
        self.faults.push(Fault { line, column: column.map(str::to_owned), message: message.to_string() });
    }

    fn read_header(&mut self, header: &StringRecord) {
        for (place, cell) in header.iter().enumerate() {
            let name = cell.trim().to_ascii_lowercase();
            match COLUMNS.into_iter().find(|column| *column == name) {
                Some(column) if self.columns.insert(column, place).is_some() => {
                    self.fault(Some(1), Some(column), "two columns have this name");
                }
                Some(_) => {}
                None if name.is_empty() => {}
                None => self.fault(Some(1), Some(cell.trim()), format!("no such column; the columns are {}", COLUMNS.join(", "))),
            }
        }
        if !self.columns.contains_key("name") && self.faults.is_empty() {
            self.fault(Some(1), Some("name"), "the first line must name the columns, at least name");
        }
        if !self.faults.is_empty() {
            self.columns.clear();
        }
    }

    /// Whether the file has more than a menu can have, which is a fault. Rows are compared with all before, so each further one
    /// would take longer.
    fn has_too_many(&mut self) -> bool {
        let counts = [(self.categories.len(), MAX_CATEGORIES, "categories"), (self.items.len(), MAX_ITEMS, "items")];
        let Some((_, most, what)) = counts.into_iter().find(|(count, most, _)| count > most) else { return false };
        self.fault(None, None, format!("{what}: at most {most}"));
        true
    }

    /// Returns a cell; `None` if the file has no such column.
    fn cell<'r>(&self, row: &Row<'r>, column: &'static str) -> Option<&'r str> {
        let place = self.columns.get(column)?;
        Some(restored(row.record.get(*place).unwrap_or_default().trim()).trim())
    }

    /// Reads a cell; `None` if it is empty, absent or wrong.
    fn value<T: FromStr<Err: Display>>(&mut self, row: &Row<'_>, column: &'static str) -> Option<T> {
        let text = self.cell(row, column).filter(|text| !text.is_empty())?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.fault(Some(row.line), Some(column), wrong);
                None
            }
        }
    }

    /// Reads a cell of an optional column. An absent column keeps the value; an empty cell removes it.
    fn removable<T: FromStr<Err: Display>>(&mut self, row: &Row<'_>, column: &'static str) -> Option<Option<T>> {
        self.cell(row, column)?;
        Some(self.value(row, column))
    }

    fn name(&mut self, row: &Row<'_>) -> Option<Name> {
        if self.cell(row, "name").is_none_or(str::is_empty) {
            self.fault(Some(row.line), Some("name"), "must not be empty");
            return None;
        }
        self.value(row, "name")
    }

    fn price(&mut self, row: &Row<'_>) -> Option<Money> {
        let text = self.cell(row, "price").filter(|text| !text.is_empty())?;
        let price = read_price(text, self.menu.currency);
        if price.is_none() {
            let example = super::cells::price_text(Money { amount: 1250, currency: self.menu.currency });
            let wrong =
                format!("must be an amount in {} such as {example}, without spaces and thousands separators", self.menu.currency);
            self.fault(Some(row.line), Some("price"), wrong);
        }
        price
    }

    fn sort(&mut self, row: &Row<'_>, before: Option<u32>) -> u32 {
        let sort = self.value(row, "sort").or(before).unwrap_or_else(|| self.at.sort.saturating_add(1));
        self.at.sort = sort;
        sort
    }

    fn id<T: FromStr<Err: Display>>(&mut self, row: &Row<'_>) -> Option<T> {
        self.value(row, "id")
    }

    fn read_row(&mut self, record: &StringRecord) {
        let row = Row { record, line: record.position().map_or(0, csv::Position::line) };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        let word = self.cell(&row, "type").unwrap_or_default();
        match Kind::named(word) {
            Some(Kind::Category) => self.read_category(&row),
            Some(Kind::Dish) => self.read_dish(&row),
            Some(Kind::Group) => self.read_group(&row, false),
            Some(Kind::Subgroup) => self.read_group(&row, true),
            Some(Kind::Option) => self.read_option(&row, false),
            Some(Kind::Suboption) => self.read_option(&row, true),
            None => {
                let words: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                self.fault(Some(row.line), Some("type"), format!("must be one of {}", words.join(", ")));
            }
        }
    }

    fn read_category(&mut self, row: &Row<'_>) {
        self.at = Place { sort: self.categories.values().map(|category| category.sort).max().unwrap_or(0), ..Place::default() };
        let Some(name) = self.name(row) else { return };
        let named: Option<CategoryId> = self.id(row);
        let id = named.filter(|id| self.menu.categories.contains_key(id)).or_else(|| self.known_category(&name)).or(named);
        let id = id.unwrap_or_else(|| CategoryId::from_uuid((self.new_id)()));
        let before = self.menu.categories.get(&id);
        let sort = self.sort(row, before.map(|category| category.sort));
        let course = self.course(row, &name, before);
        if self.categories.insert(id, CategoryDraft { course, ..CategoryDraft::new(name, sort) }).is_some() {
            self.fault(Some(row.line), None, "this category is in the file already");
        }
        self.at = Place { category: Some(id), ..Place::default() };
    }

    fn known_category(&self, name: &Name) -> Option<CategoryId> {
        let is_free = |id: &CategoryId| !self.categories.contains_key(id);
        self.menu.categories.iter().find(|(id, category)| category.name == *name && is_free(id)).map(|(id, _)| *id)
    }

    fn course(&mut self, row: &Row<'_>, name: &Name, before: Option<&Category>) -> Option<Option<Course>> {
        let text = self.cell(row, "course")?;
        if text.is_empty() {
            return Some(None);
        }
        let Some(number) = text.parse().ok().and_then(CourseNumber::new) else {
            self.fault(Some(row.line), Some("course"), "must be a number from 1 to 9");
            return None;
        };
        let before = before.and_then(|category| category.course.as_ref()).filter(|course| course.number == number);
        let called = self.value(row, "course_name").or_else(|| before.map(|course| course.name.clone()));
        Some(Some(Course { number, name: called.unwrap_or_else(|| name.clone()) }))
    }

    /// Returns the category of a dish: the one that it names, or the one above it.
    fn category_of(&mut self, row: &Row<'_>) -> Option<CategoryId> {
        let Some(name) = self.value::<Name>(row, "category") else {
            if self.at.category.is_none() {
                self.fault(Some(row.line), Some("category"), "the dish has no category: name it here, or in a row above");
            }
            return self.at.category;
        };
        let is_named = |id: &CategoryId| self.categories.get(id).is_some_and(|category| category.name == name);
        let read = self.at.category.filter(is_named).or_else(|| self.categories.keys().copied().find(is_named));
        if read.is_some() {
            return read;
        }
        let id = self.known_category(&name).unwrap_or_else(|| CategoryId::from_uuid((self.new_id)()));
        let last = self.menu.categories.values().chain(None).map(|category| category.sort).max().unwrap_or(0);
        let sort = self.menu.categories.get(&id).map_or_else(|| last.saturating_add(1), |category| category.sort);
        self.categories.insert(id, CategoryDraft::new(name, sort));
        Some(id)
    }

    /// Finds the dish of a row by its id, its number, or its name within the category.
    fn known_dish(&self, id: Option<MenuItemId>, sku: Option<&Sku>, name: &Name, category: CategoryId) -> Option<MenuItemId> {
        let items = &self.menu.items;
        let by_id = id.filter(|id| items.contains_key(id));
        let by_sku = || sku.and_then(|sku| items.values().find(|item| item.sku.as_ref() == Some(sku)));
        let is_free = |item: &MenuItem| !self.items.contains_key(&item.id);
        let by_name = || items.values().find(|item| item.name == *name && item.category == category && is_free(item));
        by_id.or_else(|| by_sku().or_else(by_name).map(|item| item.id))
    }

    fn read_dish(&mut self, row: &Row<'_>) {
        (self.at.dish, self.at.group, self.at.option, self.at.subgroup) = (None, None, None, None);
        let (name, category) = (self.name(row), self.category_of(row));
        let (Some(name), Some(category)) = (name, category) else { return };
        if self.at.category != Some(category) {
            self.at = Place { category: Some(category), ..Place::default() };
        }
        let (named, sku) = (self.id(row), self.removable::<Sku>(row, "sku"));
        let id = self.known_dish(named, sku.as_ref().and_then(Option::as_ref), &name, category);
        let id = id.or(named).unwrap_or_else(|| MenuItemId::from_uuid((self.new_id)()));
        let before = self.menu.items.get(&id);
        if let Some(sku) = sku.clone().flatten()
            && !self.skus.insert(sku)
        {
            self.fault(Some(row.line), Some("sku"), "another dish of the file has this number");
        }
        if let Some(line) = self.lines.insert(id, row.line) {
            self.fault(Some(row.line), None, format!("this dish is in the file already, in line {line}"));
        }
        let price = self.price(row).or_else(|| before.map(|item| item.price));
        let station = self.value(row, "station").or_else(|| before.map(|item| item.station.clone()));
        let before_kept = before.map(ItemDraft::of);
        let (description, photo) = (self.removable(row, "description"), self.removable(row, "photo"));
        let sort = self.sort(row, before.map(|item| item.sort));
        for (column, is_missing) in [("price", price.is_none()), ("station", station.is_none())] {
            if is_missing && self.cell(row, column).is_none_or(str::is_empty) {
                self.fault(Some(row.line), Some(column), "a new dish needs one");
            }
        }
        let (Some(price), Some(station)) = (price, station) else { return };
        let has_rows = self.columns.contains_key("type");
        let kept = before_kept.as_ref();
        let (options, groups) = if has_rows {
            (BTreeMap::new(), Some(BTreeMap::new()))
        } else {
            kept.map_or_else(|| (BTreeMap::new(), None), |item| (item.options.clone(), item.groups.clone()))
        };
        let description = description.unwrap_or_else(|| kept.and_then(|item| item.description.clone()));
        let photo = photo.unwrap_or_else(|| kept.and_then(|item| item.photo.clone()));
        let draft =
            ItemDraft { description, photo, sku, options, groups, ..ItemDraft::new(name, category, price, station, sort) };
        self.items.insert(id, draft);
        self.at.dish = Some(id);
    }

    /// Returns the dish that a row of options belongs to, and its state on the menu.
    fn dish_above(&mut self, row: &Row<'_>) -> Option<(MenuItemId, Option<&'a MenuItem>)> {
        let Some(id) = self.at.dish else {
            // If the dish is invalid, it already has a fault of its own.
            if self.faults.is_empty() {
                self.fault(Some(row.line), Some("type"), "there is no dish above it");
            }
            return None;
        };
        Some((id, self.menu.items.get(&id)))
    }

    fn read_group(&mut self, row: &Row<'_>, is_nested: bool) {
        let under = self.at.option.filter(|_| is_nested);
        if is_nested && under.is_none() && self.at.dish.is_some() {
            self.fault(Some(row.line), Some("type"), "a subgroup must follow its option");
            return;
        }
        let (Some((dish, before)), Some(name)) = (self.dish_above(row), self.name(row)) else { return };
        let named: Option<OptionGroupId> = self.id(row);
        let is_free = |id: &OptionGroupId| {
            !self.items.get(&dish).is_some_and(|item| item.groups.iter().any(|groups| groups.contains_key(id)))
        };
        let known = before.and_then(|item| {
            item.groups.iter().find(|(id, group)| group.name == name && group.under == under && is_free(id)).map(|(id, _)| *id)
        });
        let id = named.or(known).unwrap_or_else(|| OptionGroupId::from_uuid((self.new_id)()));
        let old = before.and_then(|item| item.groups.get(&id));
        let min = self.value(row, "min").or_else(|| old.map(|group| group.min)).unwrap_or(0);
        let max = self.value(row, "max").or_else(|| old.map(|group| group.max)).unwrap_or_else(|| min.max(1));
        let sort = self.sort(row, old.map(|group| group.sort));
        let group = OptionGroup { name, sort, min, max, under };
        let twice = self.items.get_mut(&dish).and_then(|item| item.groups.get_or_insert_default().insert(id, group));
        if twice.is_some() {
            self.fault(Some(row.line), Some("id"), "this dish has another group with this id");
        }
        if is_nested {
            self.at.subgroup = Some(id);
        } else {
            (self.at.group, self.at.option, self.at.subgroup) = (Some(id), None, None);
        }
    }

    fn read_option(&mut self, row: &Row<'_>, is_nested: bool) {
        if is_nested && self.at.subgroup.is_none() && self.at.dish.is_some() {
            self.fault(Some(row.line), Some("type"), "a suboption must follow its subgroup");
            return;
        }
        let group = if is_nested { self.at.subgroup } else { self.at.group };
        let (Some((dish, before)), Some(name)) = (self.dish_above(row), self.name(row)) else { return };
        let named: Option<OptionId> = self.id(row);
        let is_free = |id: &OptionId| !self.items.get(&dish).is_some_and(|item| item.options.contains_key(id));
        let known = before.and_then(|item| {
            item.options
                .iter()
                .find(|(id, option)| option.name == name && option.group == group && is_free(id))
                .map(|(id, _)| *id)
        });
        let id = named.or(known).unwrap_or_else(|| OptionId::from_uuid((self.new_id)()));
        let old = before.and_then(|item| item.options.get(&id));
        let free = Money::zero(self.menu.currency);
        let price = self.price(row).or_else(|| old.map(|option| option.price)).unwrap_or(free);
        let sort = self.sort(row, old.map(|option| option.sort));
        let flag = self.cell(row, "default").map(read_flag);
        if flag == Some(None) {
            self.fault(Some(row.line), Some("default"), "must be yes, no or empty");
        }
        let default = flag.flatten().or_else(|| old.map(|option| option.default));
        let option = OptionDraft { name, price, group, sort: Some(sort), default, available: None, until: None };
        if self.items.get_mut(&dish).and_then(|item| item.options.insert(id, option)).is_some() {
            self.fault(Some(row.line), Some("id"), "this dish has another option with this id");
        }
        if !is_nested {
            (self.at.option, self.at.subgroup) = (Some(id), None);
        }
    }

    /// Checks each dish as a whole, and adds what the file does not have.
    fn finish(mut self, missing: Missing, moment: Moment) -> Result<MenuDraft, Vec<Fault>> {
        if self.faults.is_empty() && self.items.is_empty() && self.categories.is_empty() {
            self.fault(None, None, "the file has no dishes");
        }
        if self.faults.is_empty() {
            self.check_dishes(moment);
        }
        if !self.faults.is_empty() {
            self.faults.truncate(MOST_FAULTS);
            return Err(self.faults);
        }
        let mut draft = MenuDraft { categories: self.categories, items: self.items };
        if missing == Missing::Keep {
            draft.keep_others(self.menu);
        }
        Ok(draft)
    }

    fn check_dishes(&mut self, moment: Moment) {
        for (id, line) in &self.lines {
            let Some(item) = self.items.get(id) else { continue };
            let categories = BTreeMap::from([(item.category, CategoryDraft::new(item.name.clone(), 0))]);
            let alone = MenuDraft { categories, items: BTreeMap::from([(*id, item.clone())]) };
            let mut menu = Menu::new(self.menu.restaurant, self.menu.currency);
            if let Err(refusal) = alone.replace_in(&mut menu, moment) {
                let message = refusal.message.strip_prefix("items: ").unwrap_or(&refusal.message).to_owned();
                self.faults.push(Fault { line: Some(*line), column: None, message });
            }
        }
    }
}
