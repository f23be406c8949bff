//! The rules for the groups and options of a dish, and their sequence on the menu.

use super::dish_option::{MAX_CHOSEN, MAX_GROUPS, MAX_OPTIONS, MAX_UNGROUPED, OptionGroup};
use super::menu::MenuItem;
use crate::domain::values::ids::OptionGroupId;
use std::collections::BTreeMap;

impl MenuItem {
    /// Returns the groups in the order of the menu: a nested group follows the group of its option, and `None`, for the options
    /// without a group, comes last.
    #[must_use]
    pub fn ordered_groups(&self) -> Vec<Option<OptionGroupId>> {
        let mut sorted: Vec<_> = self.groups.iter().map(|(id, group)| (group.sort, *id, self.parent(group))).collect();
        sorted.sort_unstable();
        let within = |parent| sorted.iter().filter(move |(.., of)| *of == parent).map(|(_, id, _)| Some(*id));
        let tops = within(Parent::Dish).flat_map(|top| std::iter::once(top).chain(within(Parent::Group(top))));
        tops.chain([None]).chain(within(Parent::Group(None))).collect()
    }

    fn parent(&self, group: &OptionGroup) -> Parent {
        group.under.map_or(Parent::Dish, |option| Parent::Group(self.options.get(&option).and_then(|option| option.group)))
    }

    /// Checks that its groups and options agree, and that a guest can satisfy the groups.
    ///
    /// # Errors
    /// A sentence for the manager, which names the group.
    pub(crate) fn check_options(&self) -> Result<(), String> {
        at_most(self.options.len(), MAX_OPTIONS, "options")?;
        at_most(self.groups.len(), MAX_GROUPS, "groups")?;
        let mut counts: BTreeMap<Option<OptionGroupId>, (usize, usize)> = BTreeMap::new();
        for option in self.options.values() {
            if option.group.is_some_and(|group| !self.groups.contains_key(&group)) {
                return Err(format!("the group of the option {} is not one of the groups", option.name));
            }
            let (all, preset) = counts.entry(option.group).or_default();
            *all += 1;
            *preset += usize::from(option.default);
        }
        at_most(counts.get(&None).map_or(0, |(all, _)| *all), MAX_UNGROUPED, "options outside of groups")?;
        let needed: usize = self.groups.values().map(|group| usize::from(group.min)).sum();
        if needed > MAX_CHOSEN {
            return Err(format!("its groups ask for {needed} options together, at most {MAX_CHOSEN} can be chosen"));
        }
        self.groups.iter().try_for_each(|(id, group)| {
            let (all, preset) = counts.get(&Some(*id)).copied().unwrap_or_default();
            self.check_group(group, all, preset).map_err(|wrong| format!("group {}: {wrong}", group.name))
        })
    }

    /// Checks one group, which has `all` options, of which `preset` are chosen by default.
    fn check_group(&self, group: &OptionGroup, all: usize, preset: usize) -> Result<(), String> {
        let (min, max) = (usize::from(group.min), usize::from(group.max));
        if max == 0 || max > MAX_CHOSEN || min > max {
            return Err(format!("max must be 1 to {MAX_CHOSEN}, and min at most max"));
        }
        if all == 0 || all < min {
            return Err(format!("it has {all} options, at least {} are needed", min.max(1)));
        }
        if preset > max {
            return Err(format!("{preset} options are chosen by default, at most {max} may be"));
        }
        let Some(under) = group.under else { return Ok(()) };
        let option = self.options.get(&under).ok_or("the option that it is under is not one of the options")?;
        let outer = option.group.and_then(|outer| self.groups.get(&outer));
        if outer.is_some_and(|outer| outer.under.is_some()) {
            return Err(format!("it is under {}, which is itself in a nested group", option.name));
        }
        Ok(())
    }
}

/// The parent of a group: the dish, or an option of a group or of no group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Parent {
    Dish,
    Group(Option<OptionGroupId>),
}

fn at_most(count: usize, most: usize, what: &str) -> Result<(), String> {
    if count <= most { Ok(()) } else { Err(format!("{what}: at most {most}")) }
}
