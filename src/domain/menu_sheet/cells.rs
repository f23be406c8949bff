//! Cells: prices as people write them, and texts that a spreadsheet must not take for a formula.

use crate::domain::model::menu_draft::MAX_PRICE;
use crate::domain::values::money::{Currency, Money};

/// The characters that begin a formula in a spreadsheet, also in their wide forms, and the apostrophe that marks a text.
const STARTERS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\'', '＝', '＋', '－', '＠'];

/// Returns a text that no spreadsheet treats as a formula: it gets an apostrophe in front if needed.
#[must_use]
pub fn defused(text: &str) -> String {
    if text.starts_with(STARTERS) { format!("'{text}") } else { text.to_owned() }
}

/// Reverses [`defused`]. An apostrophe before any other character belongs to the text.
#[must_use]
pub fn restored(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| rest.starts_with(STARTERS)).unwrap_or(cell)
}

/// Returns an amount in the currency's units: `450.00`.
#[must_use]
pub fn price_text(price: Money) -> String {
    let decimals = price.currency.decimals() as usize;
    let sign = if price.amount < 0 { "-" } else { "" };
    let digits = format!("{:0width$}", price.amount.unsigned_abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// Reads an amount in the currency's units, with a point or a comma before its decimals: `450`, `4.5`, `4,50`.
#[must_use]
pub fn read_price(text: &str, currency: Currency) -> Option<Money> {
    let decimals = currency.decimals() as usize;
    let text = text.strip_prefix('+').unwrap_or(text);
    let (whole, rest) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 10 || !is_number(whole) || !is_number(rest) || rest.len() > decimals {
        return None;
    }
    let amount = format!("{whole}{rest:0<decimals$}").parse().ok()?;
    (0..=MAX_PRICE).contains(&amount).then_some(Money { amount, currency })
}

/// Reads yes or no; an empty cell is no.
#[must_use]
pub fn read_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "x" => Some(true),
        "" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: i64, currency: &str) -> Money {
        Money { amount, currency: currency.parse().unwrap() }
    }

    #[test]
    fn a_price_is_written_in_units_and_read_with_a_point_or_a_comma() {
        for (price, text) in [
            (money(45_000, "BDT"), "450.00"),
            (money(5, "EUR"), "0.05"),
            (money(0, "EUR"), "0.00"),
            (money(1200, "JPY"), "1200"),
            (money(1200, "KWD"), "1.200"),
        ] {
            assert_eq!(price_text(price), text);
            assert_eq!(read_price(text, price.currency), Some(price));
        }
        let euro = "EUR".parse().unwrap();
        assert_eq!(read_price("4,5", euro), Some(money(450, "EUR")));
        assert_eq!(read_price("+4", euro), Some(money(400, "EUR")));
        for wrong in ["", ".", "-1", "1.234", "1,234.50", "1e3", "EUR 4", "4 ", "99999999999", "100000000.00", "٤"] {
            assert_eq!(read_price(wrong, euro), None, "{wrong}");
        }
        assert_eq!(read_price("1.5", "JPY".parse().unwrap()), None);
    }

    #[test]
    fn a_text_that_would_begin_a_formula_is_marked_and_restored() {
        for text in ["=1+1", "+4", "-4", "@SUM(A1)", "'", "'quoted", "'=x", "''", "＝1", "plain", "", "ünï"] {
            let cell = defused(text);
            assert_eq!(restored(&cell), text);
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']), "{cell}");
        }
        assert_eq!(restored("'til late"), "'til late", "typed by a person");
    }
}
