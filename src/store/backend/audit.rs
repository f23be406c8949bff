//! [`Audit`]: entries, and transactions that write one.

use super::script::{Script, Value};
use super::{Backend, Connection, Database};
use crate::clock;
use crate::domain::values::ids::{AuditId, RestaurantId};
use crate::domain::values::time::Timestamp;
use crate::store::audit::{self, Audit, Entry, Kind, Note};
use crate::store::{Result, StoreError};
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use sqlx::{FromRow, query, query_as, query_scalar};
use uuid::Uuid;

macro_rules! entries {
    ($filter:literal) => {
        concat!(
            "SELECT id, at, kind, action, outcome, role, sub, name, address, subject, part, label, value, reason FROM audit ",
            "WHERE restaurant = $1 AND id < $2 ",
            $filter,
            " ORDER BY id DESC LIMIT $3"
        )
    };
}

/// SQL for the name of a subject. The arguments name the SQL parameters: the restaurant, the subject as a UUID, and as text.
macro_rules! name_of {
    ($restaurant:literal, $uuid:literal, $text:literal) => {
        concat!(
            "(SELECT username FROM users WHERE restaurant = ",
            $restaurant,
            " AND id = ",
            $uuid,
            "), (SELECT name FROM devices WHERE restaurant = ",
            $restaurant,
            " AND id = ",
            $uuid,
            "), (SELECT name FROM api_keys WHERE restaurant = ",
            $restaurant,
            " AND id = ",
            $text,
            ")"
        )
    };
}

statements! {
    /// Names the actor by the present name. If the transaction has removed the actor, uses `$15`, the name read before.
    ADD_ENTRY = on_rows!(
        concat!(
            "INSERT INTO audit (restaurant, id, at, kind, action, role, sub, address, subject, part, label, value, reason, \
             outcome, name) SELECT v.column1, v.column2, v.column3, v.column4, v.column5, v.column6, v.column7, v.column8, \
             v.column9, v.column10, v.column11, v.column12, v.column13, v.column14, COALESCE(",
            name_of!("v.column1", "v.column16", "v.column7"),
            ", v.column15) FROM "
        ),
        ("$1" "uuid", "$2" "uuid", "$3" "bigint", "$4" "text", "$5" "text", "$6" "text", "$7" "text", "$8" "text", "$9" "text",
         "$10" "text", "$11" "text", "$12" "text", "$13" "text", "$14" "text", "$15" "text", "$16" "uuid"),
        " AS v"
    );
    ACTOR_NAME = concat!("SELECT COALESCE(", name_of!("$1", "$2", "$3"), ") FROM restaurants WHERE id = $1");
    ENTRIES = entries!("");
    ENTRIES_OF_ORDERS = entries!("AND kind = 'orders'");
    /// Repeats the condition of the partial index, so that the planners use it.
    ENTRIES_OF_KIND = entries!("AND kind = $4 AND kind <> 'orders'");
    FORGET_ENTRIES = "DELETE FROM audit WHERE restaurant = $1 AND id IN (\
        SELECT id FROM audit WHERE restaurant = $1 AND id < $2 ORDER BY id LIMIT $3)";
}

/// An entry of the audit.
#[derive(FromRow)]
struct EntryRow {
    id: Uuid,
    at: i64,
    kind: String,
    action: String,
    outcome: String,
    role: Option<String>,
    sub: Option<String>,
    name: Option<String>,
    address: Option<String>,
    subject: Option<String>,
    part: Option<String>,
    label: Option<String>,
    value: Option<String>,
    reason: Option<String>,
}

impl TryFrom<EntryRow> for Entry {
    type Error = StoreError;
    fn try_from(row: EntryRow) -> Result<Self> {
        let EntryRow { kind, action, outcome, role, sub, name, address, subject, part, label, value, reason, .. } = row;
        let (id, at) = (AuditId::from_uuid(row.id), Timestamp::from_micros(row.at));
        Ok(Self { id, at, kind, action, outcome, role, sub, name, address, subject, part, label, value, reason })
    }
}

#[async_trait]
impl Audit for Backend {
    async fn record(&self, note: Note) -> Result<()> {
        self.write(move |c| Box::pin(async move { add(c, &note, None).await })).await
    }

    async fn audit(
        &self,
        restaurant: RestaurantId,
        kind: Option<Kind>,
        before: Option<AuditId>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        let text = match kind {
            None => ENTRIES,
            Some(Kind::Orders) => ENTRIES_OF_ORDERS,
            Some(_) => ENTRIES_OF_KIND,
        };
        let before = before.map_or(Uuid::max(), AuditId::uuid);
        let query = query_as::<Database, EntryRow>(text).bind(restaurant.uuid()).bind(before).bind(i64::from(limit));
        let other = kind.filter(|kind| *kind != Kind::Orders);
        self.all(match other {
            Some(kind) => query.bind(kind.as_str()),
            None => query,
        })
        .await
    }

    async fn forget_audit(&self, restaurant: RestaurantId, before: Timestamp, limit: u32) -> Result<u64> {
        let query = query::<Database>(FORGET_ENTRIES).bind(restaurant.uuid());
        self.execute(query.bind(AuditId::earliest(before).uuid()).bind(i64::from(limit))).await
    }
}

/// Runs a unit of work and writes the note, in one transaction. Reads the actor's name first, since the unit may remove them.
pub async fn noted<T, F>(connection: &mut Connection, note: Note, unit: F) -> Result<T>
where
    F: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T>>,
{
    let name = actor_name(connection, &note).await?;
    let (value, note) = audit::holding(note, unit(connection)).await?;
    if let Some(note) = note {
        add(connection, &note, name).await?;
    }
    Ok(value)
}

async fn actor_name(connection: &mut Connection, note: &Note) -> Result<Option<String>> {
    let Some(sub) = &note.actor.sub else { return Ok(None) };
    let query = query_scalar::<Database, Option<String>>(ACTOR_NAME).bind(note.restaurant.uuid());
    let name = query.bind(Uuid::try_parse(sub.as_str()).ok()).bind(sub.as_str()).fetch_optional(connection).await?;
    Ok(name.flatten())
}

/// Writes an entry.
pub async fn add(connection: &mut Connection, note: &Note, name: Option<String>) -> Result<()> {
    let mut script = Script::default();
    script.write(ADD_ENTRY, vec![entry(note, name)]);
    script.run(connection).await.map(drop)
}

/// Writes the entries of a group of commands.
pub fn add_all(script: &mut Script, notes: &[Note]) {
    script.write(ADD_ENTRY, notes.iter().map(|note| entry(note, None)).collect());
}

fn entry(note: &Note, name: Option<String>) -> [Value; 16] {
    let sub = note.actor.sub.as_ref();
    [
        note.restaurant.uuid().into(),
        clock::new_id().into(),
        clock::now().micros().into(),
        note.kind.as_str().into(),
        note.action.into(),
        note.actor.role.map(|role| role.as_str().to_owned()).into(),
        sub.map(ToString::to_string).into(),
        note.actor.address.map(|address| address.to_string()).into(),
        note.subject.clone().into(),
        note.part.clone().into(),
        note.label.clone().into(),
        note.value.clone().into(),
        note.reason.map(str::to_owned).into(),
        note.outcome.into(),
        name.into(),
        sub.and_then(|sub| Uuid::try_parse(sub.as_str()).ok()).into(),
    ]
}
