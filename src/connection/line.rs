//! A second handle on the socket of an HTTP connection, to cut it from beside the dispatcher that owns it: while a reader
//! takes nothing, the dispatcher polls neither the response nor anything else.

use actix_http::Extensions;
use actix_rt::net::TcpStream;
use socket2::{SockRef, Socket};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

/// The handle. It keeps the socket open until it is dropped, as the dispatcher's own does.
#[derive(Debug)]
pub struct Line(Socket);

impl Line {
    /// Keeps a handle on an accepted socket among the data of its connection. For `HttpService::on_connect_ext`.
    pub fn keep(io: &TcpStream, connection: &mut Extensions) {
        match SockRef::from(io).try_clone() {
            Ok(socket) => drop(connection.insert(Rc::new(Self(socket)))),
            Err(error) => log::warn!(error:% = error; "no second handle on a socket, a slow reader of it will be cut late"),
        }
    }

    /// Lets the kernel end the connection when what was sent stays without an answer for so long: a phone that has gone
    /// says no goodbye, and a stream hears nothing else of its reader.
    pub fn expect_answers_within(&self, patience: Duration) {
        #[cfg(target_os = "linux")]
        if let Err(error) = self.0.set_tcp_user_timeout(Some(patience)) {
            log::debug!(error:% = error; "no user timeout on a socket");
        }
        #[cfg(not(target_os = "linux"))]
        let _ = patience;
    }

    /// Cuts the connection, both ways, now.
    pub fn cut(&self) {
        // Fails when the other side was quicker.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
