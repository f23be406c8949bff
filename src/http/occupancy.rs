//! The effect of a request on its connection. The connection is busy until the answer is written, may be one too many of its
//! address, and writes the answer in pieces.

use super::extract;
use super::problem::Problem;
use super::unread_body::announces_body;
use crate::connection::sockets::handle::SocketHandle;
use crate::connection::sockets::registry::{Held, Plain, Work};
use crate::domain::model::principal::Role;
use crate::protocol::ErrorCode;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError};
use bytes::Bytes;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The bytes of a piece. The dispatcher's buffer of 8 KiB never shrinks once it has grown; a head and two pieces fit without
/// growth.
const PIECE: usize = 3584;
/// The most bytes of an answer that do not count as unread while they wait for their reader.
const SMALL: usize = 16 * 1024;

/// Marks an answer whose bytes are shared with other answers, or are part of the binary, so that it takes no memory of its own.
pub(super) struct Shared;

/// Keeps the connection of a request busy until its answer has been written. A request with a body but without a valid token
/// makes it busy only once there is an answer: a body that never ends must not hold a place that others need. Guests whose
/// address has more connections than its share get `unavailable`; kitchen and staff pass.
///
/// # Errors
/// The errors of the wrapped service.
pub async fn occupy(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let socket = request.conn_data::<Rc<SocketHandle>>().cloned();
    if socket.as_ref().is_some_and(|socket| socket.place().is_over()) && !is_staff_or_probe(&request) {
        if let Some(socket) = &socket {
            socket.plain().count_over();
        }
        let detail = "this address has as many connections as it may; close some, or try again";
        let problem = Problem::new(ErrorCode::Unavailable, detail).after(Duration::from_secs(2));
        // An answer rather than an error, which would bypass the headers of every answer.
        return Ok(request.into_response(problem.error_response()).map_into_right_body());
    }
    let begin = || socket.as_ref().map(|socket| socket.work());
    let work = if is_strangers_body(&request) { None } else { begin() };
    let response = next.call(request).await?;
    let work = work.or_else(begin);
    let is_shared = response.response().extensions().contains::<Shared>();
    let plain = socket.filter(|_| !is_shared).map(|socket| socket.plain().clone());
    Ok(response.map_body(|_, body| Pieces::new(body, plain, work)).map_into_left_body())
}

/// Whether a request without a valid token announces a body.
fn is_strangers_body(request: &ServiceRequest) -> bool {
    announces_body(request.headers()) && extract::verified(request.request()).is_err()
}

/// Whether the request is from anyone but a guest, or from a monitor of the node.
fn is_staff_or_probe(request: &ServiceRequest) -> bool {
    let is_probe = matches!(request.path(), "/healthz" | "/readyz" | "/metrics");
    is_probe || extract::verified(request.request()).is_ok_and(|verified| verified.principal.role != Role::Diner)
}

pin_project! {
    /// A body in pieces.
    struct Pieces<B> {
        #[pin]
        body: B,
        rest: Bytes,
        // Counts the unread bytes; `None` if they are shared.
        plain: Option<Plain>,
        whole: Option<Held>,
        held: Option<Held>,
        _work: Option<Work>,
    }
}

impl<B: MessageBody> Pieces<B> {
    fn new(body: B, plain: Option<Plain>, work: Option<Work>) -> Self {
        let whole = match body.size() {
            BodySize::Sized(size) if size > SMALL as u64 => {
                plain.as_ref().map(|plain| plain.hold(usize::try_from(size).unwrap_or(usize::MAX)))
            }
            _ => None,
        };
        Self { body, rest: Bytes::new(), plain, whole, held: None, _work: work }
    }
}

impl<B: MessageBody> MessageBody for Pieces<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.project();
        if this.rest.is_empty() {
            this.held.take();
            match ready!(this.body.poll_next(cx)) {
                Some(Ok(chunk)) => *this.rest = chunk,
                end => return Poll::Ready(end),
            }
            if this.rest.len() > SMALL && this.whole.is_none() {
                *this.held = this.plain.as_ref().map(|plain| plain.hold(this.rest.len()));
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(piece)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::to_bytes;
    use std::pin::pin;

    #[actix_web::test]
    async fn a_body_comes_in_pieces_and_whole() {
        let whole = Bytes::from(vec![7; 5 * PIECE + 1]);
        let mut pieces = pin!(Pieces::new(whole.clone(), None, None));
        let first = std::future::poll_fn(|cx| pieces.as_mut().poll_next(cx)).await;
        assert!(first.is_some_and(|piece| piece.is_ok_and(|piece| piece.len() == PIECE)));
        assert_eq!(to_bytes(Pieces::new(whole.clone(), None, None)).await.unwrap(), whole);
        assert!(to_bytes(Pieces::new(Bytes::new(), None, None)).await.unwrap().is_empty());
    }
}
