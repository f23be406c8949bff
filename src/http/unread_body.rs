//! Ends connections whose request has a body that nobody reads to its end. The dispatcher reads on what a handler has let go
//! of, so that the next request can follow: of a body in chunks without an end that is for ever.

use actix_http::error::PayloadError;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _};
use futures_util::Stream;
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// Whether a request announces a body (RFC 9112, "Message Body Length").
pub(super) fn announces_body(headers: &HeaderMap) -> bool {
    use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
    let length = headers.get(CONTENT_LENGTH).map(|length| length.as_bytes() != b"0");
    length.unwrap_or(false) || headers.contains_key(TRANSFER_ENCODING)
}

/// Keeps the body of a request until its answer has been written. The dispatcher takes no more of a body that is kept and
/// not read than fits its buffer, and closes the connection after the answer.
///
/// # Errors
/// Those of what it wraps.
pub async fn close_unread(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let kept = announces_body(request.headers()).then(|| Kept(Rc::new(RefCell::new(request.take_payload()))));
    if let Some(kept) = &kept {
        request.set_payload(Payload::Stream { payload: Box::pin(kept.clone()) });
    }
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| Answer { body, _kept: kept }))
}

/// The body of a request, which its reader and the answer share.
#[derive(Clone)]
struct Kept(Rc<RefCell<Payload>>);

impl Stream for Kept {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

pin_project! {
    /// An answer that keeps the body of its request.
    struct Answer<B> {
        #[pin]
        body: B,
        _kept: Option<Kept>,
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
