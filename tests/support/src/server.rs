//! The binary under test as a process.

use super::client::Client;
use super::template;
use super::tls::{self, Tunnel};
use super::wait::soon;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// The variable that carries limits to the shell that starts the server.
const ULIMIT: &str = "TEST_ULIMIT";
/// The name of the database in its folder.
pub const DATABASE: &str = "db";
/// Flags of every test server, before those of the test: two workers on every machine.
pub const FLAGS: [&str; 4] = ["serve", "--demo", "--workers", "2"];
/// Settings of every test server, unless a test sets others: a free port, and a limit on commands of one staff member that a
/// fast machine cannot reach. They are environment variables because older binaries ignore unknown variables, but refuse
/// unknown flags.
const SETTINGS: [(&str, &str); 2] = [("ORDERBELL_BIND", "127.0.0.1:0"), ("ORDERBELL_STAFF_COMMANDS_PER_SECOND", "100000")];
/// Flags that raise the message rate of a connection beyond what a test needs.
pub const TALKATIVE: [&str; 4] = ["--messages-per-second", "100000", "--message-burst", "100000"];

/// A server on a free port. Dropping it kills the process.
pub struct TestServer {
    process: Child,
    /// The binary of the next start.
    program: PathBuf,
    folder: PathBuf,
    /// The folder, when it belongs to this test alone.
    kept: Option<TempDir>,
    /// Arguments of every command of the binary: the database, and the keys when they are not beside it.
    common: Vec<String>,
    flags: Vec<String>,
    /// Environment variables in addition to this process's own.
    environment: Vec<(String, String)>,
    /// `http://127.0.0.1:PORT`; of a server with TLS, the entrance of its tunnel.
    pub base: String,
    /// The way to a server with TLS.
    pub tunnel: Option<Tunnel>,
}

impl TestServer {
    /// Starts a server on a new demo database, with more flags.
    pub async fn start(flags: &[&str]) -> Self {
        Self::on_copy(template::demo().await, flags).await
    }

    /// Starts a server on a copy of a database.
    pub async fn on_copy(template: &Path, flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        template::copy(template, folder.path());
        let mut server = Self::run(folder.path().to_owned(), flags).await;
        server.kept = Some(folder);
        server
    }

    /// Starts a server on a new demo database with limits in the syntax of the shell's `ulimit`, such as `-n 1024`.
    pub async fn limited(ulimit: &str, flags: &[&str]) -> Self {
        let environment = [(ULIMIT.to_owned(), ulimit.to_owned())];
        let folder = tempfile::tempdir().unwrap();
        template::copy(template::demo().await, folder.path());
        let common = ["--database-url".into(), format!("sqlite://{}", folder.path().join(DATABASE).display())];
        let mut server = Self::with(folder.path().to_owned(), common.into(), flags, &environment).await;
        server.kept = Some(folder);
        server
    }

    /// Returns the number of open file descriptors.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Starts a server on the database in this folder. Creates the database if it does not exist.
    pub async fn run(folder: PathBuf, flags: &[&str]) -> Self {
        let common = ["--database-url".into(), format!("sqlite://{}", folder.join(DATABASE).display())];
        Self::with(folder, common.into(), flags, &[]).await
    }

    /// Starts a node on a database that it shares with others.
    pub async fn joining(common: &[&str], flags: &[&str], environment: &[(String, String)]) -> Self {
        Self::of(&crate::program(), common, flags, environment).await
    }

    /// Starts a node of another binary on a database that it shares with others.
    pub async fn of(program: &Path, common: &[&str], flags: &[&str], environment: &[(String, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::start_of(program, folder.path().to_owned(), owned(common), flags, environment).await;
        server.kept = Some(folder);
        server
    }

    async fn with(folder: PathBuf, common: Vec<String>, flags: &[&str], environment: &[(String, String)]) -> Self {
        Self::start_of(&crate::program(), folder, common, flags, environment).await
    }

    async fn start_of(
        program: &Path,
        folder: PathBuf,
        common: Vec<String>,
        flags: &[&str],
        environment: &[(String, String)],
    ) -> Self {
        let (flags, environment, program) = (owned(flags), environment.to_vec(), program.to_owned());
        let (process, base, tunnel) = spawn(&program, &folder, &common, &flags, &environment).await;
        Self { process, program, folder, kept: None, common, flags, environment, base, tunnel }
    }

    /// Starts the server again on the same database, after [`Self::kill`] or [`Self::stop`].
    pub async fn restart(&mut self) {
        (self.process, self.base, self.tunnel) =
            spawn(&self.program, &self.folder, &self.common, &self.flags, &self.environment).await;
    }

    /// Sets the binary of the next start.
    pub fn install(&mut self, program: PathBuf) {
        self.program = program;
    }

    /// Sets the environment variables of the next start.
    pub fn configure(&mut self, environment: &[(String, String)]) {
        self.environment = environment.to_vec();
    }

    /// Kills the process with SIGKILL.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap();
    }

    /// Stops the server with two signals, so that it does not wait for its clients.
    pub async fn stop(&mut self) {
        self.signal("TERM");
        self.signal("TERM");
        self.exit().await;
    }

    /// Sends a signal to the process.
    pub fn signal(&self, name: &str) {
        let sent = std::process::Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(sent.unwrap().success(), "kill -{name}");
    }

    /// Waits for the process to exit.
    pub async fn exit(&mut self) -> ExitStatus {
        soon("the end of the server", self.process.wait()).await.unwrap()
    }

    pub fn pid(&self) -> u32 {
        self.process.id().expect("the server runs")
    }

    /// Returns the path of its database file, unless it shares a database.
    pub fn database(&self) -> PathBuf {
        self.folder.join(DATABASE)
    }

    /// Returns the resident memory in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Returns the largest resident memory during `work` in bytes, and the result of `work`.
    pub async fn peak_during<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let mut peak = self.resident();
        tokio::pin!(work);
        loop {
            tokio::select! {
                result = &mut work => return (peak.max(self.resident()), result),
                () = tokio::time::sleep(Duration::from_millis(5)) => peak = peak.max(self.resident()),
            }
        }
    }

    /// Runs another command of the binary on the same database. Returns its standard output.
    pub async fn tool(&self, arguments: &[&str]) -> String {
        let mut command = command_of(&self.program, &self.folder, &self.common);
        let output = soon("a command", command.args(arguments).output()).await.unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs another command of the binary on the same database, with a line on its standard input. Returns whether it
    /// succeeded, and all its output.
    pub async fn tool_told(&self, arguments: &[&str], line: &str) -> (bool, String) {
        let mut command = command(&self.folder, &self.common);
        let mut child =
            command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let output = soon("a command", child.wait_with_output()).await.unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Makes the password check of a session older, by a write to the database, since no call can do this.
    pub async fn age_session(&self, session: &str, minutes: i64) {
        let options: SqliteConnectOptions = self.common[1].parse().unwrap();
        let mut connection = SqliteConnection::connect_with(&options.busy_timeout(Duration::from_secs(10))).await.unwrap();
        let age = "UPDATE sessions SET proved_at = COALESCE(proved_at, created_at) - $2 WHERE id = $1";
        let aged = sqlx::query(age).bind(session).bind(minutes * 60_000_000).execute(&mut connection).await.unwrap();
        assert_eq!(aged.rows_affected(), 1, "{session}");
        connection.close().await.unwrap();
    }

    /// Returns a client with a token from `orderbell token`.
    pub async fn client(&self, arguments: &[&str]) -> Client {
        let fixed = ["token", "--restaurant", "demo", "--role"];
        Client::new(&self.base, &self.tool(&[&fixed, arguments].concat()).await)
    }

    /// Returns a guest at a table.
    pub async fn diner(&self, table: &str) -> Client {
        self.client(&["diner", "--table", table]).await
    }

    pub async fn staff(&self) -> Client {
        self.client(&["staff"]).await
    }

    /// Returns the demo's manager, signed in.
    pub async fn manager(&self) -> Client {
        let form = json!({"restaurant": "demo", "username": "manager", "password": "manager-demo"});
        let tokens = self.anybody().post("/api/v1/sessions", &form).await.expect(200);
        Client::new(&self.base, tokens["access_token"].as_str().unwrap())
    }

    pub async fn kitchen(&self, station: &str) -> Client {
        self.client(&["kitchen", "--station", station]).await
    }

    /// Returns a client without a token.
    pub fn anybody(&self) -> Client {
        Client::new(&self.base, "")
    }

    /// Returns the log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Returns the address of a server with TLS, `https://127.0.0.1:PORT`.
    pub fn secure_base(&self) -> String {
        format!("https://{}", self.tunnel.as_ref().expect("the server has TLS").server)
    }

    /// Returns the host and port.
    pub fn authority(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// Returns the value of a metric named like its line, such as `orderbell_limit_hits_total{limit="rooms"}`; 0 when
    /// absent.
    pub async fn metric(&self, name: &str) -> f64 {
        let scrape = self.anybody().get("/metrics").await.text;
        let line = scrape.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |number| number.trim().parse().unwrap())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let lines: Vec<_> = log.lines().filter(|line| !line.contains(" request ")).collect();
            eprintln!("the server's last words:\n{}", lines[lines.len().saturating_sub(20)..].join("\n"));
        }
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Returns a command of the binary, without this process's configuration.
pub fn command(folder: &Path, common: &[String]) -> Command {
    command_of(&crate::program(), folder, common)
}

fn command_of(program: &Path, folder: &Path, common: &[String]) -> Command {
    let mut command = Command::new(program);
    let ours = std::env::vars().map(|(name, _)| name).filter(|name| name.starts_with("ORDERBELL_"));
    for name in ours.chain(["DATABASE_URL".into(), "REDIS_URL".into()]) {
        command.env_remove(name);
    }
    command.envs(SETTINGS).envs(tls::environment()).args(common).current_dir(folder).kill_on_drop(true);
    command
}

async fn spawn(
    program: &Path,
    folder: &Path,
    common: &[String],
    flags: &[String],
    environment: &[(String, String)],
) -> (Child, String, Option<Tunnel>) {
    let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut process = match environment.iter().any(|(name, _)| name == ULIMIT) {
        false => command_of(program, folder, common),
        true => {
            let mut shell = command_of(Path::new("sh"), folder, &[]);
            shell.args(["-c", r#"ulimit $TEST_ULIMIT && exec "$0" "$@""#]).arg(program).args(common);
            shell
        }
    };
    process.args(FLAGS).args(flags).envs(environment.iter().cloned()).stdout(Stdio::piped()).stderr(log);
    let mut process = process.spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let listening = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(base) = line.strip_prefix("listening on ") {
                return base.to_owned();
            }
        }
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        panic!("{flags:?}: the server ended before it listened: {log}");
    };
    let base = soon("the line `listening on …`", listening).await;
    let Some(secure) = base.strip_prefix("https://") else { return (process, base, None) };
    let tunnel = Tunnel::open(secure, tls::root(flags)).await;
    (process, format!("http://{}", tunnel.entrance), Some(tunnel))
}
