//! Pages of a manager's lists. A page is far larger than a usual restaurant's lists, so a client
//! that requests only the first page has the whole list.

use crate::http::paging;
use serde::Deserialize;

/// The entries on a page.
const PAGE: u32 = 500;
/// The limit of a query, by which [`cut`] knows whether there is a next page.
pub(super) const LIMIT: u32 = PAGE + 1;

/// The query of a list with pages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery<C> {
    /// The `next` of the previous page.
    pub after: Option<C>,
}

/// Cuts the entries to a page. Returns the cursor of the next page, if there is one.
pub(super) fn cut<T, C>(entries: &mut Vec<T>, cursor: impl Fn(&T) -> C) -> Option<C> {
    paging::cut(entries, PAGE, cursor)
}
