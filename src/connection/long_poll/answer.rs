//! The JSON of an answer to a long poll, pure.

use bytes::Bytes;

/// Returns a document whose last field is the array `frames`, in pieces. `head` ends where the first frame begins.
pub fn document(head: String, frames: impl IntoIterator<Item = Vec<Bytes>>) -> Vec<Bytes> {
    let mut pieces = vec![Bytes::from(head)];
    for (number, frame) in frames.into_iter().enumerate() {
        if number > 0 {
            pieces.push(Bytes::from_static(b","));
        }
        pieces.extend(frame);
    }
    pieces.push(Bytes::from_static(b"]}"));
    pieces
}
