//! Pages of lists. A handler reads one entry more than fits on a page, which shows whether there is
//! a next one.

/// Cuts the entries to a page of `most`. Returns the cursor of the next page, if there is one.
pub fn cut<T, C>(entries: &mut Vec<T>, most: u32, cursor: impl Fn(&T) -> C) -> Option<C> {
    let has_more = entries.len() > most as usize;
    entries.truncate(most as usize);
    entries.last().filter(|_| has_more).map(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_entry_beyond_the_page_makes_a_next_page() {
        for (read, kept, next) in [(0, 0, None), (1, 1, None), (2, 2, None), (3, 2, Some(1))] {
            let mut entries: Vec<_> = (0..read).collect();
            assert_eq!(cut(&mut entries, 2, |entry| *entry), next, "{read}");
            assert_eq!(entries.len(), kept, "{read}");
        }
    }
}
