//! The HTTP client for calls to addresses that people give.

use super::addresses::{Guarded, NotPublic};
use super::targets::Targets;
use crate::domain::model::push::Endpoint;
use bytes::Bytes;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// The longest time to connect.
const CONNECTING: Duration = Duration::from_secs(5);
/// The longest time of a request, the connection included.
pub const ANSWERING: Duration = Duration::from_secs(10);

/// An answer, without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The wait that the server asks for.
    pub retry_after: Option<Duration>,
}

impl Answer {
    /// Whether the server has accepted the request.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// Why there is no answer. The texts do not contain the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// The host has no address that may be called.
    #[error("the host has no public address")]
    NotPublic,
    /// The answer took too long.
    #[error("no answer in time")]
    TimedOut,
    /// The connection failed.
    #[error("no connection")]
    Failed,
}

/// The client. It calls only the addresses that its targets allow, follows no redirect and reads no body.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    targets: Targets,
}

impl Client {
    /// Makes a client. For arbitrary public hosts it uses no proxy, which would resolve their names itself.
    ///
    /// # Errors
    /// An error if the HTTP client cannot be made.
    pub fn new(targets: Targets) -> anyhow::Result<Self> {
        let resolver = Arc::new(Guarded(targets.clone()));
        let builder = reqwest::Client::builder().redirect(Policy::none()).dns_resolver(resolver);
        let builder = match targets {
            Targets::Listed(_) => builder,
            Targets::Public { .. } => builder.no_proxy(),
        };
        let http = builder.connect_timeout(CONNECTING).timeout(ANSWERING).build()?;
        Ok(Self { http, targets })
    }

    /// Whether an address may be called, as far as its text shows.
    #[must_use]
    pub fn allows(&self, endpoint: &Endpoint) -> bool {
        self.targets.allow(endpoint)
    }

    /// Sends a body with headers.
    ///
    /// # Errors
    /// [`Unreached`].
    pub async fn post(&self, endpoint: &Endpoint, headers: &[(&'static str, &str)], body: Bytes) -> Result<Answer, Unreached> {
        if !self.allows(endpoint) {
            return Err(Unreached::NotPublic);
        }
        let request = self.http.post(endpoint.as_str()).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.map_err(|error| reason(&error))?;
        let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Ok(Answer { status: response.status().as_u16(), retry_after: seconds.map(Duration::from_secs) })
    }
}

fn reason(error: &reqwest::Error) -> Unreached {
    let mut cause = error.source();
    while let Some(error) = cause.filter(|cause| !cause.is::<NotPublic>()) {
        cause = error.source();
    }
    if cause.is_some() {
        Unreached::NotPublic
    } else if error.is_timeout() {
        Unreached::TimedOut
    } else {
        Unreached::Failed
    }
}
