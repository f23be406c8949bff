//! Files of other programs under the database's name are refused and left unchanged.

use crate::disk::{SERVE, beside, files, on, refused};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};
use std::fs;
use std::path::Path;
use std::process::Command;
use support::server::DATABASE;
use support::{TestServer, template};

/// The migrations table of another program that uses sqlx.
const OTHER_MIGRATIONS: &str = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
     installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum BLOB NOT NULL, \
     execution_time BIGINT NOT NULL); \
     INSERT INTO _sqlx_migrations VALUES (1, 'accounts', CURRENT_TIMESTAMP, true, x'00', 0)";

/// Checks that neither a node nor a migration accepts a file of another program, or changes the folder.
async fn is_refused_and_left(folder: &Path, database: &Path, program: &str) {
    let found = files(folder);
    for arguments in [&SERVE[..], &["migrate"]] {
        let said = refused(database, arguments).await;
        assert!(said.contains("/db is not a database of Orderbell: it "), "{program}: {said}");
        assert!(said.contains("It was left as it is"), "{program}: {said}");
    }
    assert!(files(folder) == found, "{program}: every file is unchanged, and none was added");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_another_program_is_refused_and_left_unchanged() {
    let programs = [
        "CREATE TABLE songs (title TEXT)",
        "CREATE TABLE restaurants (id BLOB); CREATE TABLE orders (id BLOB)",
        "PRAGMA application_id = 252006674",
        OTHER_MIGRATIONS,
        "PRAGMA journal_mode = wal; CREATE TABLE songs (title TEXT)",
    ];
    for program in programs {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join(DATABASE);
        fs::File::create(&database).unwrap();
        on(&database, program).await;
        is_refused_and_left(folder.path(), &database, program).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join(DATABASE);
    fs::write(&database, "A menu, and no database. ".repeat(200)).unwrap();
    let found = files(folder.path());
    let said = refused(&database, &SERVE).await;
    assert!(said.contains("/db is not a database of Orderbell: it is another kind of file"), "{said}");
    assert!(files(folder.path()) == found);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_that_is_not_a_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (inner, pipe) = (folder.path().join("folder"), folder.path().join("pipe"));
    fs::create_dir(&inner).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (path, why) in [(&inner, "it is a folder, and not a file"), (&pipe, "it is not a regular file")] {
        for arguments in [&SERVE[..], &["migrate"]] {
            let said = refused(path, arguments).await;
            assert!(said.contains(&format!("{} is not a database of Orderbell: {why}", path.display())), "{said}");
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing was created beside them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_creates_a_database_logs_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let mistyped = folder.path().join("mistyped");
    let token = ["token", "--role", "kitchen", "--restaurant", "demo"];
    let made = format!("made a new database path={}", mistyped.display());
    let said = refused(&mistyped, &token).await;
    assert!(said.contains(&made) && said.contains("there is no restaurant demo"), "{said}");
    let said = refused(&mistyped, &token).await;
    assert!(!said.contains(&made), "the database exists now: {said}");
}

/// Leaves a database and its log like a program that was killed before it merged the log.
async fn leave_in_the_log(database: &Path, sql: &str) {
    let made = tempfile::tempdir().unwrap();
    let made = made.path().join(DATABASE);
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}?mode=rwc", made.display())).await.unwrap();
    connection.execute("PRAGMA journal_mode = wal; PRAGMA wal_autocheckpoint = 0").await.unwrap();
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    fs::copy(&made, database).unwrap();
    fs::copy(beside(&made, "-wal"), beside(database, "-wal")).unwrap();
    connection.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_foreign_file_with_all_tables_in_its_log_is_refused_and_left_unchanged() {
    let many: String = (0..200).map(|number| format!("CREATE TABLE songs_{number} (title TEXT); ")).collect();
    for program in ["CREATE TABLE songs (title TEXT)", "PRAGMA application_id = 252006674", OTHER_MIGRATIONS, &many] {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join(DATABASE);
        leave_in_the_log(&database, program).await;
        assert_eq!(files(folder.path()).len(), 2, "the control: a file and its log");
        is_refused_and_left(folder.path(), &database, program).await;
    }
    // An empty database with a log becomes a new database.
    let folder = tempfile::tempdir().unwrap();
    leave_in_the_log(&folder.path().join(DATABASE), "CREATE TABLE songs (title TEXT); DROP TABLE songs").await;
    TestServer::run(folder.path().to_owned(), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_orderbell_with_all_tables_in_its_log_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let (database, whole) = (folder.path().join(DATABASE), folder.path().join("whole"));
    fs::rename(&database, &whole).unwrap();
    let mark = number(&whole, "PRAGMA application_id").await;
    let copy = copy_of(&whole).await;
    for mark in [mark, 0] {
        fs::remove_file(&database).ok();
        leave_in_the_log(&database, &format!("{copy}; PRAGMA application_id = {mark}")).await;
        let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
        server.staff().await;
        server.stop().await;
    }
}

/// Returns statements that copy all tables of another database.
async fn copy_of(whole: &Path) -> String {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", whole.display())).await.unwrap();
    let own = "FROM sqlite_schema WHERE sql NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut copy = format!("PRAGMA foreign_keys = OFF; ATTACH '{}' AS whole; BEGIN", whole.display());
    for part in [
        format!("SELECT sql {own} AND type = 'table'"),
        format!("SELECT 'INSERT INTO main.' || name || ' SELECT * FROM whole.' || name {own} AND type = 'table'"),
        format!("SELECT sql {own} AND type <> 'table'"),
    ] {
        let statements: Vec<String> = sqlx::query_scalar(AssertSqlSafe(part)).fetch_all(&mut connection).await.unwrap();
        copy = [copy].into_iter().chain(statements).collect::<Vec<_>>().join("; ");
    }
    copy + "; COMMIT"
}

/// Reads a number from SQLite.
async fn number(database: &Path, sql: &'static str) -> i64 {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await.unwrap();
    sqlx::query_scalar(sql).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_an_older_version_gets_the_mark_and_one_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    template::copy(template::demo().await, folder.path());
    let database = folder.path().join(DATABASE);
    let mark = number(&database, "PRAGMA application_id").await;
    assert_ne!(mark, 0);
    on(&database, "PRAGMA application_id = 0").await;
    let mut server = TestServer::run(folder.path().to_owned(), &[]).await;
    server.staff().await;
    server.stop().await;
    assert_eq!(number(&database, "PRAGMA application_id").await, mark);
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', true, x'00', 0)";
    on(&database, newer).await;
    let said = refused(&database, &SERVE).await;
    assert!(said.contains("a newer version of Orderbell has changed it; start that version"), "{said}");
}
