//! The servers of a URL. As in libpq, a URL may name several, separated by commas:
//! `postgres://orderbell@db1:5432,db2:5432/orderbell`. One of them is the primary. A node always looks for it, as libpq does
//! with `target_session_attrs=read-write`, since it writes.

use crate::store::options::OpenError;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// The number of statements that a connection keeps prepared: enough for each statement of a group
/// of commands in each of its sizes, and for all others.
const STATEMENTS: usize = 300;
/// The parameter that says what kind of server to use.
const ATTRIBUTES: &str = "target_session_attrs";
/// The values of the parameter with which a node works.
const OF_PRIMARY: [&str; 2] = ["read-write", "primary"];
/// Parameters of libpq that may list servers.
const LISTS: [&str; 3] = ["host", "hostaddr", "port"];

/// Returns the options of connections to each server of a URL, in its order.
pub fn options(url: &str) -> Result<Vec<PgConnectOptions>, OpenError> {
    let url = without_attributes(url)?;
    split(&url)?.iter().map(|url| of_one(url)).collect()
}

/// Returns `host:port,host:port/database`, without the user and the password.
pub fn place(options: &[PgConnectOptions]) -> String {
    let of_one = |options: &PgConnectOptions| {
        let socket = options.get_socket().map(|socket| socket.display().to_string());
        format!("{}:{}", socket.unwrap_or_else(|| options.get_host().to_owned()), options.get_port())
    };
    let servers: Vec<_> = options.iter().map(of_one).collect();
    let database = options.first().and_then(PgConnectOptions::get_database);
    format!("{}/{}", servers.join(","), database.unwrap_or_default())
}

fn of_one(url: &str) -> Result<PgConnectOptions, OpenError> {
    let options: PgConnectOptions = url.parse().map_err(|_| OpenError::Url)?;
    Ok(options.application_name("orderbell").statement_cache_capacity(STATEMENTS).disable_statement_logging())
}

/// Removes the parameter `target_session_attrs`. Refuses a value with which a node does not work.
fn without_attributes(url: &str) -> Result<String, OpenError> {
    let Some((head, query)) = url.split_once('?') else { return Ok(url.to_owned()) };
    let mut kept = Vec::new();
    for parameter in query.split('&') {
        match parameter.split_once('=') {
            Some((ATTRIBUTES, value)) if OF_PRIMARY.contains(&value) => {}
            Some((ATTRIBUTES, _)) => return Err(OpenError::SessionAttributes),
            Some((name, value))
                if LISTS.contains(&name) && (value.contains(',') || value.to_ascii_lowercase().contains("%2c")) =>
            {
                return Err(OpenError::HostList);
            }
            _ => kept.push(parameter),
        }
    }
    Ok(if kept.is_empty() { head.to_owned() } else { format!("{head}?{}", kept.join("&")) })
}

/// Splits a URL into one for each server of its authority.
fn split(url: &str) -> Result<Vec<String>, OpenError> {
    let (scheme, rest) = url.split_once("://").ok_or(OpenError::Url)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(end);
    let (person, servers) = authority.rsplit_once('@').map_or(("", authority), |(person, servers)| (person, servers));
    let at = if person.is_empty() { "" } else { "@" };
    let servers: Vec<_> = servers.split(',').collect();
    if servers.len() > 1 && servers.iter().any(|server| server.is_empty()) {
        return Err(OpenError::Url);
    }
    Ok(servers.iter().map(|server| format!("{scheme}://{person}{at}{server}{tail}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(url: &str) -> Result<String, OpenError> {
        options(url).map(|options| place(&options))
    }

    #[test]
    fn a_url_names_one_server_or_several() {
        for (url, expected) in [
            ("postgres://u:p@db/orders", "db:5432/orders"),
            ("postgres://u:p%40w@db1,db2:6432/orders?sslmode=disable", "db1:5432,db2:6432/orders"),
            ("postgresql://db1:1,db2:2,[::1]:3/orders?target_session_attrs=read-write", "db1:1,db2:2,[::1]:3/orders"),
            ("postgres://db1,db2/orders?target_session_attrs=primary&sslmode=disable", "db1:5432,db2:5432/orders"),
            ("postgres:///orders?host=/run/postgresql", "/run/postgresql:5432/orders"),
        ] {
            assert_eq!(place_of(url).expect(url), expected);
        }
    }

    #[test]
    fn every_server_has_the_user_and_the_parameters_of_the_url() {
        let options = options("postgres://mina:secret@db1,db2/orders?sslmode=require").expect("the URL is valid");
        assert_eq!(options.len(), 2);
        for options in &options {
            assert_eq!((options.get_username(), options.get_database()), ("mina", Some("orders")));
            assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::Require));
        }
    }

    #[test]
    fn unusable_lists_of_servers_are_refused() {
        let refused = |url: &str| place_of(url).expect_err(url).to_string();
        for attributes in ["any", "read-only", "standby", "prefer-standby", "nonsense"] {
            let url = format!("postgres://db1,db2/orders?target_session_attrs={attributes}");
            assert!(refused(&url).contains("read-write"), "{url}");
        }
        for list in ["host=db1,db2", "host=db1%2Cdb2", "host=db1%2cdb2", "hostaddr=10.0.0.1,10.0.0.2", "port=1,2"] {
            assert!(refused(&format!("postgres://u@/orders?{list}")).contains("db1:5432,db2:5432"), "{list}");
        }
        for url in ["postgres://db1,/orders", "postgres://db1:a,db2/orders", "postgres:db1"] {
            assert!(place_of(url).is_err(), "{url}");
        }
    }
}
