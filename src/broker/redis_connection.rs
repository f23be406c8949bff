//! A connection to Redis: one server, or a cluster with sharded channels. The only file that names the redis crate.

use super::channels::slot_key;
use super::push_queue::{Incoming, PushQueue};
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

/// How long it may take to connect and sign in.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a request may take.
const REQUEST: Duration = Duration::from_secs(1);
/// Into how many hash slots a cluster's channels fall.
const CLUSTER_PARTS: u8 = 16;

/// Why a URL was not taken. No text here repeats it, since it may carry a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Of another scheme.
    #[error("the Redis URL must begin with redis://, rediss:// (TLS), redis+unix://, redis+cluster:// or rediss+cluster://")]
    Scheme,
    /// Not a URL of that scheme.
    #[error("the Redis URL does not read: redis://user:password@host:6379 or redis+cluster://host:6379,host:6380 is wanted")]
    Unreadable,
}

/// Why a request to Redis failed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// No answer in time.
    #[error("no answer within {} s", REQUEST.as_secs())]
    Timeout,
    /// It was refused, or the connection is gone.
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// What comes of a request.
pub type Result<T> = std::result::Result<T, LinkError>;

/// Where Redis is, and how to sign in.
#[derive(Clone)]
pub struct Address(Place);

#[derive(Clone)]
enum Place {
    Server(Box<Client>),
    Cluster(Vec<redis::ConnectionInfo>),
}

impl Address {
    /// Reads a URL. The protocol is RESP3, whatever the URL says.
    ///
    /// # Errors
    /// [`UrlError`], without the URL.
    pub fn parse(url: &SecretString) -> std::result::Result<Self, UrlError> {
        let (scheme, rest) = url.expose_secret().split_once("://").ok_or(UrlError::Scheme)?;
        let place = match scheme {
            "redis" | "rediss" | "redis+unix" => {
                let info = connection_info(url.expose_secret())?;
                Place::Server(Box::new(Client::open(info).map_err(|_| UrlError::Unreadable)?))
            }
            "redis+cluster" => Place::Cluster(cluster_nodes("redis", rest)?),
            "rediss+cluster" => Place::Cluster(cluster_nodes("rediss", rest)?),
            _ => return Err(UrlError::Scheme),
        };
        Ok(Self(place))
    }

    /// Into how many parts the channels fall (see [`super::channels`]).
    #[must_use]
    pub const fn parts(&self) -> u8 {
        match &self.0 {
            Place::Server(_) => 1,
            Place::Cluster(_) => CLUSTER_PARTS,
        }
    }

    /// Connects. What Redis pushes goes into the inlet, which is let go when the connection ends.
    ///
    /// # Errors
    /// When it is not there, refuses, or does not answer in time.
    pub async fn connect(&self, inlet: PushQueue) -> Result<RedisConnection> {
        let push = move |info: PushInfo| {
            let is_taken = incoming(info).is_none_or(|incoming| inlet.put(incoming));
            if is_taken { Ok(()) } else { Err(()) }
        };
        match &self.0 {
            Place::Server(client) => {
                let config = AsyncConnectionConfig::new().set_push_sender(push);
                let config = config.set_connection_timeout(Some(CONNECT)).set_response_timeout(Some(REQUEST));
                Ok(RedisConnection::Server(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Place::Cluster(nodes) => {
                let builder: ClusterClientBuilder = ClusterClient::builder(nodes.clone()).push_sender(push);
                let builder = builder.use_protocol(ProtocolVersion::RESP3).retries(2);
                let client = builder.connection_timeout(CONNECT).response_timeout(REQUEST).build()?;
                let connecting = tokio::time::timeout(2 * CONNECT, client.get_async_connection());
                Ok(RedisConnection::Cluster(connecting.await.map_err(|_| LinkError::Timeout)??))
            }
        }
    }
}

fn connection_info(url: &str) -> std::result::Result<redis::ConnectionInfo, UrlError> {
    let info = url.into_connection_info().map_err(|_| UrlError::Unreadable)?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

/// The nodes of `user:password@host:port,host:port`, which all take the same sign-in.
fn cluster_nodes(scheme: &str, rest: &str) -> std::result::Result<Vec<redis::ConnectionInfo>, UrlError> {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let (login, hosts) = authority.rsplit_once('@').map_or(("", authority), |(login, hosts)| (login, hosts));
    let at = if login.is_empty() { "" } else { "@" };
    hosts.split(',').map(|host| connection_info(&format!("{scheme}://{login}{at}{host}"))).collect()
}

/// What a push means to us; `None` for what is told us twice, since requests are answered too.
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

/// A connection. Cheap to clone; gone with its last clone.
#[derive(Clone)]
pub enum RedisConnection {
    /// To one server.
    Server(MultiplexedConnection),
    /// To the nodes of a cluster.
    Cluster(ClusterConnection),
}

impl RedisConnection {
    /// Subscribes to channels; all are confirmed when it returns.
    ///
    /// # Errors
    /// When one of them is refused (the others may then be subscribed), or there is no answer.
    pub async fn subscribe(&mut self, channels: &[String]) -> Result<()> {
        match self {
            Self::Server(connection) => in_time(connection.subscribe(channels)).await,
            Self::Cluster(connection) => {
                for alike in by_slot(channels, |channel| channel).into_values() {
                    in_time(connection.ssubscribe(alike)).await?;
                }
                Ok(())
            }
        }
    }

    /// Unsubscribes from channels.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn unsubscribe(&mut self, channels: &[String]) -> Result<()> {
        match self {
            Self::Server(connection) => in_time(connection.unsubscribe(channels)).await,
            Self::Cluster(connection) => {
                for alike in by_slot(channels, |channel| channel).into_values() {
                    in_time(connection.sunsubscribe(alike)).await?;
                }
                Ok(())
            }
        }
    }

    /// Publishes messages in one round trip (on a cluster, one for each slot among them).
    ///
    /// # Errors
    /// When one of them is refused, or there is no answer. Any number of them may have gone out.
    pub async fn publish(&mut self, messages: &[Outgoing]) -> Result<()> {
        match self {
            Self::Server(connection) => in_time(pipeline("PUBLISH", messages).exec_async(connection)).await,
            Self::Cluster(connection) => {
                for (key, alike) in by_slot(messages, |message| &message.channel) {
                    let route = SingleNodeRoutingInfo::SpecificNode(Route::with_key(key, SlotAddr::Master));
                    let count = alike.len();
                    let answers = in_time(connection.route_pipeline(pipeline("SPUBLISH", alike), 0, count, route)).await?;
                    answers.into_iter().try_for_each(|answer| answer.extract_error().map(drop))?;
                }
                Ok(())
            }
        }
    }
}

/// A sealed message and where it goes.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The channel.
    pub channel: String,
    /// The message.
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

/// The crate's own timeout covers the answer, and not the wait for space to send.
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
    fn the_documented_urls_are_taken() {
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
    fn every_node_of_a_cluster_takes_the_same_sign_in() {
        let Ok(Address(Place::Cluster(nodes))) = parse("redis+cluster://cook:s3cret@a:1,b:2/0") else { panic!("a cluster") };
        let of = |node: &redis::ConnectionInfo| {
            let settings = node.redis_settings();
            (node.addr().to_string(), settings.username().map(str::to_owned), settings.password().map(str::to_owned))
        };
        let expected = |at: &str| (at.to_owned(), Some("cook".to_owned()), Some("s3cret".to_owned()));
        assert_eq!(nodes.iter().map(of).collect::<Vec<_>>(), [expected("a:1"), expected("b:2")]);
    }

    #[test]
    fn a_bad_url_is_refused_without_its_secret() {
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
