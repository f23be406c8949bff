//! A request's handle on its connection. The dispatcher owns the connection, and polls nothing while the reader takes nothing. The
//! handle can close the connection even then. It also has the connection's place in the registry of sockets.

use super::intake::{Body, Exchange};
use super::registry::{Place, Plain, Work};
use super::socket::{Handle, Socket};
use actix_http::Extensions;
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

/// The connection of a request.
pub struct SocketHandle(Handle);

impl SocketHandle {
    /// Keeps a handle on an accepted socket in the data of its connection. For `HttpService::on_connect_ext`.
    pub fn keep(io: &Socket, connection: &mut Extensions) {
        connection.insert(Rc::new(Self(io.handle())));
    }

    /// Lets the kernel end the connection if sent data is not acknowledged for `patience`. A phone that leaves the network
    /// sends nothing, and a stream gets nothing else from its reader.
    pub fn expect_answers_within(&self, patience: Duration) {
        #[cfg(target_os = "linux")]
        self.0.with(|socket| {
            if let Err(error) = socket.set_tcp_user_timeout(Some(patience)) {
                log::debug!(error:% = error; "cannot set the user timeout of a socket");
            }
        });
        #[cfg(not(target_os = "linux"))]
        let _ = patience;
    }

    /// Shuts the connection down at once, in both directions.
    pub fn cut(&self) {
        // Fails if the other side has done so already.
        self.0.with(|socket| drop(socket.shutdown(Shutdown::Both)));
    }

    /// Marks the connection as busy until the returned guard is dropped.
    #[must_use]
    pub fn work(&self) -> Work {
        Work::begin(self.0.place().clone())
    }

    /// Begins a request. No other is read from the connection until the returned guard is dropped.
    #[must_use]
    pub fn begin(&self, body: Body) -> Exchange {
        self.0.intake().begin(body)
    }

    /// Returns its place in the registry.
    #[must_use]
    pub fn place(&self) -> &Place {
        self.0.place()
    }

    /// Returns the registry of sockets.
    #[must_use]
    pub fn plain(&self) -> &Plain {
        self.place().plain()
    }
}
