//! Pages of what a manager lists: far larger than a restaurant's lists are, so a client that asks for one page has all of it.

use serde::Deserialize;

/// Entries of a page.
const PAGE: u32 = 500;
/// The limit to read with: one more than fits says whether there is a next page.
pub(super) const LIMIT: u32 = PAGE + 1;

/// The query of a list whose pages follow a cursor. Other fields are ignored, as before these lists had pages.
#[derive(Debug, Deserialize)]
pub struct PageQuery<C> {
    /// The `next` of the page before.
    pub after: Option<C>,
}

/// Cuts what was read to a page; returns the cursor of the next one, if there is one.
pub(super) fn cut<T, C>(entries: &mut Vec<T>, cursor: impl Fn(&T) -> C) -> Option<C> {
    let has_more = entries.len() > PAGE as usize;
    entries.truncate(PAGE as usize);
    entries.last().filter(|_| has_more).map(cursor)
}
