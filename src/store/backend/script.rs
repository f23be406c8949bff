//! Statements that run one after another, each on many rows at once.
//!
//! A statement is written for one row, as `… VALUES ($1, $2) …`, with each parameter once and in order. For more rows, the
//! tuple is repeated. So that few texts stay prepared, more than a few rows are rounded to powers of two: reads repeat their
//! last row, and SQLite's writes are split.
//!
//! A call of the driver costs two switches of threads in SQLite and a round trip in PostgreSQL, so consecutive statements share
//! a call. In SQLite, statements of few rows are joined to one text. In PostgreSQL, writes are joined to one statement; there,
//! none sees what another has written, except by [`Script::write_seen`].

use super::{Arguments, Connection, Database, IS_SQLITE, Row};
use crate::store::error::broken;
use crate::store::{Result, StoreError};
use futures_util::TryStreamExt as _;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Either, Executor as _, FromRow, Row as _, SqlSafeStr as _, SqlStr, query};
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

/// Implements the conversion of values, and of optional values, to parameters.
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

/// The kind of a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    /// A write that may change fewer rows than it has.
    Write,
    /// A write that must change as many rows as it has.
    WriteAll,
}

/// The most rows of a statement whose text stays prepared for each number of rows. In SQLite, also the most rows of a statement
/// that shares a call.
const FEW: usize = if IS_SQLITE { 8 } else { 1 };
/// The SQLSTATE of a division by zero, by which a joined statement fails if its writes did not find all their rows.
const DIVISION_BY_ZERO: &str = "22012";

/// A statement with its rows.
struct Step {
    text: &'static str,
    rows: usize,
    values: Vec<Value>,
    kind: Kind,
    /// The table whose rows later steps read as this step has written them.
    seen: Option<&'static str>,
}

impl Step {
    /// Whether this step can share a call with those before it.
    fn can_join(&self, before: &[(usize, Self)]) -> bool {
        let can = |step: &Self| if IS_SQLITE { step.rows <= FEW } else { step.kind != Kind::Read };
        can(self) && before.iter().all(|(_, step)| can(step))
    }

    /// Whether a connection keeps the text prepared, since there are only few of its kind.
    fn is_kept(&self) -> bool {
        IS_SQLITE || self.kind == Kind::Read || self.rows <= FEW
    }
}

/// The result of a statement.
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
pub struct Script {
    steps: Vec<Step>,
}

impl Script {
    /// Adds a read. Without rows, it is not run and its outcome is empty.
    pub fn read<const N: usize>(&mut self, text: &'static str, mut rows: Vec<[Value; N]>) {
        if let Some(last) = rows.last().filter(|_| rows.len() > FEW).cloned() {
            rows.resize(rows.len().next_power_of_two(), last);
        }
        self.step(text, rows, Kind::Read);
    }

    /// Adds a statement without parameters, if there is one.
    pub fn add(&mut self, text: Option<&'static str>) {
        self.step(text.unwrap_or_default(), text.iter().map(|_| []).collect(), Kind::Read);
    }

    /// Adds a write that must change as many rows as it has.
    pub fn write<const N: usize>(&mut self, text: &'static str, rows: Vec<[Value; N]>) {
        self.split(text, text, rows, Kind::WriteAll);
    }

    /// Adds a write like [`Script::write`], to a table that later steps read. They see the rows that this step has written, and
    /// only those.
    pub fn write_seen<const N: usize>(&mut self, table: &'static str, text: &'static str, rows: Vec<[Value; N]>) {
        let first = self.steps.len();
        self.write(text, rows);
        self.steps[first..].iter_mut().for_each(|step| step.seen = Some(table));
    }

    /// Adds a write like [`Script::write`], with another text for a single row: an update by key is cheaper.
    pub fn update<const N: usize>(&mut self, one: &'static str, text: &'static str, rows: Vec<[Value; N]>) {
        self.split(one, text, rows, Kind::WriteAll);
    }

    /// Adds a write that may change fewer rows than it has.
    pub fn write_found<const N: usize>(&mut self, text: &'static str, rows: Vec<[Value; N]>) {
        self.split(text, text, rows, Kind::Write);
    }

    fn split<const N: usize>(&mut self, one: &'static str, text: &'static str, mut rows: Vec<[Value; N]>, kind: Kind) {
        while !rows.is_empty() {
            let is_whole = rows.len() <= FEW || !IS_SQLITE;
            let rest = rows.split_off(if is_whole { rows.len() } else { 1 << rows.len().ilog2() });
            self.step(if rows.len() == 1 { one } else { text }, rows, kind);
            rows = rest;
        }
    }

    fn step<const N: usize>(&mut self, text: &'static str, rows: Vec<[Value; N]>, kind: Kind) {
        debug_assert!(is_in_order(text) || rows.is_empty(), "{text}");
        self.steps.push(Step { text, rows: rows.len(), values: rows.into_iter().flatten().collect(), kind, seen: None });
    }

    /// Runs the statements. Returns an outcome for each.
    ///
    /// # Errors
    /// `Internal` if a write finds fewer rows than it must change.
    pub async fn run(self, connection: &mut Connection) -> Result<Vec<Outcome>> {
        let mut outcomes: Vec<_> = self.steps.iter().map(|_| Outcome::default()).collect();
        for part in together(self.steps) {
            let (places, steps): (Vec<_>, Vec<_>) = part.into_iter().unzip();
            let expected: Vec<_> = steps.iter().map(|step| (step.kind == Kind::WriteAll).then_some(step.rows as u64)).collect();
            let found = execute(connection, steps).await?;
            if found.len() != places.len() {
                return Err(broken("a script has fewer outcomes than steps"));
            }
            for ((place, found), expected) in places.into_iter().zip(found).zip(expected) {
                if expected.is_some_and(|rows| found.changed != rows) {
                    return Err(broken("a row of a decision does not exist"));
                }
                outcomes[place] = found;
            }
        }
        Ok(outcomes)
    }

    /// Runs writes as one statement of PostgreSQL that is a transaction of its own.
    ///
    /// # Errors
    /// `Stale`, and nothing is changed, if a write finds fewer rows than it must change, if a row that it adds exists already,
    /// or if a row that it refers to does not exist.
    pub async fn run_at_once(self, connection: &mut Connection) -> Result<()> {
        let steps: Vec<_> = self.steps.into_iter().filter(|step| step.rows > 0).collect();
        if steps.is_empty() {
            return Ok(());
        }
        let is_kept = steps.iter().all(Step::is_kept);
        let text = Cow::Owned(all_or_nothing(&steps));
        match fetch(connection, text, steps.into_iter().flat_map(|step| step.values), is_kept).await {
            Ok(_) => Ok(()),
            Err(sqlx::Error::Database(error))
                if error.is_unique_violation()
                    || error.is_foreign_key_violation()
                    || error.code().is_some_and(|code| code == DIVISION_BY_ZERO) =>
            {
                Err(StoreError::Stale)
            }
            Err(cause) => Err(cause.into()),
        }
    }
}

/// Divides the steps that have rows into groups that share a call. Each step has its place in the script.
fn together(steps: Vec<Step>) -> Vec<Vec<(usize, Step)>> {
    let mut parts: Vec<Vec<(usize, Step)>> = Vec::new();
    for (place, step) in steps.into_iter().enumerate().filter(|(_, step)| step.rows > 0) {
        match parts.last_mut().filter(|before| step.can_join(before)) {
            Some(part) => part.push((place, step)),
            None => parts.push(vec![(place, step)]),
        }
    }
    parts
}

/// Runs steps as one text. Returns an outcome for each.
async fn execute(connection: &mut Connection, steps: Vec<Step>) -> Result<Vec<Outcome>> {
    let count = steps.len();
    let is_kept = steps.iter().all(Step::is_kept);
    let text = joined(&steps);
    let found = fetch(connection, text, steps.into_iter().flat_map(|step| step.values), is_kept).await?;
    if IS_SQLITE || count == 1 { Ok(found) } else { counted(&found, count) }
}

/// Joins steps to one text. In PostgreSQL, the text of several steps returns one row, with the
/// number of rows that each has changed.
fn joined(steps: &[Step]) -> Cow<'static, str> {
    match steps {
        [step] => repeated(step.text, step.rows),
        _ if IS_SQLITE => Cow::Owned(one_after_the_other(steps)),
        _ => {
            let counts: Vec<_> = (0..steps.len()).map(|index| count(steps, index)).collect();
            Cow::Owned(format!("{} SELECT {}", expressions(steps), counts.join(", ")))
        }
    }
}

/// Joins steps for SQLite. Each step takes the next values.
fn one_after_the_other(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match repeated(step.text, step.rows) {
            Cow::Borrowed(one) => anonymous(&mut text, one),
            Cow::Owned(several) => text.push_str(&several),
        }
        text.push(';');
    }
    text
}

/// Joins steps to a statement of PostgreSQL that fails unless each write finds all its rows. The first step is checked before
/// the others run.
fn all_or_nothing(steps: &[Step]) -> String {
    let found = steps.iter().enumerate().map(|(index, step)| match step.kind {
        Kind::WriteAll => format!("{} = {}", count(steps, index), step.rows),
        Kind::Read | Kind::Write => format!("{} >= 0", count(steps, index)),
    });
    let found: Vec<_> = found.collect();
    format!("{} SELECT 1 / CASE WHEN {} THEN 1 ELSE 0 END", expressions(steps), found.join(" AND "))
}

/// Returns the common table expressions that run steps in PostgreSQL. A step that later ones read has the name of its table:
/// reads of that name get its rows, while writes go to the table.
fn expressions(steps: &[Step]) -> String {
    let (mut text, mut offset) = (String::new(), 0);
    for (index, step) in steps.iter().enumerate() {
        text.push_str(if index == 0 { "WITH " } else { ", " });
        // Writing to a String never fails.
        let _ = write!(text, "{} AS (", name(steps, index));
        shift(&mut text, &repeated(step.text, step.rows), offset);
        text.push_str(if step.seen.is_some() { " RETURNING *)" } else { " RETURNING 1)" });
        offset += step.values.len();
    }
    text
}

fn name(steps: &[Step], index: usize) -> Cow<'static, str> {
    steps[index].seen.map_or_else(|| Cow::Owned(format!("w{index}")), Cow::Borrowed)
}

fn count(steps: &[Step], index: usize) -> String {
    format!("(SELECT count(*) FROM {})", name(steps, index))
}

/// Reads the row of a joined text of PostgreSQL.
fn counted(found: &[Outcome], count: usize) -> Result<Vec<Outcome>> {
    let row = found.iter().flat_map(|outcome| &outcome.rows).next().ok_or_else(|| broken("no counts of changed rows"))?;
    let outcome = |index: usize| Ok(Outcome { rows: Vec::new(), changed: row.try_get::<i64, _>(index)?.cast_unsigned() });
    (0..count).map(outcome).collect()
}

async fn fetch(
    connection: &mut Connection,
    text: Cow<'static, str>,
    values: impl Iterator<Item = Value>,
    is_kept: bool,
) -> sqlx::Result<Vec<Outcome>> {
    let text: SqlStr = match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        // The text consists only of this program's statements.
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    };
    let query = values.fold(query::<Database>(text), bind).persistent(is_kept);
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

/// Appends a text with anonymous parameters, since SQLite would look each name up in the list of
/// all.
fn anonymous(whole: &mut String, text: &str) {
    let mut parts = text.split('$');
    whole.push_str(parts.next().unwrap_or_default());
    for part in parts {
        whole.push('?');
        whole.push_str(number(part).1);
    }
}

/// Splits a statement into the parts before, in and after the tuple of its `VALUES`.
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

/// Whether a text has each parameter once and in order.
fn is_in_order(text: &str) -> bool {
    text.split('$').skip(1).enumerate().all(|(index, part)| number(part).0 == Some(index + 1))
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
        let _ = write!(whole, "${}{rest}", parameter.unwrap_or(0) + offset); // writing to a String never fails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NESTED: &str = "INSERT INTO t (a, b) VALUES ($1, coalesce((SELECT x FROM y WHERE z = $2), $3)) ON CONFLICT DO NOTHING";

    #[test]
    fn each_repeated_tuple_has_parameters_of_its_own() {
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
        let update = "UPDATE t SET a = v.column1 FROM (VALUES ($1, $2)) AS v WHERE b = v.column2";
        let twice = if IS_SQLITE { "(VALUES (?, ?),(?, ?)) AS v" } else { "(VALUES ($1, $2),($3, $4)) AS v" };
        assert_eq!(repeated(update, 2), update.replace("(VALUES ($1, $2)) AS v", twice));
    }

    #[test]
    fn tuples_that_repeat_have_each_parameter_once_and_in_order() {
        let files = ["::audit::", "::commit::", "::documents::", "::external_orders::", "::feeds::", "::visits::"];
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
    fn joined_texts_number_their_parameters_consecutively() {
        let mut text = String::new();
        shift(&mut text, "UPDATE t SET a = $1 WHERE b = $2 AND c = $1;", 0);
        shift(&mut text, "SELECT $1", 2);
        assert_eq!(text, "UPDATE t SET a = $1 WHERE b = $2 AND c = $1;SELECT $3");
    }

    fn rows(count: i64) -> Vec<[Value; 1]> {
        (0..count).map(|row| [Value::from(row)]).collect()
    }

    #[test]
    fn reads_run_separately_where_statements_do_not_see_each_other() {
        let mut script = Script::default();
        script.add(Some("BEGIN"));
        script.add(None);
        script.read("SELECT $1", rows(1));
        script.write("INSERT INTO t VALUES ($1)", rows(1));
        script.update("UPDATE t SET a = $1", "", rows(1));
        script.write_found("DELETE FROM t WHERE a = $1", rows(1));
        script.write("INSERT INTO t VALUES ($1)", rows(16));
        let parts: Vec<Vec<_>> =
            together(script.steps).iter().map(|part| part.iter().map(|(place, _)| *place).collect()).collect();
        let apart = vec![vec![0], vec![2], vec![3, 4, 5, 6]];
        assert_eq!(parts, if IS_SQLITE { vec![vec![0, 2, 3, 4, 5], vec![6]] } else { apart });
    }

    #[test]
    fn steps_of_a_text_have_their_own_values() {
        let mut script = Script::default();
        script.update("UPDATE t SET a = $1 WHERE b = $2", "", vec![[Value::from(1), Value::from(2)]]);
        script.write("INSERT INTO t VALUES ($1)", rows(1));
        let expected = if IS_SQLITE {
            "UPDATE t SET a = ? WHERE b = ?;INSERT INTO t VALUES (?);"
        } else {
            "WITH w0 AS (UPDATE t SET a = $1 WHERE b = $2 RETURNING 1), w1 AS (INSERT INTO t VALUES ($3) RETURNING 1) \
             SELECT (SELECT count(*) FROM w0), (SELECT count(*) FROM w1)"
        };
        assert_eq!(joined(&script.steps), expected);
    }

    #[test]
    fn writes_at_once_fail_unless_each_finds_its_rows() {
        let mut script = Script::default();
        script.update("UPDATE t SET a = $1", "", rows(1));
        script.write_seen("u", "INSERT INTO u VALUES ($1)", rows(2));
        script.write_found("DELETE FROM t WHERE a IN (SELECT a FROM u)", vec![[]]);
        let inserted = if IS_SQLITE { "(?),(?)" } else { "($2),($3)" };
        let expected = format!(
            "WITH w0 AS (UPDATE t SET a = $1 RETURNING 1), u AS (INSERT INTO u VALUES {inserted} RETURNING *), \
             w2 AS (DELETE FROM t WHERE a IN (SELECT a FROM u) RETURNING 1) SELECT 1 / CASE WHEN (SELECT count(*) FROM w0) = 1 \
             AND (SELECT count(*) FROM u) = 2 AND (SELECT count(*) FROM w2) >= 0 THEN 1 ELSE 0 END"
        );
        assert_eq!(all_or_nothing(&script.steps), expected);
    }

    #[test]
    fn a_read_of_many_rows_repeats_its_last_one_and_a_write_of_many_rows_is_split() {
        let sizes = |script: &Script| script.steps.iter().map(|step| (step.rows, step.values.len())).collect::<Vec<_>>();
        let mut script = Script::default();
        script.read("SELECT * FROM (VALUES ($1)) AS k", rows(9));
        script.read("SELECT * FROM (VALUES ($1)) AS k", rows(0));
        assert_eq!(sizes(&script), [(16, 16), (0, 0)]);
        let mut script = Script::default();
        script.write("INSERT INTO t VALUES ($1)", rows(37));
        script.write("INSERT INTO t VALUES ($1)", rows(0));
        assert_eq!(sizes(&script), if IS_SQLITE { vec![(32, 32), (5, 5)] } else { vec![(37, 37)] });
    }
}
