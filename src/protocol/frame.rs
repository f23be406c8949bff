//! Encoded frames, encoded once and shared by all receivers.

use crate::domain::model::history::Point;
use crate::domain::model::room_id::RoomId;
use crate::domain::values::position::Position;
use bytes::{BufMut, Bytes, BytesMut};
use bytestring::ByteString;

/// The type of a server frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// `welcome`
    Welcome,
    /// `snapshot`
    Snapshot,
    /// `event`
    Event,
    /// `sync`
    Sync,
    /// `live`
    Live,
    /// `ack`
    Ack,
    /// `error`
    Error,
    /// `pong`
    Pong,
    /// `going_away`
    GoingAway,
}

impl FrameKind {
    /// Every type of server frame.
    pub const ALL: [Self; 9] =
        [Self::Welcome, Self::Snapshot, Self::Event, Self::Sync, Self::Live, Self::Ack, Self::Error, Self::Pong, Self::GoingAway];

    /// Returns the word in `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::Snapshot => "snapshot",
            Self::Event => "event",
            Self::Sync => "sync",
            Self::Live => "live",
            Self::Ack => "ack",
            Self::Error => "error",
            Self::Pong => "pong",
            Self::GoingAway => "going_away",
        }
    }
}

/// An encoded server frame, WebSocket header included. Cloning shares the bytes: a room encodes
/// each event once and all members' sockets write the same buffer.
#[derive(Debug, Clone)]
pub struct Frame {
    kind: FrameKind,
    point: Point,
    header: u8,
    /// Whether more parts of the snapshot follow.
    more: bool,
    /// For a frame that moves a cursor: the room, and the cursor of a reader that has everything
    /// before.
    origin: Option<(RoomId, Position)>,
    wire: Bytes,
}

impl Frame {
    /// Encodes JSON text as an unmasked, final WebSocket text message (RFC 6455, section 5.2). The
    /// frame moves a cursor to `point`, or none if that is zero.
    #[must_use]
    pub fn new(kind: FrameKind, point: impl Into<Point>, json: &[u8]) -> Self {
        let mut wire = BytesMut::with_capacity(json.len() + 10);
        put_header(&mut wire, FINAL | TEXT, json.len());
        let header = wire.len();
        wire.put_slice(json);
        Self::encoded(kind, point.into(), wire.freeze(), header)
    }

    /// Makes a frame of encoded bytes, which begin with a header of `header` bytes.
    pub(super) fn encoded(kind: FrameKind, point: Point, wire: Bytes, header: usize) -> Self {
        let header = u8::try_from(header).unwrap_or(0);
        Self { kind, point, header, more: false, origin: None, wire }
    }

    /// Marks it as a frame of a room for a reader whose cursor is `prev`.
    #[must_use]
    pub fn in_room(self, room: RoomId, prev: Position) -> Self {
        Self { origin: Some((room, prev)), ..self }
    }

    /// Marks it as a part of a snapshot, with more parts to follow or as the last.
    #[must_use]
    pub fn with_more(self, more: bool) -> Self {
        Self { more, ..self }
    }

    /// Whether more parts of the snapshot follow. The cursor then does not move yet.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.more
    }

    /// Returns the room of a frame that moves a cursor, and the cursor of a reader that has
    /// everything before.
    #[must_use]
    pub const fn origin(&self) -> Option<(RoomId, Position)> {
        self.origin
    }

    /// Returns the frame's type.
    #[must_use]
    pub const fn kind(&self) -> FrameKind {
        self.kind
    }

    /// Returns the position that it moves a cursor to, or zero.
    #[must_use]
    pub const fn position(&self) -> Position {
        self.point.position
    }

    /// Returns the cursor of a reader that has everything up to it.
    #[must_use]
    pub const fn point(&self) -> Point {
        self.point
    }

    /// Returns the WebSocket message with its header.
    #[must_use]
    pub fn wire(&self) -> Bytes {
        self.wire.clone()
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn text(&self) -> ByteString {
        let json = self.wire.slice(usize::from(self.header)..);
        ByteString::try_from(json).unwrap_or_default()
    }
}

const FINAL: u8 = 0x80;
const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;

/// Writes the header of an unmasked frame of `length` bytes.
fn put_header(out: &mut BytesMut, first: u8, length: usize) {
    out.put_u8(first);
    if let Ok(short) = u8::try_from(length)
        && short < 126
    {
        out.put_u8(short);
    } else if let Ok(medium) = u16::try_from(length) {
        out.put_u8(126);
        out.put_u16(medium);
    } else {
        out.put_u8(127);
        out.put_u64(length as u64);
    }
}

/// Writes the header of a text message before its text, which begins at `space`. Returns the
/// header's length.
pub(super) fn put_header_before(buffer: &mut [u8], space: usize) -> usize {
    let mut header = BytesMut::with_capacity(10);
    put_header(&mut header, FINAL | TEXT, buffer.len().saturating_sub(space));
    let begin = space.saturating_sub(header.len());
    buffer[begin..begin + header.len()].copy_from_slice(&header);
    header.len()
}

/// Returns the header of a fragment of `length` bytes of a text message.
#[must_use]
pub fn fragment_header(is_first: bool, is_last: bool, length: usize) -> BytesMut {
    let mut header = BytesMut::with_capacity(10);
    let opcode = if is_first { TEXT } else { CONTINUATION };
    put_header(&mut header, if is_last { FINAL | opcode } else { opcode }, length);
    header
}

fn control(opcode: u8, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + 2);
    let payload = &payload[..payload.len().min(125)];
    put_header(&mut out, FINAL | opcode, payload.len());
    out.put_slice(payload);
    out.freeze()
}

/// Returns a WebSocket ping without a payload.
#[must_use]
pub const fn ping() -> Bytes {
    Bytes::from_static(&[0x80 | PING, 0])
}

/// Returns the WebSocket pong to a ping.
#[must_use]
pub fn pong(payload: &[u8]) -> Bytes {
    control(PONG, payload)
}

/// Returns the answer to a client's close frame: the same code, or `normal` if it has none.
#[must_use]
pub fn close_echo(code: Option<u16>) -> Bytes {
    match code {
        Some(code) => control(CLOSE, &code.to_be_bytes()),
        None => close(super::CloseCode::Normal),
    }
}

/// Returns a WebSocket close frame with its code and reason.
#[must_use]
pub fn close(code: super::CloseCode) -> Bytes {
    let mut payload = code.number().to_be_bytes().to_vec();
    payload.extend_from_slice(code.reason().as_bytes());
    control(CLOSE, &payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_follow_rfc_6455_section_5_2() {
        let of = |length: usize| Frame::new(FrameKind::Event, Position::ZERO, &vec![b'x'; length]).wire();
        assert_eq!(of(5)[..2], [0x81, 5]);
        assert_eq!(of(125)[..2], [0x81, 125]);
        assert_eq!(of(126)[..4], [0x81, 126, 0, 126]);
        assert_eq!(of(65_535)[..4], [0x81, 126, 255, 255]);
        assert_eq!(of(65_536)[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(pong(b"hi")[..], [0x8A, 2, b'h', b'i']);
        assert_eq!(close(super::super::CloseCode::TooSlow)[..4], [0x88, 10, 0x11, 0x39]);
        assert_eq!(close_echo(Some(4001))[..], [0x88, 2, 0x0F, 0xA1]);
        assert_eq!(close_echo(None)[..4], [0x88, 8, 0x03, 0xE8]);
    }

    #[test]
    fn the_text_round_trips() {
        for length in [0, 1, 125, 126, 70_000] {
            let json = vec![b'{'; length];
            assert_eq!(Frame::new(FrameKind::Ack, Position::ZERO, &json).text().as_bytes(), &json[..]);
        }
    }
}
