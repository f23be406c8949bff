//! File descriptors: raises the limit of the process and divides it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The descriptors of a node other than client sockets: database, logs, Redis, threads.
const OWN: u64 = 128;
/// The plain HTTP connections of a node beside its live connections, if descriptors suffice.
const PLAIN: u64 = 1024;

/// The division of a node's descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    /// The most live connections: WebSockets, streams and polls.
    pub connections: u32,
    /// The most sockets, including plain HTTP connections.
    pub sockets: u32,
}

/// Raises the limit of this process as far as possible and divides it. Warns if it is too low for
/// `connections`.
pub fn prepare(connections: u32, database_connections: u32) -> Division {
    let own = OWN + u64::from(database_connections);
    let limit = raise();
    let division = divide(limit, own, connections);
    if division.connections < connections {
        let needed = u64::from(connections) + PLAIN + own;
        log::warn!(
            limit, needed, wanted = connections, connections = division.connections;
            "the hard limit of file descriptors is too low for --connections, so this node accepts fewer: raise it \
             (ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= of docker), or lower --connections"
        );
    }
    division
}

/// Returns the hard limit of this process, and the descriptors that a node of so many connections needs.
#[must_use]
pub fn limit_and_need(connections: u32, database_connections: u32) -> (u64, u64) {
    let limit = getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX);
    (limit, u64::from(connections) + PLAIN + OWN + u64::from(database_connections))
}

/// Raises the soft limit to the hard one and returns it.
fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current == maximum {
        return current.unwrap_or(u64::MAX);
    }
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum.unwrap_or(u64::MAX),
        Err(error) => {
            log::warn!(error:% = error; "cannot raise the soft limit of file descriptors");
            current.unwrap_or(u64::MAX)
        }
    }
}

/// Divides the limit. Reserves descriptors for plain connections, at most a quarter, since the kind
/// of a new connection is only known after it is accepted.
fn divide(limit: u64, own: u64, wanted: u32) -> Division {
    let usable = limit.saturating_sub(own).max(2);
    let connections = u64::from(wanted).min(usable - PLAIN.min(usable.div_ceil(4)));
    let sockets = usable.min(u64::from(wanted) + PLAIN);
    let narrow = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Division { connections: narrow(connections), sockets: narrow(sockets) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_connections_always_have_descriptors() {
        for (limit, connections, sockets) in [
            (1_048_576, 50_000, 51_024),
            (u64::MAX, 50_000, 51_024),
            (51_024 + OWN, 50_000, 51_024),
            (20_000, 18_848, 19_872),
            (1024, 672, 896),
            (0, 1, 2),
        ] {
            assert_eq!(divide(limit, OWN, 50_000), Division { connections, sockets }, "{limit}");
        }
    }
}
