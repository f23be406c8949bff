//! Closes connections whose handler does not read a request's body to its end. The dispatcher would read the rest to reach the
//! next request, and a body in chunks may never end. Also keeps the next request unread until the answer has been written.

use crate::connection::sockets::handle::SocketHandle;
use crate::connection::sockets::intake::{Body, Exchange};
use actix_http::error::PayloadError;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _};
use futures_util::{FutureExt, Stream, StreamExt};
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Whether a request announces a body.
pub(super) fn announces_body(headers: &HeaderMap) -> bool {
    announced_body(headers) != Body::None
}

/// Returns how a request says where its body ends. `Transfer-Encoding` overrides `Content-Length` (RFC 9112, section 6.3).
fn announced_body(headers: &HeaderMap) -> Body {
    use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
    if headers.contains_key(TRANSFER_ENCODING) {
        return Body::Chunks;
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.trim().parse().ok());
    match length {
        None | Some(0) => Body::None,
        Some(length) => Body::Length(length),
    }
}

/// Keeps the body of a request until its answer has been written. While a body is kept, the dispatcher reads only what its
/// buffer holds, and closes the connection after the answer.
///
/// # Errors
/// The errors of the wrapped service.
pub async fn close_unread(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let body = announced_body(request.headers());
    let has_body = body != Body::None;
    let exchange = request.conn_data::<Rc<SocketHandle>>().map(|socket| socket.begin(body));
    let payload = if has_body { request.take_payload() } else { Payload::None };
    let kept = Rc::new(Kept { payload: RefCell::new(payload), exchange: RefCell::new(exchange) });
    if has_body {
        request.set_payload(Payload::Stream { payload: Box::pin(Reader(kept.clone())) });
    }
    let whole = Whole(kept);
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| Answer { body, _whole: whole }))
}

/// A request. The reader of its body and the answer share it.
struct Kept {
    payload: RefCell<Payload>,
    /// `None` once the answer has been written.
    exchange: RefCell<Option<Exchange>>,
}

/// The body of a request, as its handler reads it.
struct Reader(Rc<Kept>);

impl Stream for Reader {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut *self.0.payload.borrow_mut()).poll_next(cx);
        if let Some(exchange) = &*self.0.exchange.borrow() {
            match &next {
                Poll::Pending => exchange.want_body(),
                Poll::Ready(None | Some(Err(_))) => exchange.end_body(),
                Poll::Ready(Some(Ok(_))) => {}
            }
        }
        next
    }
}

/// Holds a request until its answer has been written.
struct Whole(Rc<Kept>);

impl Drop for Whole {
    fn drop(&mut self) {
        let exchange = self.0.exchange.take();
        let mut payload = self.0.payload.borrow_mut();
        // The dispatcher may have the whole body although its handler has not read it.
        while let Some(next) = payload.next().now_or_never() {
            if !matches!(next, Some(Ok(_))) {
                if let Some(exchange) = &exchange {
                    exchange.end_body();
                }
                break;
            }
        }
    }
}

pin_project! {
    /// An answer that keeps the body of its request.
    struct Answer<B> {
        #[pin]
        body: B,
        _whole: Whole,
    }
}

impl<B: MessageBody> MessageBody for Answer<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(cx)
    }
}
