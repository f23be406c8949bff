//! The frame guard, pure. It checks the header of each frame of a client (RFC 6455, "Base Framing Protocol") before keeping its
//! payload, and passes one frame at a time.

use crate::protocol::{CloseCode, peer_close};

/// The most bytes of the header of a client's frame: two, a length of eight, a mask of four.
pub const MAX_HEADER: usize = 14;
/// The most bytes of a control frame's payload.
const MAX_CONTROL: u64 = 125;

/// Follows the frames of one connection.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guard {
    /// Bytes of the fragmented message so far; `None` when there is none.
    fragments: Option<u64>,
}

/// Why a connection has to end.
pub type Violation = CloseCode;

struct Header {
    is_final: bool,
    opcode: u8,
    payload: u64,
    length: usize,
}

impl Guard {
    /// Returns the length of the first frame in `bytes`, header and payload together, once its header is complete. The payload
    /// may still be incomplete.
    ///
    /// # Errors
    /// The close code for a message larger than `most` bytes, fragments together, and for bytes that are not a frame.
    pub fn first(&self, bytes: &[u8], most: u64) -> Result<Option<usize>, Violation> {
        let Some(header) = read_header(bytes)? else { return Ok(None) };
        let sum = self.sum(&header)?;
        if sum > most {
            return Err(CloseCode::TooLarge);
        }
        // Bounded by `most` (or by a control frame's 125), so it fits.
        Ok(usize::try_from(header.payload).ok().map(|payload| header.length + payload))
    }

    /// Records that the first frame in `bytes` went through.
    pub fn pass(&mut self, bytes: &[u8]) {
        let Ok(Some(header)) = read_header(bytes) else { return };
        if header.opcode >= 8 {
            return;
        }
        let sum = self.fragments.unwrap_or(0).saturating_add(header.payload);
        self.fragments = (!header.is_final).then_some(sum);
    }

    /// Returns the size of the message that a frame belongs to, so far. Checks that the frame may come now.
    fn sum(&self, header: &Header) -> Result<u64, Violation> {
        match (header.opcode, self.fragments) {
            (8.., _) if header.is_final && header.payload <= MAX_CONTROL => Ok(0),
            (0, Some(before)) => Ok(before.saturating_add(header.payload)),
            (1 | 2, None) => Ok(header.payload),
            _ => Err(CloseCode::ProtocolViolation),
        }
    }
}

/// Checks the code and the reason of a close frame. Other frames pass.
///
/// # Errors
/// [`peer_close::read`]'s.
pub fn check_close(frame: &[u8]) -> Result<(), Violation> {
    const CLOSE: u8 = 0x88;
    match frame {
        // A control frame's length is in seven bits; the mask follows.
        [CLOSE, _, a, b, c, d, masked @ ..] => {
            let mask = [*a, *b, *c, *d];
            let payload: Vec<u8> = masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
            peer_close::read(&payload).map(drop)
        }
        _ => Ok(()),
    }
}

fn read_header(bytes: &[u8]) -> Result<Option<Header>, Violation> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let (is_final, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0F);
    let is_masked = second & 0x80 != 0;
    if reserved != 0 || !matches!(opcode, 0..=2 | 8..=10) || !is_masked {
        return Err(CloseCode::ProtocolViolation);
    }
    let (payload, extended) = match (second & 0x7F, rest) {
        (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 2),
        (127, [a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 8),
        (126 | 127, _) => return Ok(None),
        (short, _) => (u64::from(short), 0),
    };
    // A length has to be in its shortest form.
    if matches!((extended, payload), (2, ..126) | (8, ..65_536)) {
        return Err(CloseCode::ProtocolViolation);
    }
    Ok(Some(Header { is_final, opcode, payload, length: 2 + extended + 4 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(first: u8, payload: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload {
            0..126 => bytes.push(0x80 | payload as u8),
            126..65_536 => {
                bytes.push(0x80 | 126);
                bytes.extend((payload as u16).to_be_bytes());
            }
            _ => {
                bytes.push(0x80 | 127);
                bytes.extend((payload as u64).to_be_bytes());
            }
        }
        bytes.extend([1, 2, 3, 4]);
        bytes.resize(bytes.len() + payload, 0);
        bytes
    }

    /// Passes frames through a guard.
    fn run(frames: &[Vec<u8>], most: u64) -> Result<usize, Violation> {
        let mut guard = Guard::default();
        let mut passed = 0;
        for bytes in frames {
            assert_eq!(guard.first(bytes, most)?, Some(bytes.len()));
            guard.pass(bytes);
            passed += 1;
        }
        Ok(passed)
    }

    #[test]
    fn eight_gibibytes_are_refused_at_their_header() {
        let mut bytes = vec![0x82, 0x80 | 127];
        bytes.extend((8_u64 << 30).to_be_bytes());
        assert_eq!(Guard::default().first(&bytes, 65_536), Err(CloseCode::TooLarge));
    }

    #[test]
    fn messages_fragments_and_control_frames_pass_only_in_a_valid_order() {
        let (text, more, end, ping) = (frame(0x81, 5), frame(0x01, 40), frame(0x80, 40), frame(0x89, 3));
        assert_eq!(run(&[text.clone(), more.clone(), ping.clone(), end.clone(), text.clone()], 100), Ok(5));
        assert_eq!(run(&[more.clone(), frame(0x00, 40), end.clone()], 100), Err(CloseCode::TooLarge));
        for bad in [
            vec![end.clone()],
            vec![more.clone(), text.clone()],
            vec![frame(0x09, 1)],
            vec![frame(0x89, 126)],
            vec![frame(0xC1, 1)],
            vec![frame(0x83, 1)],
            vec![vec![0x81, 0x01, b'x']],
            vec![vec![0x81, 0x80 | 126, 0, 125]],
            vec![vec![0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]],
        ] {
            assert_eq!(run(&bad, 100_000), Err(CloseCode::ProtocolViolation), "{bad:?}");
        }
    }

    #[test]
    fn a_close_frame_is_read_under_its_mask() {
        let close = |payload: &[u8]| {
            let mask = [0x11, 0x22, 0x33, 0x44];
            let masked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
            [0x88, 0x80 | payload.len() as u8].into_iter().chain(mask).chain(masked).collect::<Vec<u8>>()
        };
        assert_eq!(check_close(&close(&1001_u16.to_be_bytes())), Ok(()));
        assert_eq!(check_close(&close(&[])), Ok(()));
        assert_eq!(check_close(&close(&1005_u16.to_be_bytes())), Err(CloseCode::ProtocolViolation));
        assert_eq!(check_close(&frame(0x89, 2)), Ok(()), "a ping may say anything");
    }

    proptest! {
        #[test]
        fn a_header_that_comes_byte_by_byte_is_read_the_same_way(payload in prop_oneof![0_usize..300, 65_000_usize..70_000]) {
            let bytes = frame(0x81, payload);
            let whole = Guard::default().first(&bytes, 100_000).unwrap();
            for end in 0..bytes.len().min(MAX_HEADER) {
                let part = Guard::default().first(&bytes[..end], 100_000).unwrap();
                prop_assert!(part.is_none() || part == whole);
            }
            prop_assert_eq!(whole, Some(bytes.len()));
        }

        #[test]
        fn no_bytes_cause_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut guard = Guard::default();
            if let Ok(Some(length)) = guard.first(&bytes, 1000) {
                prop_assert!(length <= 1000 + MAX_HEADER + 125);
                guard.pass(&bytes);
            }
        }
    }
}
