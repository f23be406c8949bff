//! Close frames of clients (RFC 6455, sections 5.5.1 and 7.4).

use super::CloseCode;

/// Reads the code in the payload of a close frame; `None` if it is empty.
///
/// # Errors
/// [`CloseCode::ProtocolViolation`] for half a code, a code that no endpoint may send, and a reason
/// that is not UTF-8.
pub fn read(payload: &[u8]) -> Result<Option<u16>, CloseCode> {
    match payload {
        [] => Ok(None),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            let is_sound = may_be_sent(code) && std::str::from_utf8(reason).is_ok();
            if is_sound { Ok(Some(code)) } else { Err(CloseCode::ProtocolViolation) }
        }
        [_] => Err(CloseCode::ProtocolViolation),
    }
}

/// Whether an endpoint may send a code: a registered one, except those reserved for local use
/// (1005, 1006, 1015), or one of libraries and applications.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u16, reason: &[u8]) -> Result<Option<u16>, CloseCode> {
        read(&[&code.to_be_bytes(), reason].concat())
    }

    #[test]
    fn valid_codes_are_read_with_any_reason() {
        assert_eq!(read(&[]), Ok(None));
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4400, 4999] {
            assert_eq!(of(code, b""), Ok(Some(code)));
            assert_eq!(of(code, "genug für heute".as_bytes()), Ok(Some(code)));
        }
    }

    #[test]
    fn invalid_codes_half_a_code_and_invalid_utf_8_violate_the_protocol() {
        for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            assert_eq!(of(code, b""), Err(CloseCode::ProtocolViolation), "{code}");
        }
        assert_eq!(read(&[3]), Err(CloseCode::ProtocolViolation));
        assert_eq!(of(1000, &[0xC3, 0x28]), Err(CloseCode::ProtocolViolation));
        assert_eq!(of(1000, &[0xED, 0xA0, 0x80]), Err(CloseCode::ProtocolViolation), "a surrogate");
    }
}
