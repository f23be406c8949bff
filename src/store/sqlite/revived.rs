//! Permissions that a restore brings back although they were revoked after the backup. Those that the replaced database records
//! as ended or revoked stay revoked; the others are listed.

use super::connect::reader;
use crate::clock;
use crate::store::options::OpenError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection, query, query_as, query_scalar};
use std::collections::BTreeMap;
use std::path::Path;

/// A kind of things, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What they are, or what happened to them since the backup.
    pub what: &'static str,
    /// Their names, none of them secret.
    pub names: Vec<String>,
    /// What to do about them by hand; nothing if they stay revoked.
    pub remedy: Option<&'static str>,
}

/// How two states of a thing are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// It is gone from the replaced database.
    Gone,
    /// It is in both, with another state.
    Changed,
}

/// A comparison. Its query returns an id, a name and a state.
struct Look {
    /// The youngest table of the query, which databases of older versions do not have.
    table: &'static str,
    what: &'static str,
    remedy: &'static str,
    how: Compared,
    query: &'static str,
}

/// A person's PIN; another one has another id.
const PINS: &str = "SELECT hex(p.person), r.slug || '/' || u.username, hex(p.id) FROM pins p \
    JOIN restaurants r ON r.id = p.restaurant JOIN users u ON u.id = p.person";

const LOOKS: [Look; 11] = [
    Look {
        table: "users",
        what: "people who had been removed may sign in again",
        remedy: "remove them: orderbell user remove",
        how: Compared::Gone,
        query: "SELECT hex(u.id), r.slug || '/' || u.username, '' FROM users u JOIN restaurants r ON r.id = u.restaurant",
    },
    Look {
        table: "users",
        what: "people have an earlier role",
        remedy: "set it again: orderbell user set-role",
        how: Compared::Changed,
        query: "SELECT hex(u.id), r.slug || '/' || u.username, u.role FROM users u JOIN restaurants r ON r.id = u.restaurant",
    },
    Look {
        table: "users",
        what: "people have an earlier password",
        remedy: "set another if the old one is known to others: orderbell user reset-password",
        how: Compared::Changed,
        query: "SELECT hex(u.id), r.slug || '/' || u.username, u.password_hash FROM users u JOIN restaurants r ON r.id = u.restaurant",
    },
    Look {
        table: "api_keys",
        what: "API keys, unknown to the replaced database, are valid",
        remedy: "remove those that nobody needs: orderbell api-key remove",
        how: Compared::Gone,
        query: "SELECT hex(k.restaurant) || k.id, r.slug || '/' || k.name, '' FROM api_keys k \
            JOIN restaurants r ON r.id = k.restaurant WHERE k.revoked_at IS NULL",
    },
    Look {
        table: "sessions",
        what: "sessions that were over run again",
        remedy: "sign those people out, remove those screens, or revoke those tokens, if a device was lost",
        how: Compared::Gone,
        query: "SELECT s.id, r.slug || '/' || coalesce((SELECT username FROM users u WHERE s.role IN ('staff', 'manager') \
            AND lower(hex(u.id)) = replace(s.sub, '-', '')), s.role), '' FROM sessions s JOIN restaurants r ON r.id = s.restaurant \
            WHERE s.expires_at > CAST(unixepoch('subsec') * 1000000 AS INTEGER)",
    },
    Look {
        table: "tables",
        what: "tables that had been removed can be ordered at",
        remedy: "remove them on the manager's page",
        how: Compared::Gone,
        query: "SELECT hex(t.id), r.slug || '/' || t.label, '' FROM tables t JOIN restaurants r ON r.id = t.restaurant",
    },
    Look {
        table: "tables",
        what: "tables have an earlier code, and the newer one does not work",
        remedy: "make new codes on the manager's page, and print them",
        how: Compared::Changed,
        query: "SELECT hex(t.id), r.slug || '/' || t.label, t.key FROM tables t JOIN restaurants r ON r.id = t.restaurant",
    },
    Look {
        table: "orders",
        what: "orders have the words and the id of a guest who was erased, or purged by age",
        remedy: "erase the guest again: orderbell guest erase --order (those of closed orders past --guest-days go by themselves)",
        how: Compared::Changed,
        query: "SELECT hex(o.id), r.slug || '/' || o.number, CASE WHEN o.diner IS NULL THEN 'erased' ELSE '' END \
            FROM orders o JOIN restaurants r ON r.id = o.restaurant",
    },
    Look {
        table: "pins",
        what: "PINs that had been removed work again",
        remedy: "remove them on the manager's page",
        how: Compared::Gone,
        query: PINS,
    },
    Look {
        table: "pins",
        what: "people have an earlier PIN",
        remedy: "set another on the manager's page if the old one is known to others",
        how: Compared::Changed,
        query: PINS,
    },
    Look {
        table: "deliveries",
        what: "orders have a rider's data (name, phone, address) that had been removed",
        remedy: "remove them again: DELETE /api/v1/orders/{id}/delivery (those of closed orders past --delivery-days go by themselves)",
        how: Compared::Gone,
        query: "SELECT hex(d.order_id), r.slug || '/' || o.number, '' FROM deliveries d \
            JOIN restaurants r ON r.id = d.restaurant JOIN orders o ON o.restaurant = d.restaurant AND o.id = d.order_id",
    },
];

/// A thing with its name and state, by id.
type Things = BTreeMap<String, (String, String)>;

/// Revokes in a copy everything that the replaced database has recorded as revoked, and compares the two.
pub async fn carry(copy: &Path, replaced: &Path) -> Result<Vec<Listed>, OpenError> {
    let mut old = reader(replaced).connect().await?;
    let mut new = SqliteConnectOptions::new().filename(copy).disable_statement_logging().connect().await?;
    let listed = async {
        let mut listed = revoke(&mut new, &mut old).await?;
        for Look { table, what, remedy, how, query } in LOOKS {
            let (restored, replaced) = (things(&mut new, table, query).await?, things(&mut old, table, query).await?);
            // Without the table in one of the two, nothing of this kind was revoked.
            let Some((restored, replaced)) = restored.zip(replaced) else { continue };
            let names = differing(&restored, &replaced, how);
            listed.push(Listed { what, names, remedy: Some(remedy) });
        }
        listed.retain(|listed| !listed.names.is_empty());
        Ok::<_, sqlx::Error>(listed)
    };
    let listed = listed.await;
    old.close().await?;
    new.close().await?;
    Ok(listed?)
}

/// Returns the things of a kind, unless the database has no such table.
async fn things(connection: &mut SqliteConnection, table: &'static str, look: &'static str) -> sqlx::Result<Option<Things>> {
    let is_there = query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1").bind(table);
    if is_there.fetch_optional(&mut *connection).await?.is_none() {
        return Ok(None);
    }
    let rows: Vec<(String, String, String)> = query_as(look).fetch_all(connection).await?;
    Ok(Some(rows.into_iter().map(|(id, name, state)| (id, (name, state))).collect()))
}

/// Returns the names of the restored things that are gone from the replaced database, or that have another state there.
fn differing(restored: &Things, replaced: &Things, how: Compared) -> Vec<String> {
    let differs = |(id, (_, state)): &(&String, &(String, String))| match (how, replaced.get(*id)) {
        (Compared::Gone, other) => other.is_none(),
        (Compared::Changed, other) => other.is_some_and(|(_, other)| other != state),
    };
    restored.iter().filter(differs).map(|(_, (name, _))| name.clone()).collect()
}

/// Carries over everything that is recorded as revoked. Such a record is never undone, so this is correct whichever of the two
/// is newer.
async fn revoke(new: &mut SqliteConnection, old: &mut SqliteConnection) -> sqlx::Result<Vec<Listed>> {
    let mut transaction = new.begin().await?;
    let now = clock::now().micros();
    let (mut keys, mut screens, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    let revoked: Vec<(Vec<u8>, String, i64)> =
        query_as("SELECT restaurant, id, revoked_at FROM api_keys WHERE revoked_at IS NOT NULL").fetch_all(&mut *old).await?;
    for (restaurant, id, at) in revoked {
        let revoke =
            "UPDATE api_keys SET revoked_at = $3 WHERE restaurant = $1 AND id = $2 AND revoked_at IS NULL RETURNING name";
        let name: Option<String> =
            query_scalar(revoke).bind(&restaurant).bind(&id).bind(at).fetch_optional(&mut *transaction).await?;
        keys.extend(name);
        let sessions = "SELECT id FROM sessions WHERE restaurant = $1 AND sub = $2 AND role = 'service'";
        ended.extend(query_scalar::<_, String>(sessions).bind(restaurant).bind(id).fetch_all(&mut *transaction).await?);
    }
    let revoked: Vec<(Vec<u8>, i64)> =
        query_as("SELECT id, revoked_at FROM devices WHERE revoked_at IS NOT NULL").fetch_all(&mut *old).await?;
    for (id, at) in revoked {
        let revoke = "UPDATE devices SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING name";
        screens.extend(query_scalar::<_, String>(revoke).bind(&id).bind(at).fetch_optional(&mut *transaction).await?);
        query("DELETE FROM pairings WHERE device = $1").bind(&id).execute(&mut *transaction).await?;
        let sessions = "SELECT id FROM sessions WHERE device = $1";
        ended.extend(query_scalar::<_, String>(sessions).bind(id).fetch_all(&mut *transaction).await?);
    }
    ended.extend(query_scalar::<_, String>("SELECT session FROM ended_sessions").fetch_all(old).await?);
    let mut over = Vec::new();
    for session in ended {
        query("INSERT INTO ended_sessions (session, ended_at) VALUES ($1, $2) ON CONFLICT (session) DO NOTHING")
            .bind(&session)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        query("DELETE FROM push_subscriptions WHERE session = $1").bind(&session).execute(&mut *transaction).await?;
        let end = "DELETE FROM sessions WHERE id = $1 RETURNING role";
        over.extend(query_scalar::<_, String>(end).bind(session).fetch_optional(&mut *transaction).await?);
    }
    transaction.commit().await?;
    Ok(vec![
        Listed { what: "API keys stay revoked", names: keys, remedy: None },
        Listed { what: "screens stay removed", names: screens, remedy: None },
        Listed { what: "sessions stay ended", names: over, remedy: None },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_restored_is_listed() {
        let things = |rows: &[(&str, &str)]| -> Things {
            rows.iter().map(|(id, state)| ((*id).to_owned(), (format!("name of {id}"), (*state).to_owned()))).collect()
        };
        let restored = things(&[("gone", "1"), ("same", "1"), ("changed", "1")]);
        let replaced = things(&[("same", "1"), ("changed", "2"), ("new", "1")]);
        assert_eq!(differing(&restored, &replaced, Compared::Gone), ["name of gone"]);
        assert_eq!(differing(&restored, &replaced, Compared::Changed), ["name of changed"]);
    }
}
