//! The rule for the options of a line: which of a dish's options it names, and whether its groups allow them.

use crate::domain::model::dish_option::DishOption;
use crate::domain::model::menu::MenuItem;
use crate::domain::model::refusal::{Refusal, invalid};
use crate::domain::values::ids::{OptionGroupId, OptionId};
use crate::domain::values::text::Name;
use std::collections::BTreeMap;

/// An option that a line chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen<'a> {
    /// Its id on the menu.
    pub id: OptionId,
    /// Its entry on the menu.
    pub option: &'a DishOption,
}

/// Finds the chosen options of a dish, each by id or by name, and checks them against its groups. Returns them in the order of
/// the menu's groups; those of no group come last, as the line names them.
///
/// # Errors
/// `invalid`, with the dish and the option or group: for an option that the dish does not have, that is chosen twice, or that
/// is sold out; for a group with too few or too many chosen options; for a nested group without its option.
pub fn choose<'a>(dish: &'a MenuItem, wanted: &[Name]) -> Result<Vec<Chosen<'a>>, Refusal> {
    let order = dish.ordered_groups();
    let rank = |group: Option<OptionGroupId>| order.iter().position(|each| *each == group).unwrap_or(order.len());
    let sort = |option: &DishOption| (rank(option.group), option.sort);
    let mut chosen: Vec<Chosen<'a>> = Vec::with_capacity(wanted.len());
    for name in wanted {
        chosen.push(find(dish, name, &chosen, sort)?);
    }
    check_groups(dish, &chosen)?;
    chosen.sort_by_key(|chosen| sort(chosen.option));
    Ok(chosen)
}

/// Finds an option by its id, or else the first of this name that is not chosen yet.
fn find<'a, Sort: Ord>(
    dish: &'a MenuItem,
    name: &Name,
    chosen: &[Chosen<'a>],
    sort: impl Fn(&DishOption) -> Sort,
) -> Result<Chosen<'a>, Refusal> {
    let is_chosen = |id: OptionId| chosen.iter().any(|chosen| chosen.id == id);
    let by_id = name.as_str().parse().ok().and_then(|id| dish.options.get_key_value(&id));
    let named = || dish.options.iter().filter(|(_, option)| option.name == *name);
    let by_name = || named().filter(|(id, _)| !is_chosen(**id)).min_by_key(|(_, option)| sort(option));
    let found = by_id.or_else(by_name).or_else(|| named().next());
    let (id, option) = found.ok_or_else(|| invalid(format!("{} has no option {name}", dish.name)))?;
    if is_chosen(*id) {
        return Err(invalid(format!("option {} is chosen twice", option.name)));
    }
    if !option.available {
        return Err(invalid(format!("{}: {} is sold out; choose something else", dish.name, option.name)));
    }
    Ok(Chosen { id: *id, option })
}

fn check_groups(dish: &MenuItem, chosen: &[Chosen<'_>]) -> Result<(), Refusal> {
    let mut counts: BTreeMap<OptionGroupId, usize> = BTreeMap::new();
    for group in chosen.iter().filter_map(|chosen| chosen.option.group) {
        *counts.entry(group).or_default() += 1;
    }
    for (id, group) in &dish.groups {
        let count = counts.get(id).copied().unwrap_or(0);
        let (min, max) = (usize::from(group.min), usize::from(group.max));
        let is_asked = group.under.is_none_or(|under| chosen.iter().any(|chosen| chosen.id == under));
        if !is_asked && count > 0 {
            return Err(invalid(format!("{}: {} belongs to an option that is not chosen", dish.name, group.name)));
        }
        if is_asked && count < min {
            return Err(invalid(format!("{}: {}: choose at least {min}", dish.name, group.name)));
        }
        if count > max {
            return Err(invalid(format!("{}: {}: choose at most {max}", dish.name, group.name)));
        }
    }
    Ok(())
}
