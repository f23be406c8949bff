//! Helpers of several commands.

use crate::domain::values::text::Slug;
use crate::store::SharedStore;
use crate::store::accounts::Restaurant;
use anyhow::Context;
use std::io::{self, Write};
use std::time::Duration;

pub(crate) fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Whether a command ended since nobody reads its output any longer.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let kind = kind.or_else(|| cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind));
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}

/// Parses a span like 90s, 30m, 12h or 7d.
pub(crate) fn parse_span(text: &str) -> Result<Duration, String> {
    let invalid = || format!("{text:?} is not a span like 30m, 12h or 7d");
    let unit_at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(invalid)?;
    let (number, unit) = text.split_at(unit_at);
    let number: u64 = number.parse().map_err(|_| invalid())?;
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(60 * 60),
        "d" => Some(24 * 60 * 60),
        _ => None,
    };
    let span = seconds.and_then(|seconds: u64| number.checked_mul(seconds)).filter(|span| *span > 0);
    span.map(Duration::from_secs).ok_or_else(invalid)
}

pub(crate) async fn restaurant(store: &SharedStore, slug: &Slug) -> anyhow::Result<Restaurant> {
    let found = store.restaurant_by_slug(slug).await?;
    found.with_context(|| format!("there is no restaurant {slug}; add it with: orderbell restaurant add --slug {slug} …"))
}
