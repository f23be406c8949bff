//! The release binary as a process on one core, with a restaurant to attack.

use crate::http::{Call, call};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Tables of the normal load.
pub const TABLES: usize = 250;
/// The table of a hostile guest: the last one, where nobody else sits.
pub const HOSTILE_TABLE: usize = TABLES;
/// Waiters, whose commands are measured.
pub const WAITERS: usize = 10;
/// The password of all people.
pub const PASSWORD: &str = "quiet lantern 4711 harbour";
const BINARY: &str = env!("CARGO_BIN_EXE_orderbell");
/// The core of the server. The clients use the other one (`scripts/abuse`).
const CORE: &str = "0";

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A server with a restaurant of [`TABLES`] tables and a menu of 200 dishes. Dropping it kills the process.
pub struct Server {
    process: Child,
    folder: TempDir,
    /// The listening address.
    pub address: SocketAddr,
    pub restaurant: String,
    /// The keys of the tables.
    pub tables: Vec<String>,
    /// The ids of the tables, in the same order.
    pub table_ids: Vec<String>,
    /// The manager's token.
    pub manager: String,
    /// A dish of the menu.
    pub dish: String,
}

/// The slug of the restaurant.
pub const SLUG: &str = "rezala";

impl Server {
    /// Starts a server with more flags and a limit of descriptors, and creates a restaurant.
    pub async fn start(flags: &[String], descriptors: u32) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let database = format!("sqlite://{}/orderbell.db", folder.path().display());
        let tables = (TABLES + 1).to_string();
        let added = ["restaurant", "add", "--slug", SLUG, "--name", "Rezala House", "--currency", "BDT", "--tables", &tables];
        tool(&database, &added, "")?;
        tool(&database, &["user", "add", "--restaurant", SLUG, "--username", "manager", "--role", "manager"], PASSWORD)?;
        let (process, address) = spawn(&database, flags, descriptors)?;
        let mut server = Self {
            process,
            folder,
            address,
            restaurant: String::new(),
            tables: Vec::new(),
            table_ids: Vec::new(),
            manager: String::new(),
            dish: String::new(),
        };
        server.furnish().await?;
        Ok(server)
    }

    async fn furnish(&mut self) -> Outcome<()> {
        let signed_in = self.sign_in("manager").await?;
        self.manager = text(&signed_in["access_token"]);
        self.restaurant = text(&signed_in["restaurant"]["id"]);
        let tables = self.managed(Call::new(format!("GET /api/v1/restaurants/{SLUG}/tables"))).await?;
        for table in tables["tables"].as_array().into_iter().flatten() {
            self.tables.push(text(&table["key"]));
            self.table_ids.push(text(&table["id"]));
        }
        let category = uuid(1);
        let items = (0..200).map(|number| {
            let item = json!({
                "name": format!("Dish {number}"), "description": "slowly cooked, ".repeat(12), "category": category,
                "price": {"amount": 45_000, "currency": "BDT"}, "station": "hot", "sort": number,
            });
            (uuid(1000 + number), item)
        });
        let menu = json!({"categories": {category.clone(): {"name": "Mains", "sort": 1}}, "items": items.collect::<serde_json::Map<_, _>>()});
        self.dish = uuid(1000);
        self.managed(Call::new(format!("PUT /api/v1/restaurants/{SLUG}/menu")).json(&menu)).await?;
        for waiter in 0..WAITERS {
            let person = json!({"username": format!("waiter{waiter}"), "password": PASSWORD, "role": "staff"});
            self.managed(Call::new(format!("POST /api/v1/restaurants/{SLUG}/people")).json(&person)).await?;
        }
        Ok(())
    }

    /// Sends a call as the manager.
    pub async fn managed(&self, request: Call) -> Outcome<Value> {
        let answer = call(Ipv4Addr::LOCALHOST, self.address, &request.clone().token(&self.manager)).await?;
        match answer.status {
            200..=299 => Ok(answer.json()),
            status => Err(format!("{}: {status} {}", request.line, answer.json()).into()),
        }
    }

    /// Signs a person in.
    pub async fn sign_in(&self, username: &str) -> Outcome<Value> {
        let answer = call(Ipv4Addr::LOCALHOST, self.address, &sign_in(username, PASSWORD)).await?;
        match answer.status {
            200 => Ok(answer.json()),
            status => Err(format!("{username} cannot sign in: {status} {}", answer.json()).into()),
        }
    }

    /// Issues a token of a kitchen screen.
    pub fn kitchen_token(&self) -> Outcome<String> {
        let database = format!("sqlite://{}/orderbell.db", self.folder.path().display());
        Ok(tool(&database, &["token", "--role", "kitchen", "--restaurant", SLUG], "")?.trim().to_owned())
    }

    /// Returns the resident memory in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
    }

    /// Returns whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the call that signs a person in.
pub fn sign_in(username: &str, password: &str) -> Call {
    let body = json!({"restaurant": SLUG, "username": username, "password": password});
    Call::new("POST /api/v1/sessions").json(&body)
}

/// Returns the UUID of a number.
pub fn uuid(number: u32) -> String {
    format!("01930000-0000-7000-8000-{number:012}")
}

/// Returns the text of a JSON string, or an empty one for any other value.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn spawn(database: &str, flags: &[String], descriptors: u32) -> Outcome<(Child, SocketAddr)> {
    let limit = format!("--nofile={}:{descriptors}", descriptors.min(1024));
    let mut process = Command::new("prlimit")
        .args([&limit, "taskset", "-c", CORE, BINARY, "serve", "--bind", "127.0.0.1:0", "--workers", "1"])
        .args(["--database-url", database, "--log", "error"])
        .args(flags)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(process.stdout.take().ok_or("no standard output")?).read_line(&mut line)?;
    let address = line.trim().strip_prefix("listening on http://").ok_or_else(|| format!("the server said {line:?}"))?;
    Ok((process, address.parse()?))
}

fn tool(database: &str, args: &[&str], input: &str) -> Outcome<String> {
    let mut command = Command::new(BINARY);
    command.args(args).args(["--database-url", database]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn()?;
    if let Some(mut stdin) = process.stdin.take() {
        writeln!(stdin, "{input}")?;
    }
    let output = process.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("orderbell {args:?} failed").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
