//! Connections to Redis: to one server, or to a cluster with sharded channels. The only file that
//! names the redis crate.

use super::channels::slot_key;
use super::push_queue::{Incoming, PushQueue, push_queue};
use super::signature::MAX_MESSAGE;
use redis::aio::MultiplexedConnection;
use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, SingleNodeRoutingInfo, SlotAddr};
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError, Value};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

/// The longest time to connect and sign in.
const CONNECT: Duration = Duration::from_secs(2);
/// The longest time of a request.
const REQUEST: Duration = Duration::from_secs(1);
/// The number of hash slots for a cluster's channels.
const CLUSTER_PARTS: u8 = 16;

/// Why a URL is invalid. No message repeats the URL, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The scheme is unknown.
    #[error("the Redis URL must begin with redis://, rediss:// (TLS), redis+unix://, redis+cluster:// or rediss+cluster://")]
    Scheme,
    /// The text is not a URL of its scheme.
    #[error("the Redis URL is invalid; write redis://user:password@host:6379 or redis+cluster://host:6379,host:6380")]
    Unreadable,
}

/// Why a request to Redis failed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Redis did not answer in time.
    #[error("no answer within {} s", REQUEST.as_secs())]
    Timeout,
    /// Redis refused the request, or the connection is gone.
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// The result of a request.
pub type Result<T> = std::result::Result<T, LinkError>;

/// The address of Redis, with the credentials.
#[derive(Clone)]
pub struct Address(Target);

#[derive(Clone)]
enum Target {
    Server(Box<Client>),
    Cluster(Vec<redis::ConnectionInfo>),
}

impl Address {
    /// Parses a URL. The protocol is RESP3 regardless of the URL.
    ///
    /// # Errors
    /// [`UrlError`], without the URL.
    pub fn parse(url: &SecretString) -> std::result::Result<Self, UrlError> {
        let (scheme, rest) = url.expose_secret().split_once("://").ok_or(UrlError::Scheme)?;
        let target = match scheme {
            "redis" | "rediss" | "redis+unix" => {
                let info = connection_info(url.expose_secret())?;
                Target::Server(Box::new(Client::open(info).map_err(|_| UrlError::Unreadable)?))
            }
            "redis+cluster" => Target::Cluster(cluster_nodes("redis", rest)?),
            "rediss+cluster" => Target::Cluster(cluster_nodes("rediss", rest)?),
            _ => return Err(UrlError::Scheme),
        };
        Ok(Self(target))
    }

    /// Returns the number of parts of the channels (see [`super::channels`]).
    #[must_use]
    pub const fn parts(&self) -> u8 {
        match &self.0 {
            Target::Server(_) => 1,
            Target::Cluster(_) => CLUSTER_PARTS,
        }
    }

    /// Connects. The connection sends Redis's pushes to `queue`, and drops it when it ends.
    ///
    /// # Errors
    /// [`LinkError`] if Redis is unreachable, refuses, or does not answer in time.
    pub async fn connect(&self, queue: PushQueue) -> Result<RedisConnection> {
        let push = move |info: PushInfo| {
            let is_accepted = incoming(info).is_none_or(|incoming| queue.put(incoming));
            if is_accepted { Ok(()) } else { Err(()) }
        };
        match &self.0 {
            Target::Server(client) => {
                let config = AsyncConnectionConfig::new().set_push_sender(push);
                let config = config.set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(REQUEST));
                Ok(RedisConnection::Server(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Target::Cluster(nodes) => {
                let builder: ClusterClientBuilder = ClusterClient::builder(nodes.clone()).push_sender(push);
                let builder = builder.use_protocol(ProtocolVersion::RESP3).retries(2);
                let client = builder.connection_timeout(CONNECT).response_timeout(REQUEST).build()?;
                let connecting = tokio::time::timeout(2 * CONNECT, client.get_async_connection());
                Ok(RedisConnection::Cluster(connecting.await.map_err(|_| LinkError::Timeout)??))
            }
        }
    }
}

impl Address {
    /// Connects and asks for an answer, to check the address.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn ping(&self) -> Result<()> {
        let (queue, _incoming, _overflow) = push_queue();
        match self.connect(queue).await? {
            RedisConnection::Server(mut connection) => in_time(redis::cmd("PING").query_async(&mut connection)).await,
            RedisConnection::Cluster(mut connection) => in_time(redis::cmd("PING").query_async(&mut connection)).await,
        }
    }
}

fn connection_info(url: &str) -> std::result::Result<redis::ConnectionInfo, UrlError> {
    let info = url.into_connection_info().map_err(|_| UrlError::Unreadable)?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

/// Returns the nodes of `user:password@host:port,host:port`, which share the credentials.
fn cluster_nodes(scheme: &str, rest: &str) -> std::result::Result<Vec<redis::ConnectionInfo>, UrlError> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (login, hosts) = authority.rsplit_once('@').map_or(("", authority), |(login, hosts)| (login, hosts));
    let at = if login.is_empty() { "" } else { "@" };
    hosts.split(',').map(|host| connection_info(&format!("{scheme}://{login}{at}{host}"))).collect()
}

/// Converts a push; `None` for confirmations, which also arrive as answers to requests.
fn incoming(info: PushInfo) -> Option<Incoming> {
    let mut data = info.data.into_iter();
    match info.kind {
        PushKind::Message | PushKind::SMessage => match (data.next(), data.next()) {
            (Some(_), Some(Value::BulkString(payload))) if payload.len() <= MAX_MESSAGE => Some(Incoming::Message(payload)),
            _ => Some(Incoming::Oversized),
        },
        PushKind::Unsubscribe | PushKind::SUnsubscribe => match data.next() {
            Some(Value::BulkString(channel)) => Some(Incoming::Unsubscribed(String::from_utf8(channel).ok()?)),
            _ => None,
        },
        PushKind::Disconnection => Some(Incoming::Lost),
        _ => None,
    }
}

/// A connection. Cheap to clone; it ends with its last clone.
#[derive(Clone)]
pub enum RedisConnection {
    /// To one server.
    Server(MultiplexedConnection),
    /// To the nodes of a cluster.
    Cluster(ClusterConnection),
}

impl RedisConnection {
    /// Subscribes to channels, and returns after Redis has confirmed all of them.
    ///
    /// # Errors
    /// [`LinkError`] if Redis refuses one of them or does not answer. Others may be subscribed
    /// then.
    pub async fn subscribe(&mut self, channels: &[String]) -> Result<()> {
        match self {
            Self::Server(connection) => in_time(connection.subscribe(channels)).await,
            Self::Cluster(connection) => {
                for same_slot in by_slot(channels, |channel| channel).into_values() {
                    in_time(connection.ssubscribe(same_slot)).await?;
                }
                Ok(())
            }
        }
    }

    /// Unsubscribes from channels.
    ///
    /// # Errors
    /// [`LinkError`] if Redis does not answer.
    pub async fn unsubscribe(&mut self, channels: &[String]) -> Result<()> {
        match self {
            Self::Server(connection) => in_time(connection.unsubscribe(channels)).await,
            Self::Cluster(connection) => {
                for same_slot in by_slot(channels, |channel| channel).into_values() {
                    in_time(connection.sunsubscribe(same_slot)).await?;
                }
                Ok(())
            }
        }
    }

    /// Publishes messages in one round trip, or on a cluster in one for each slot.
    ///
    /// # Errors
    /// [`LinkError`] if Redis refuses one of them or does not answer. Any number of them may be
    /// published then.
    pub async fn publish(&mut self, messages: &[Outgoing]) -> Result<()> {
        match self {
            Self::Server(connection) => in_time(pipeline("PUBLISH", messages).exec_async(connection)).await,
            Self::Cluster(connection) => {
                for (key, same_slot) in by_slot(messages, |message| &message.channel) {
                    let route = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
                    let count = same_slot.len();
                    let answers = in_time(connection.route_pipeline(pipeline("SPUBLISH", same_slot), 0, count, route)).await?;
                    answers.into_iter().try_for_each(|answer| answer.extract_error().map(drop))?;
                }
                Ok(())
            }
        }
    }
}

/// A sealed message for a channel.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The channel.
    pub channel: String,
    /// The sealed message.
    pub sealed: Vec<u8>,
}

fn pipeline<'a>(command: &str, messages: impl IntoIterator<Item = &'a Outgoing>) -> redis::Pipeline {
    let mut pipeline = redis::pipe();
    for message in messages {
        pipeline.cmd(command).arg(&message.channel).arg(&message.sealed);
    }
    pipeline
}

fn by_slot<T>(all: &[T], channel: impl Fn(&T) -> &String) -> BTreeMap<&str, Vec<&T>> {
    let mut slots: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    for one in all {
        slots.entry(slot_key(channel(one))).or_default().push(one);
    }
    slots
}

/// Adds a timeout to a request, since the crate's own does not cover the wait for space to send.
async fn in_time<T>(request: impl Future<Output = redis::RedisResult<T>>) -> Result<T> {
    Ok(tokio::time::timeout(REQUEST, request).await.map_err(|_| LinkError::Timeout)??)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> std::result::Result<Address, UrlError> {
        Address::parse(&SecretString::from(url))
    }

    #[test]
    fn the_documented_urls_parse() {
        for (url, parts) in [
            ("redis://127.0.0.1", 1),
            ("redis://user:p%40ss@host:6380/?protocol=resp2", 1),
            ("rediss://:secret@host:6380", 1),
            ("redis+unix:///run/redis.sock", 1),
            ("redis+cluster://user:pass@a:1,b:2,[::1]:3", 16),
            ("rediss+cluster://a", 16),
        ] {
            assert_eq!(parse(url).map(|address| address.parts()), Ok(parts), "{url}");
        }
    }

    #[test]
    fn the_nodes_of_a_cluster_share_the_credentials() {
        let Ok(Address(Target::Cluster(nodes))) = parse("redis+cluster://cook:s3cret@a:1,b:2/0") else { panic!("a cluster") };
        let of = |node: &redis::ConnectionInfo| {
            let settings = node.redis_settings();
            (node.addr().to_string(), settings.username().map(str::to_owned), settings.password().map(str::to_owned))
        };
        let expected = |at: &str| (at.to_owned(), Some("cook".to_owned()), Some("s3cret".to_owned()));
        assert_eq!(nodes.iter().map(of).collect::<Vec<_>>(), [expected("a:1"), expected("b:2")]);
    }

    #[test]
    fn an_invalid_url_is_refused_without_showing_its_password() {
        for (url, error) in [
            ("", UrlError::Scheme),
            ("localhost:6379", UrlError::Scheme),
            ("http://user:hunter22@host", UrlError::Scheme),
            ("redis://user:hunter22@host:port", UrlError::Unreadable),
            ("redis://user:hunter22@host/db", UrlError::Unreadable),
            ("redis://user:hunter22@host?protocol=hunter22", UrlError::Unreadable),
            ("redis+cluster://user:hunter22@a:1,b:x", UrlError::Unreadable),
        ] {
            let refused = parse(url).map(drop).unwrap_err();
            assert_eq!(refused, error, "{url}");
            assert!(!format!("{refused} {refused:?}").contains("hunter22"));
        }
    }
}
