//! A text message in fragments (RFC 6455, "Fragmentation"), pure. The frame guard bounds their sum.

use crate::protocol::CloseCode;
use actix_http::ws::Item;

/// The fragments of one connection's unfinished message.
#[derive(Debug, Default)]
pub struct Fragments(Vec<u8>);

impl Fragments {
    /// Takes a fragment. Returns the whole message with the last one.
    ///
    /// # Errors
    /// The close code, when the message is not text.
    pub fn take(&mut self, item: Item) -> Result<Option<String>, CloseCode> {
        match item {
            Item::FirstText(part) => self.0 = part.to_vec(),
            Item::Continue(part) => self.0.extend_from_slice(&part),
            Item::FirstBinary(_) => return Err(CloseCode::ProtocolViolation),
            Item::Last(part) => {
                let mut whole = std::mem::take(&mut self.0);
                whole.extend_from_slice(&part);
                return String::from_utf8(whole).map(Some).map_err(|_| CloseCode::ProtocolViolation);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn part(text: &'static [u8]) -> Bytes {
        Bytes::from_static(text)
    }

    #[test]
    fn a_letter_may_be_cut_in_two_and_bytes_that_are_not_text_are_refused() {
        let mut fragments = Fragments::default();
        assert_eq!(fragments.take(Item::FirstText(part(&[b'a', 0xC3]))), Ok(None));
        assert_eq!(fragments.take(Item::Continue(part(&[0xA9]))), Ok(None));
        assert_eq!(fragments.take(Item::Last(part(b"!"))), Ok(Some("a\u{e9}!".into())));
        assert_eq!(fragments.take(Item::FirstText(part(&[0xC3]))), Ok(None));
        assert_eq!(fragments.take(Item::Last(part(b""))), Err(CloseCode::ProtocolViolation));
        assert_eq!(fragments.take(Item::FirstBinary(part(b"x"))), Err(CloseCode::ProtocolViolation));
    }
}
