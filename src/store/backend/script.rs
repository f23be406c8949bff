//! Statements that run one after another, each on many rows at once.
//!
//! A statement is written for one row, as `… VALUES ($1, $2) …`, with each parameter once and in
//! order, and repeats its tuple for more. The
//! number of rows is a power of two, so that few texts are prepared: reads repeat their last row, and
//! writes split. SQLite gets a script of single rows as one text, since each call of the driver costs
//! two switches of threads.

use super::{Arguments, Connection, Database, IS_SQLITE, Row};
use crate::store::Result;
use crate::store::error::broken;
use futures_util::TryStreamExt as _;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Either, Executor as _, FromRow, SqlSafeStr as _, SqlStr, query};
use std::borrow::Cow;
use std::fmt::Write as _;
use uuid::Uuid;

/// A parameter.
#[derive(Debug, Clone)]
pub enum Value {
    Id(Option<Uuid>),
    Text(Option<String>),
    Number(Option<i64>),
    Small(i16),
    Flag(bool),
    Bytes(Vec<u8>),
}

/// Makes parameters of values and of optional ones.
macro_rules! values {
    ($($kind:ident: $from:ty;)*) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$kind(Some(value))
            }
        }
        impl From<Option<$from>> for Value {
            fn from(value: Option<$from>) -> Self {
                Self::$kind(value)
            }
        })*
    };
}

values! {
    Id: Uuid;
    Text: String;
    Number: i64;
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// A statement with its rows.
struct Step {
    text: &'static str,
    rows: usize,
    values: Vec<Value>,
    /// Whether it must change as many rows as it has.
    changes_all: bool,
}

/// What a statement gave.
#[derive(Default)]
pub struct Outcome {
    rows: Vec<Row>,
    changed: u64,
}

impl Outcome {
    pub fn read<R: for<'r> FromRow<'r, Row>>(&self) -> Result<Vec<R>> {
        self.rows.iter().map(|row| Ok(R::from_row(row)?)).collect()
    }
}

/// Statements to run in order.
#[derive(Default)]
pub struct Script(Vec<Step>);

impl Script {
    /// Adds a read. Without rows it is not run, and gives nothing.
    pub fn read<const N: usize>(&mut self, text: &'static str, mut rows: Vec<[Value; N]>) {
        if let Some(last) = rows.last().cloned() {
            rows.resize(rows.len().next_power_of_two(), last);
        }
        self.step(text, rows, false);
    }

    /// Adds a write that must change one row for each of its own.
    pub fn write<const N: usize>(&mut self, text: &'static str, rows: Vec<[Value; N]>) {
        self.split(text, rows, true);
    }

    /// Adds a write that may find fewer rows to change.
    pub fn write_found<const N: usize>(&mut self, text: &'static str, rows: Vec<[Value; N]>) {
        self.split(text, rows, false);
    }

    fn split<const N: usize>(&mut self, text: &'static str, mut rows: Vec<[Value; N]>, changes_all: bool) {
        while !rows.is_empty() {
            let rest = rows.split_off(1 << rows.len().ilog2());
            self.step(text, rows, changes_all);
            rows = rest;
        }
    }

    fn step<const N: usize>(&mut self, text: &'static str, rows: Vec<[Value; N]>, changes_all: bool) {
        self.0.push(Step { text, rows: rows.len(), values: rows.into_iter().flatten().collect(), changes_all });
    }

    /// Runs the statements. Returns an outcome for each.
    ///
    /// # Errors
    /// `Internal` if a write finds fewer rows than it must change.
    pub async fn run(self, connection: &mut Connection) -> Result<Vec<Outcome>> {
        let expected: Vec<_> = self.0.iter().map(|step| step.changes_all.then_some(step.rows as u64)).collect();
        let outcomes = self.execute(connection).await?;
        let is_missing = |(outcome, expected): (&Outcome, &Option<u64>)| expected.is_some_and(|rows| outcome.changed != rows);
        if outcomes.iter().zip(&expected).any(is_missing) {
            return Err(broken("a row of a decision is not there"));
        }
        Ok(outcomes)
    }

    async fn execute(self, connection: &mut Connection) -> Result<Vec<Outcome>> {
        if IS_SQLITE && self.0.len() > 1 && self.0.iter().all(|step| step.rows <= 1) {
            return self.run_as_one(connection).await;
        }
        let mut outcomes = Vec::with_capacity(self.0.len());
        for step in self.0 {
            outcomes.push(match step.rows {
                0 => Outcome::default(),
                rows => {
                    let text = repeated(step.text, rows);
                    fetch(connection, text, step.values).await?.pop().unwrap_or_default()
                }
            });
        }
        Ok(outcomes)
    }

    /// Runs single-row statements as one text, whose parameters count on from one to the next.
    async fn run_as_one(self, connection: &mut Connection) -> Result<Vec<Outcome>> {
        let is_run: Vec<_> = self.0.iter().map(|step| step.rows > 0).collect();
        let (mut text, mut values) = (String::new(), Vec::new());
        for mut step in self.0.into_iter().filter(|step| step.rows > 0) {
            shift(&mut text, step.text, values.len());
            text.push(';');
            values.append(&mut step.values);
        }
        let mut outcomes = fetch(connection, Cow::Owned(text), values).await?.into_iter();
        Ok(is_run.into_iter().map(|is_run| is_run.then(|| outcomes.next()).flatten().unwrap_or_default()).collect())
    }
}

async fn fetch(connection: &mut Connection, text: Cow<'static, str>, values: Vec<Value>) -> Result<Vec<Outcome>> {
    let text: SqlStr = match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        // Made of statements of this program alone.
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    };
    let query = values.into_iter().fold(query::<Database>(text), bind);
    let mut results = connection.fetch_many(query);
    let (mut outcomes, mut current) = (Vec::new(), Outcome::default());
    while let Some(result) = results.try_next().await? {
        match result {
            Either::Right(row) => current.rows.push(row),
            Either::Left(done) => {
                current.changed = done.rows_affected();
                outcomes.push(std::mem::take(&mut current));
            }
        }
    }
    Ok(outcomes)
}

fn bind(query: Query<'static, Database, Arguments>, value: Value) -> Query<'static, Database, Arguments> {
    match value {
        Value::Id(id) => query.bind(id),
        Value::Text(text) => query.bind(text),
        Value::Number(number) => query.bind(number),
        Value::Small(number) => query.bind(number),
        Value::Flag(flag) => query.bind(flag),
        Value::Bytes(bytes) => query.bind(bytes),
    }
}

/// Repeats the tuple after `VALUES` for a number of rows.
fn repeated(text: &'static str, rows: usize) -> Cow<'static, str> {
    let Some((head, tuple, tail)) = split(text).filter(|_| rows > 1) else { return Cow::Borrowed(text) };
    let width = parameters(tuple);
    let mut whole = String::with_capacity(text.len() + rows * (tuple.len() + width * 2));
    whole.push_str(head);
    for row in 0..rows {
        if row > 0 {
            whole.push(',');
        }
        if IS_SQLITE {
            anonymous(&mut whole, tuple);
        } else {
            shift(&mut whole, tuple, row * width);
        }
    }
    whole.push_str(tail);
    Cow::Owned(whole)
}

/// Appends a tuple with parameters that have no names, since SQLite looks a name up in a list of all.
fn anonymous(whole: &mut String, tuple: &str) {
    let mut parts = tuple.split('$');
    whole.push_str(parts.next().unwrap_or_default());
    for part in parts {
        whole.push('?');
        whole.push_str(number(part).1);
    }
}

/// Splits a statement into what stands before, in and after the tuple of its `VALUES`.
fn split(text: &'static str) -> Option<(&'static str, &'static str, &'static str)> {
    let start = text.find("VALUES (")? + "VALUES ".len();
    let mut depth = 0;
    let end = text[start..].find(|letter| {
        depth += match letter {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        depth == 0
    })?;
    let (head, rest) = text.split_at(start);
    let (tuple, tail) = rest.split_at(end + 1);
    Some((head, tuple, tail))
}

/// Returns the highest parameter of a text.
fn parameters(text: &str) -> usize {
    text.split('$').skip(1).filter_map(|part| number(part).0).max().unwrap_or(0)
}

/// Splits off the number that a text begins with.
fn number(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

/// Appends a text with its parameters counted up by an offset.
fn shift(whole: &mut String, text: &str, offset: usize) {
    let mut parts = text.split('$');
    whole.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (parameter, rest) = number(part);
        let _ = write!(whole, "${}{rest}", parameter.unwrap_or(0) + offset); // a String takes all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str = "INSERT INTO t (a, b) VALUES ($1, coalesce((SELECT x FROM y WHERE z = $2), $3)) ON CONFLICT DO NOTHING";

    #[test]
    fn a_tuple_repeats_with_parameters_of_its_own() {
        assert_eq!(repeated("SELECT 1", 4), "SELECT 1");
        assert_eq!(repeated(NESTED, 1), NESTED);
        let twice = if IS_SQLITE {
            "INSERT INTO t (a, b) VALUES (?, coalesce((SELECT x FROM y WHERE z = ?), ?)),\
                (?, coalesce((SELECT x FROM y WHERE z = ?), ?)) ON CONFLICT DO NOTHING"
        } else {
            "INSERT INTO t (a, b) VALUES ($1, coalesce((SELECT x FROM y WHERE z = $2), $3)),\
                ($4, coalesce((SELECT x FROM y WHERE z = $5), $6)) ON CONFLICT DO NOTHING"
        };
        assert_eq!(repeated(NESTED, 2), twice);
    }

    #[test]
    fn tuples_that_repeat_have_each_parameter_once_and_in_order() {
        let files = ["::audit::", "::commit::", "::documents::", "::feeds::", "::visits::"];
        let of_groups = |name: &str| files.iter().any(|file| name.contains(file));
        let mut checked = 0;
        for &(name, text) in super::super::statements::ALL.iter().copied().flatten().filter(|(name, _)| of_groups(name)) {
            let Some((head, tuple, tail)) = split(text) else { continue };
            let found: Vec<_> = tuple.split('$').skip(1).filter_map(|part| number(part).0).collect();
            assert!(found.iter().copied().eq(1..=found.len()), "{name}: {found:?}");
            assert!(!head.contains('$') && !tail.contains('$'), "{name} has a parameter beside its tuple");
            checked += 1;
        }
        assert!(checked > 12, "{checked}");
    }

    #[test]
    fn texts_in_one_count_their_parameters_on() {
        let mut text = String::new();
        shift(&mut text, "UPDATE t SET a = $1 WHERE b = $2 AND c = $1;", 0);
        shift(&mut text, "SELECT $1", 2);
        assert_eq!(text, "UPDATE t SET a = $1 WHERE b = $2 AND c = $1;SELECT $3");
    }

    #[test]
    fn a_read_repeats_its_last_row_and_a_write_splits() {
        let rows = |count: i64| (0..count).map(|row| [Value::from(row)]).collect::<Vec<_>>();
        let sizes = |script: &Script| script.0.iter().map(|step| (step.rows, step.values.len())).collect::<Vec<_>>();
        let mut script = Script::default();
        script.read("SELECT * FROM (VALUES ($1)) AS k", rows(5));
        script.read("SELECT * FROM (VALUES ($1)) AS k", rows(0));
        assert_eq!(sizes(&script), [(8, 8), (0, 0)]);
        let mut script = Script::default();
        script.write("INSERT INTO t VALUES ($1)", rows(37));
        script.write("INSERT INTO t VALUES ($1)", rows(0));
        assert_eq!(sizes(&script), [(32, 32), (4, 4), (1, 1)]);
    }
}
