//! PostgreSQL: the cluster named by `ORDERBELL_TEST_POSTGRES_URL`, or one that the test process starts.

use crate::port;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The URL of a cluster in which a superuser may create databases.
const CLUSTER: &str = "ORDERBELL_TEST_POSTGRES_URL";

/// Runs the server and reads commands from standard input. `kill` kills the server. It first suspends the server and then
/// waits for the children to exit, since a remaining child would keep the next server from starting. `crash` does the same
/// and starts the server again, `stop` is an immediate shutdown, `shut` a clean one, and `hang` suspends all processes. The
/// end of the input means that the test process has exited: the script then stops the server and removes its files.
const KEEPER: &str = r#"
dir=$1; shift
run() { "$@" >>"$dir/log" 2>&1 & }
slay() {
    kill -STOP $!; sleep 0.01; children=$(pgrep -P $!)
    kill -KILL $children $!; wait
    for child in $children; do while kill -0 "$child" 2>/dev/null; do sleep 0.01; done; done
}
run "$@"
while read -r word; do
    case $word in
    crash) slay; run "$@" ;;
    kill) slay ;;
    stop) kill -QUIT $!; wait ;;
    shut) kill -INT $!; wait ;;
    hang) kill -STOP $! $(pgrep -P $!) ;;
    start) run "$@" ;;
    esac
done
kill -CONT $! $(pgrep -P $!); kill -QUIT $!; wait; rm -rf "$dir"
"#;

static OWN: LazyLock<Cluster> = LazyLock::new(Cluster::start);
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// Creates an empty database and returns its URL.
pub async fn database() -> String {
    match std::env::var(CLUSTER) {
        Ok(url) => create(&url).await,
        Err(_) => create(&OWN.url()).await,
    }
}

async fn create(cluster: &str) -> String {
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("orderbell_test_{}_{number}", std::process::id());
    let mut connection = PgConnection::connect(cluster).await.expect("the test cluster must accept connections");
    // A cluster that outlives its tests may have a database of an earlier process with this id.
    let drop = format!("DROP DATABASE IF EXISTS {name}");
    connection.execute(AssertSqlSafe(drop)).await.expect("a left-over database must be dropped");
    let create = format!("CREATE DATABASE {name}");
    connection.execute(AssertSqlSafe(create)).await.expect("the test cluster must let this user make databases");
    connection.close().await.expect("the connection must close");
    let (head, parameters) = cluster.split_once('?').map_or((cluster, None), |(head, rest)| (head, Some(rest)));
    let authority = head.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    parameters.map_or_else(|| format!("{authority}/{name}"), |rest| format!("{authority}/{name}?{rest}"))
}

/// The address of a cluster, unless a test gives it another.
const LOCAL: &str = "127.0.0.1";

/// A cluster of this process.
pub struct Cluster {
    address: String,
    port: u16,
    keeper: Child,
}

/// How a primary is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It is gone at once.
    Killed,
    /// Its processes are suspended, and its connections stay open.
    Hung,
    /// It was shut down, and its standby has everything.
    ShutDown,
}

impl Cluster {
    /// Creates and starts a cluster.
    pub fn start() -> Self {
        Self::start_at(LOCAL, None)
    }

    /// Creates and starts a cluster that listens on an address, for the hosts of a network.
    pub fn start_at(address: &str, network: Option<&str>) -> Self {
        let bin = installed();
        let folder = folder();
        let data = folder.join("data");
        let mut initdb = as_postgres(&bin.join("initdb"));
        let initdb = initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-D"]);
        let made = initdb.arg(&data).output().expect("initdb must run");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        if let Some(network) = network {
            let rules = File::options().append(true).open(data.join("pg_hba.conf"));
            writeln!(rules.expect("initdb makes the rules"), "host all all {network} trust").expect("a rule must be added");
        }
        Self::run(&bin, &folder, address)
    }

    /// Creates and starts a synchronous standby of this primary.
    pub async fn standby(&self) -> Self {
        let standby = Self::following((Ipv4Addr::LOCALHOST, self.port).into());
        self.wait_for_standbys(Some("*")).await;
        standby
    }

    /// Creates and starts an asynchronous standby, which reaches its primary at the given address.
    pub fn following(primary: SocketAddr) -> Self {
        let bin = installed();
        let folder = folder();
        let mut copy = as_postgres(&bin.join("pg_basebackup"));
        let (host, port) = (primary.ip().to_string(), primary.port().to_string());
        let copy = copy.args(["-h", &host, "-U", "postgres", "-p", &port, "-R", "--no-sync", "--checkpoint=fast", "-D"]);
        let made = copy.arg(folder.join("data")).output().expect("pg_basebackup must run");
        assert!(made.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&made.stderr));
        Self::run(&bin, &folder, LOCAL)
    }

    /// Makes commits wait for the standbys of these names, or for none.
    pub async fn wait_for_standbys(&self, names: Option<&str>) {
        let mut connection = PgConnection::connect(&self.url()).await.expect("the server must accept connections");
        let set = names.map_or("ALTER SYSTEM RESET synchronous_standby_names".to_owned(), |names| {
            format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        });
        connection.execute(AssertSqlSafe(set)).await.expect("a superuser may change settings");
        connection.execute("SELECT pg_reload_conf()").await.expect("a superuser may reload settings");
    }

    /// Makes a standby the primary.
    pub async fn promote(&self) {
        let mut connection = PgConnection::connect(&self.url()).await.expect("a standby must accept connections");
        connection.execute("SELECT pg_promote()").await.expect("a standby must become the primary");
    }

    /// Loses this server.
    pub fn lose(&mut self, how: Loss) {
        match how {
            Loss::Killed => {
                self.tell("kill");
                self.wait_until_away();
            }
            Loss::ShutDown => {
                self.tell("shut");
                self.wait_until_away();
            }
            Loss::Hung => self.tell("hang"),
        }
    }

    /// Returns the address of the server.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.address, self.port)
    }

    /// Starts the server of a folder.
    fn run(bin: &Path, folder: &Path, address: &str) -> Self {
        let port = port::free();
        let data = folder.join("data");
        let mut keeper = as_postgres(Path::new("sh"));
        keeper.args(["-c", KEEPER, "keeper"]).arg(folder).arg(bin.join("postgres")).arg("-D").arg(&data);
        for setting in [format!("port={port}"), format!("listen_addresses={address}"), "unix_socket_directories=".into()] {
            keeper.args(["-c", &setting]);
        }
        // Tests kill processes and not the machine, so data in the kernel's cache is safe.
        keeper.args(["-c", "max_connections=300", "-c", "fsync=off"]);
        let keeper = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("sh must run");
        let cluster = Self { address: address.into(), port, keeper };
        cluster.wait_until_ready(bin);
        cluster
    }

    /// Creates an empty database and returns its URL.
    pub async fn database(&self) -> String {
        create(&self.url()).await
    }

    /// Kills all processes of the server at once and starts it again on the same files.
    pub fn crash(&mut self) {
        self.tell("crash");
        self.wait_until_away();
        self.wait_until_ready(&installed());
    }

    /// Shuts the server down immediately: it cuts every connection and writes nothing more.
    pub fn stop(&mut self) {
        self.tell("stop");
        self.wait_until_away();
    }

    /// Starts the server again on the same files, and waits until it answers.
    pub fn start_again(&mut self) {
        self.tell("start");
        self.wait_until_ready(&installed());
    }

    fn tell(&mut self, word: &str) {
        let input = self.keeper.stdin.as_mut().expect("the keeper's input is piped");
        writeln!(input, "{word}").expect("the keeper must be running");
    }

    fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.authority())
    }

    fn wait_until_away(&self) {
        // Wait until the old server is gone, or the new one is starting: the old one would look ready.
        let until = Instant::now() + Duration::from_secs(2);
        while Instant::now() < until && TcpStream::connect((self.address.as_str(), self.port)).is_ok() {
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn wait_until_ready(&self, bin: &Path) {
        let until = Instant::now() + Duration::from_secs(30);
        let port = self.port.to_string();
        loop {
            let asked = Command::new(bin.join("pg_isready")).args(["-q", "-h", &self.address, "-p", &port]).status();
            if asked.is_ok_and(|status| status.success()) {
                return;
            }
            assert!(Instant::now() < until, "postgresql did not become ready within 30 s");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Returns the folder of the newest installed server's programs.
fn installed() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let bins = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("postgres").exists());
    let version = |bin: &PathBuf| bin.parent().and_then(|path| path.file_name()?.to_str()?.parse::<u32>().ok());
    let newest = bins.max_by_key(version);
    newest.unwrap_or_else(|| panic!("these tests need PostgreSQL: apt-get install postgresql, or set {CLUSTER}"))
}

/// Returns a command that runs as user `postgres`, because PostgreSQL refuses to run as root.
fn as_postgres(program: &Path) -> Command {
    if fs::metadata("/proc/self").is_ok_and(|process| process.uid() != 0) {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program).current_dir("/");
    command
}

fn folder() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("orderbell-postgres-").tempdir().expect("a folder must be made").keep();
    if fs::metadata(&folder).is_ok_and(|made| made.uid() == 0) {
        let account = |flag| {
            let output = Command::new("id").args([flag, "postgres"]).output().expect("id must run");
            String::from_utf8_lossy(&output.stdout).trim().parse().expect("there must be a user postgres")
        };
        chown(&folder, Some(account("-u")), Some(account("-g"))).expect("root may give a folder away");
    }
    folder
}
