use super::*;
use crate::domain::values::position::Position;
use crate::protocol::snapshot::{Contents, Document};
use proptest::prelude::*;
use tokio::sync::oneshot::error::TryRecvError;

fn event(bytes: usize) -> Frame {
    Frame::new(FrameKind::Event, Position::ZERO, &vec![b'x'; bytes])
}

proptest! {
    #[test]
    fn all_bytes_leave_in_order_for_any_sizes_of_writes(
        sizes in prop::collection::vec(0_usize..300, 0..40),
        writes in prop::collection::vec(0_usize..700, 0..200),
    ) {
        let queue = SendQueue::default();
        let (mut expected, mut out) = (Vec::new(), Vec::new());
        for size in &sizes {
            queue.push(&event(*size), 1 << 20).unwrap();
            expected.extend_from_slice(&event(*size).wire());
        }
        for most in writes.into_iter().chain(std::iter::repeat_n(10_000, 10)) {
            queue.write(|slices| {
                let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
                let taken = most.min(all.len());
                out.extend_from_slice(&all[..taken]);
                Ok(taken)
            }).unwrap();
        }
        prop_assert!(queue.is_empty() && queue.waiting() == 0);
        prop_assert_eq!(out, expected);
    }
}

#[test]
fn a_backlog_is_refused_and_its_close_frame_comes_next() {
    let queue = SendQueue::default();
    queue.push(&event(100), 250).unwrap();
    queue.push(&event(100), 250).unwrap();
    assert_eq!(queue.push(&event(100), 250), Err(TooSlow));
    queue.write(|_| Ok(1)).unwrap();
    queue.close(CloseCode::TooSlow);
    assert_eq!(queue.waiting(), 101 + frame::close(CloseCode::TooSlow).len());
    assert_eq!(queue.push(&event(100), 250), Ok(()));
    assert_eq!(queue.waiting(), 101 + frame::close(CloseCode::TooSlow).len());
}

#[test]
fn a_snapshot_does_not_count_against_the_reader() {
    let queue = SendQueue::default();
    queue.push(&Frame::new(FrameKind::Snapshot, Position::ZERO, &vec![b'x'; 5000]), 250).unwrap();
    queue.push(&event(100), 250).unwrap();
    assert_eq!(queue.push(&event(200), 250), Err(TooSlow));
}

/// A snapshot of a kitchen in so many parts.
fn snapshot(parts: usize) -> Snapshot {
    let document = format!("{{\"note\":\"{}\"}}", "n".repeat(LARGE));
    let documents = vec![serde_json::value::RawValue::from_string(document).unwrap(); parts];
    let room = "kitchen:0193a5f0-7c1e-7000-8000-000000000001".parse().unwrap();
    let documents = documents.into_iter().map(Document::from).collect();
    let contents = Contents { documents, calls: None, displays: None };
    Snapshot::encode(room, Position::ZERO, contents, Bytes::from)
}

fn write_all(queue: &SendQueue) -> Vec<u8> {
    let mut out = Vec::new();
    while !queue.is_empty() {
        let all = |slices: &[IoSlice<'_>]| slices.iter().flat_map(|slice| slice.to_vec()).collect::<Vec<u8>>();
        queue
            .write(|slices| {
                out.extend(all(slices));
                Ok(all(slices).len())
            })
            .unwrap();
    }
    out
}

/// First byte and payload of each frame.
fn frames(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut frames = Vec::new();
    while let [first, length, rest @ ..] = bytes {
        let (length, rest) = match *length {
            126 => (usize::from(u16::from_be_bytes(rest[..2].try_into().unwrap())), &rest[2..]),
            127 => (u64::from_be_bytes(rest[..8].try_into().unwrap()) as usize, &rest[8..]),
            short => (usize::from(short), rest),
        };
        frames.push((*first, &rest[..length]));
        bytes = &rest[length..];
    }
    frames
}

#[test]
fn control_frames_go_between_the_fragments_of_a_snapshot() {
    let queue = SendQueue::default();
    let snapshot = snapshot(3);
    queue.push(&event(10), 100).unwrap();
    queue.push_fragments(&snapshot);
    queue.push(&event(20), 100).unwrap();
    // The event has left, and a piece of the first fragment.
    let mut out = Vec::new();
    queue
        .write(|slices| {
            out.extend(slices.iter().flat_map(|slice| slice.to_vec()).take(100));
            Ok(100)
        })
        .unwrap();
    for payload in [&b"1"[..], b"2"] {
        queue.push_control(frame::pong(payload), 100).unwrap();
    }
    assert!(queue.holds_snapshot());
    out.extend(write_all(&queue));
    let frames = frames(&out);
    let kinds: Vec<u8> = frames.iter().map(|(first, _)| *first).collect();
    assert_eq!(kinds, [0x81, 0x01, 0x8A, 0x8A, 0x00, 0x00, 0x80, 0x81]);
    assert_eq!((frames[2].1, frames[3].1), (&b"1"[..], &b"2"[..]));
    let text: Vec<u8> = [1, 4, 5, 6].iter().flat_map(|at: &usize| frames[*at].1).copied().collect();
    assert_eq!(text, snapshot.whole().concat().concat());
    assert!(!queue.holds_snapshot() && queue.backlog() == 0);
}

#[test]
fn a_close_frame_follows_the_fragment_that_has_begun() {
    let queue = SendQueue::default();
    queue.push_fragments(&snapshot(5));
    queue.write(|_| Ok(50)).unwrap();
    queue.close(CloseCode::Restarting);
    let waiting = queue.waiting();
    assert!((LARGE..LARGE + 200).contains(&waiting), "{waiting}");
    assert!(write_all(&queue).ends_with(&frame::close(CloseCode::Restarting)));
}

#[test]
fn a_snapshot_of_any_size_is_accepted_and_the_frames_after_it_are_bounded() {
    let queue = SendQueue::default();
    let snapshot = snapshot(400);
    queue.push_fragments(&snapshot);
    assert!(queue.waiting() > 24 << 20, "more than one message could once be");
    queue.push(&event(100), 250).unwrap();
    queue.push(&event(100), 250).unwrap();
    assert_eq!(queue.push(&event(100), 250), Err(TooSlow));
    queue.push(&snapshot.part(0).unwrap(), 250).unwrap();
}

#[test]
fn a_frame_larger_than_the_backlog_passes_among_others_and_counts_as_a_page() {
    let queue = SendQueue::default();
    let most = 3 * LARGE;
    for size in [100, 10 * LARGE, 100, 10 * LARGE, 100] {
        queue.push(&event(size), most).unwrap();
    }
    assert_eq!(queue.push(&event(10 * LARGE), most), Err(TooSlow));
    queue.push(&event(100), most).unwrap();
}

#[test]
fn waiters_are_notified_when_most_of_the_queue_has_left() {
    let queue = SendQueue::default();
    assert!(queue.drained().try_recv().is_ok(), "nothing is queued");
    queue.push(&event(50_000), 1 << 20).unwrap();
    let is_empty = |receiver: &mut oneshot::Receiver<()>| receiver.try_recv() == Err(TryRecvError::Empty);
    let mut drained = queue.drained();
    queue.write(|_| Ok(20_000)).unwrap();
    let mut other = queue.drained();
    assert!(is_empty(&mut drained) && is_empty(&mut other));
    queue.write(|_| Ok(25_000)).unwrap();
    assert!(drained.try_recv().is_ok() && other.try_recv().is_ok(), "all waiters");
}

#[test]
fn the_answer_to_a_handshake_leaves_first_whatever_else_is_queued() {
    let answer = Bytes::from_static(b"HTTP/1.1 101 Switching Protocols");
    let queue = SendQueue::after(answer.clone());
    queue.push_fragments(&snapshot(2));
    queue.push_control(frame::ping(), 250).unwrap();
    queue.close(CloseCode::TooSlow);
    let mut out = Vec::new();
    let wrote = queue.write(|slices| {
        slices.iter().for_each(|slice| out.extend_from_slice(slice));
        Ok(out.len())
    });
    assert_eq!(wrote.unwrap(), out.len());
    assert_eq!(out, [answer, frame::close(CloseCode::TooSlow)].concat());
}

#[test]
fn a_control_frame_overtakes_a_snapshot_and_not_the_answer_to_the_handshake() {
    let answer = Bytes::from_static(b"HTTP/1.1 101 Switching Protocols");
    let queue = SendQueue::after(answer.clone());
    queue.push_fragments(&snapshot(2));
    queue.push_control(frame::ping(), 250).unwrap();
    let mut out = Vec::new();
    queue
        .write(|slices| {
            slices.iter().for_each(|slice| out.extend_from_slice(slice));
            Ok(out.len())
        })
        .unwrap();
    assert!(out.starts_with(&[answer, frame::ping()].concat()));
}
