//! File descriptors: how many this process may have, and what becomes of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a node opens beside sockets of clients: the database, logs, Redis, threads.
const OWN: u64 = 128;
/// Plain connections that a node takes beside its connections, where descriptors suffice.
const PLAIN: u64 = 1024;

/// How a node's descriptors are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Division {
    /// Connections: WebSockets, streams and polls.
    pub connections: u32,
    /// Sockets in all: these, and plain HTTP connections.
    pub sockets: u32,
}

/// Raises the limit of this process as far as it may, and divides it. Says so when it is too low for what is wanted.
pub fn prepare(connections: u32, database_connections: u32) -> Division {
    let own = OWN + u64::from(database_connections);
    let limit = raise();
    let division = divide(limit, own, connections);
    if division.connections < connections {
        let needed = u64::from(connections) + PLAIN + own;
        log::warn!(
            limit, needed, wanted = connections, connections = division.connections;
            "the hard limit of file descriptors is too low for --connections, this node takes fewer: raise it \
             (ulimit -Hn, LimitNOFILE= of systemd, --ulimit nofile= of docker), or ask for fewer"
        );
    }
    division
}

/// The soft limit, raised to the hard one.
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

/// Some places stay for plain connections, a quarter where there are few: a new connection has to be taken before it is
/// known what it becomes.
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
    fn a_limit_is_divided_so_that_plain_connections_always_have_places() {
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
