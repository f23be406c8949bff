//! The query planners choose the right indexes with any statistics: those of a new database, of an operator's `ANALYZE`, and
//! outdated ones.

use crate::database::TestDatabase;
use orderbell::store::{postgres, sqlite};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection, query, raw_sql};

/// Statements that must read events by an index, each with its name. With another index they would read the whole feed.
const BY_INDEX: [(&str, &str); 6] = [
    ("log::EVENTS_OF_ORDER", "events_of_order"),
    ("log::EVENTS_OF_TOPIC", "events_of_topic"),
    ("log::LAST_OF_ORDER", "events_of_order"),
    ("log::LAST_OF_TOPIC", "events_of_topic"),
    ("privacy::PATCHES_OF_ORDER", "events_of_order"),
    ("screens::PLACED_AT", "events_of_order"),
];

/// Statements with a bounded sort: one diner has at most `MOST_OF_A_DINER` subscriptions and the new one.
const BOUNDED_SORT: &str = "pushes::KEEP_NEWEST";

/// Statements on the feeds of all restaurants, for a start on a database that was moved.
const ALL_FEEDS: &str = "::origin::";

/// Inserts 10,000 events of one restaurant (six for each order and some of the menu), the orders, and 5,000 remembered
/// answers.
const FILL_SQLITE: &str = "
    INSERT INTO restaurants (id, slug, name, currency, default_minutes, created_at) VALUES (unhex(printf('%032x', 1)), 'restaurant', 'House', 'EUR', 20, 0);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch) SELECT unhex(printf('%032x', 1)), i, randomblob(16), 'order.accepted', iif(i % 50 = 0, 3, 1),
        unhex(printf('%032x', i / 6)), i, 'staff', randomblob(16), printf('%200s', 'x') FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1600)
        INSERT INTO orders (restaurant, id, number, status, is_open, document)
        SELECT unhex(printf('%032x', 1)), unhex(printf('%032x', i)), i, 'completed', i > 1500, '{}' FROM n;
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO commands SELECT unhex(printf('%032x', 1)), 'guest', randomblob(16), randomblob(32), '{}', i FROM n;";
const FILL_POSTGRES: &str = "
    INSERT INTO restaurants (id, slug, name, currency, default_minutes, created_at) VALUES (lpad('1', 32, '0')::uuid, 'restaurant', 'House', 'EUR', 20, 0);
    INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch) SELECT lpad('1', 32, '0')::uuid, i, gen_random_uuid(), 'order.accepted',
        CASE WHEN i % 50 = 0 THEN 3 ELSE 1 END, lpad(to_hex(i / 6), 32, '0')::uuid, i, 'staff', gen_random_uuid(), repeat('x', 200)
        FROM generate_series(1, 10000) i;
    INSERT INTO orders (restaurant, id, number, status, is_open, document)
        SELECT lpad('1', 32, '0')::uuid, lpad(to_hex(i), 32, '0')::uuid, i, 'completed', i > 1500, '{}'
        FROM generate_series(1, 1600) i;
    INSERT INTO commands SELECT lpad('1', 32, '0')::uuid, 'guest', gen_random_uuid(), sha256(i::text::bytea), '{}', i
        FROM generate_series(1, 5000) i;";

/// Statistics: none, of all tables, of a day with one event for each restaurant, and of the events' primary key alone.
const STATISTICS: [&str; 4] = [
    "",
    "ANALYZE",
    "ANALYZE; UPDATE sqlite_stat1 SET stat = '1 1 1 1' WHERE tbl = 'events'",
    "ANALYZE; DELETE FROM sqlite_stat1 WHERE tbl = 'events' AND idx IN ('events_of_order', 'events_of_topic');
        UPDATE sqlite_stat1 SET stat = '10000 1 1' WHERE tbl = 'events'",
];

/// Returns the plan of a statement, one step a line.
async fn sqlite_plan(connection: &mut SqliteConnection, text: &str) -> Vec<String> {
    let plan = query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"))).fetch_all(connection).await;
    plan.expect("every statement can be explained").iter().map(|row| row.get("detail")).collect()
}

/// Scans of the rows that were passed as parameters.
const ROWS_OF_A_GROUP: [&str; 3] = ["SCAN k", "SCAN v", "SCAN found"];

/// Queries of a tenant walk an index in its order: they neither read another tenant's rows nor sort.
#[tokio::test]
async fn no_statement_scans_a_table_or_sorts_it() {
    let database = TestDatabase::sqlite().await;
    let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
    for &(name, text) in sqlite::STATEMENTS.iter().copied().flatten() {
        for step in sqlite_plan(&mut connection, text).await {
            let is_fine = step == "SCAN CONSTANT ROW"
                || ROWS_OF_A_GROUP.contains(&step.as_str())
                || !step.starts_with("SCAN") && !step.contains("TEMP B-TREE")
                || step.contains("json_each")
                || name.contains(ALL_FEEDS)
                || name.ends_with(BOUNDED_SORT);
            assert!(is_fine, "{name}: {step}");
        }
    }
}

#[tokio::test]
async fn sqlite_reads_events_of_a_room_by_their_index_whatever_the_statistics() {
    for statistics in STATISTICS {
        let database = TestDatabase::sqlite().await;
        database.execute(FILL_SQLITE).await;
        database.execute(statistics).await;
        let mut connection = SqliteConnection::connect(&database.url).await.unwrap();
        for (name, index) in BY_INDEX {
            let text = text_of(sqlite::STATEMENTS, name);
            let plan = sqlite_plan(&mut connection, text).await;
            let is_by_index = plan.len() == 1 && plan[0].contains(&format!("INDEX {index} (restaurant=? AND"));
            assert!(is_by_index, "{name} with {statistics:?}: {plan:?}");
        }
        for name in ["log::EVENTS", "log::EVENTS_OF_TOPICS", "log::LAST_OF_TOPICS"] {
            let plan = sqlite_plan(&mut connection, text_of(sqlite::STATEMENTS, name)).await;
            assert!(plan.len() == 1 && plan[0].contains("restaurant=? AND position"), "{name} with {statistics:?}: {plan:?}");
        }
        let plan = sqlite_plan(&mut connection, text_of(sqlite::STATEMENTS, "documents::CHANGED_DOCUMENTS")).await;
        for (table, terms) in [("orders", "restaurant=? AND id=?"), ("events", "restaurant=? AND position>?")] {
            let is_short = plan.iter().any(|step| step.starts_with(&format!("SEARCH {table} ")) && step.contains(terms));
            assert!(is_short, "with {statistics:?}: {plan:?}");
        }
        let plan = sqlite_plan(&mut connection, text_of(sqlite::STATEMENTS, "log::UPDATED")).await;
        for (table, terms) in
            [("events", "(restaurant=? AND position>?)"), ("later", "events_of_order (restaurant=? AND order_id=?")]
        {
            let is_short = plan.iter().any(|step| step.starts_with(&format!("SEARCH {table} ")) && step.contains(terms));
            assert!(is_short, "with {statistics:?}: {plan:?}");
        }
    }
}

#[tokio::test]
async fn postgres_reads_events_of_a_room_by_their_index_with_statistics_and_without() {
    let database = TestDatabase::postgres().await;
    database.execute(FILL_POSTGRES).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for statistics in ["SELECT 1", "ANALYZE"] {
        raw_sql(statistics).execute(&mut connection).await.unwrap();
        for (name, index) in BY_INDEX {
            let plan = postgres_plan(&mut connection, text_of(postgres::STATEMENTS, name)).await;
            assert!(plan.contains(&format!("using {index} on events")), "{name} after {statistics:?}: {plan}");
        }
        let plan = postgres_plan(&mut connection, text_of(postgres::STATEMENTS, "documents::CHANGED_DOCUMENTS")).await;
        assert!(plan.contains("using events_pkey on events"), "after {statistics:?}: {plan}");
        let plan = postgres_plan(&mut connection, text_of(postgres::STATEMENTS, "log::UPDATED")).await;
        let is_short = plan.contains("using events_pkey on events") && plan.contains("using events_of_order on events later");
        assert!(is_short, "after {statistics:?}: {plan}");
    }
}

/// Returns the plan that PostgreSQL keeps for a prepared statement.
async fn postgres_plan(connection: &mut PgConnection, text: &str) -> String {
    let count = (1..=20).take_while(|number| text.contains(&format!("${number}"))).count();
    let nulls = vec!["NULL"; count].join(", ");
    let text = format!(
        "SET plan_cache_mode = force_generic_plan; DEALLOCATE ALL; PREPARE explained AS {text}; EXPLAIN EXECUTE explained ({nulls})"
    );
    let rows = raw_sql(AssertSqlSafe(text)).fetch_all(connection).await.expect("every statement can be explained");
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

fn text_of(statements: &[&[(&'static str, &'static str)]], name: &str) -> &'static str {
    let mut all = statements.iter().copied().flatten();
    all.find(|(full, _)| full.ends_with(&format!("::{name}"))).unwrap_or_else(|| panic!("no statement {name}")).1
}
