//! What requests see of the connection they came by: a way to cut it from beside the dispatcher that owns it (while a
//! reader takes nothing, the dispatcher polls neither the response nor anything else), and its place among the others.

use super::registry::{Place, Plain, Work};
use super::socket::{Handle, Socket};
use actix_http::Extensions;
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

/// The connection of a request.
pub struct SocketHandle(Handle);

impl SocketHandle {
    /// Keeps a handle on an accepted socket among the data of its connection. For `HttpService::on_connect_ext`.
    pub fn keep(io: &Socket, connection: &mut Extensions) {
        connection.insert(Rc::new(Self(io.handle())));
    }

    /// Lets the kernel end the connection when what was sent stays without an answer for so long: a phone that has gone
    /// says no goodbye, and a stream hears nothing else of its reader.
    pub fn expect_answers_within(&self, patience: Duration) {
        #[cfg(target_os = "linux")]
        self.0.with(|socket| {
            if let Err(error) = socket.set_tcp_user_timeout(Some(patience)) {
                log::debug!(error:% = error; "no user timeout on a socket");
            }
        });
        #[cfg(not(target_os = "linux"))]
        let _ = patience;
    }

    /// Cuts the connection, both ways, now.
    pub fn cut(&self) {
        // Fails when the other side was quicker.
        self.0.with(|socket| drop(socket.shutdown(Shutdown::Both)));
    }

    /// A request begins, which ends when what is given is dropped.
    #[must_use]
    pub fn work(&self) -> Work {
        Work::begin(self.0.place().clone())
    }

    /// Its place.
    #[must_use]
    pub fn place(&self) -> &Place {
        self.0.place()
    }

    /// The registry of connections.
    #[must_use]
    pub fn plain(&self) -> &Plain {
        self.place().plain()
    }
}
