//! Redis servers of the test process, for tests that kill and mislead them.

use crate::port;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server on its own port without persistence. It ends with the thread that started it, however that ends.
pub struct Redis {
    port: u16,
    folder: TempDir,
    settings: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    /// Starts a server.
    pub fn start() -> Self {
        let mut redis = Self::prepare(&[]);
        redis.restart();
        redis
    }

    /// Chooses a port without starting a server. `settings` are further arguments of the server.
    pub fn prepare(settings: &[&str]) -> Self {
        let port = port::free();
        let folder = tempfile::Builder::new().prefix("orderbell-redis-").tempdir().expect("a folder must be made");
        Self { port, folder, settings: settings.iter().map(|text| (*text).to_owned()).collect(), child: None }
    }

    /// Returns its address.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Returns its URL.
    pub fn url(&self) -> String {
        format!("redis://{}", self.address())
    }

    /// Starts the server (again) on the same port, and waits until it answers.
    pub fn restart(&mut self) {
        self.kill();
        let mut server = Command::new("setpriv");
        server.args(["--pdeathsig", "KILL", "redis-server", "--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        server.args(["--save", "", "--appendonly", "no", "--loglevel", "warning", "--dir"]).arg(self.folder.path());
        server.args(&self.settings).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(server.spawn().expect("these tests need setpriv: apt-get install util-linux"));
        let until = Instant::now() + Duration::from_secs(20);
        while self.try_ask(&["PING"]).is_err() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().ok()?);
            assert!(ended.is_none(), "these tests need Redis 7: apt-get install redis-server ({ended:?})");
            assert!(Instant::now() < until, "redis-server did not answer within 20 s");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child may be killed");
            child.wait().expect("a killed child ends");
        }
    }

    /// Sends a command as the user with all permissions.
    pub fn ask(&self, command: &[&str]) -> redis::Value {
        self.try_ask(command).unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    fn try_ask(&self, command: &[&str]) -> redis::RedisResult<redis::Value> {
        let mut connection = redis::Client::open(self.url())?.get_connection_with_timeout(Duration::from_secs(1))?;
        redis::cmd(command[0]).arg(&command[1..]).query(&mut connection)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
