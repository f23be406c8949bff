//! The members of a room and their progress, pure: sending is a function argument that returns the
//! outcome.

use super::tail::Tail;
use crate::domain::values::position::Position;
use crate::domain::values::time::Timestamp;
use crate::protocol::Frame;
use std::time::Duration;

/// The id of a member: a connection on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberId(pub u64);

/// The longest time that a member may lag before it is evicted.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The outcome of sending to a member's mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The mailbox has the message.
    Taken,
    /// The mailbox is full and lost the message.
    Full,
    /// The mailbox no longer exists.
    Gone,
}

/// The progress of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Waits for a snapshot or a replay, and receives no live events yet.
    CatchingUp,
    /// Receives each event after `from`, the position up to which it has everything.
    Live { from: Position },
    /// Has everything up to `sent`, when its mailbox was full. Receives the rest from the tail once
    /// there is space.
    Lagging { sent: Position, since: Timestamp },
}

#[derive(Debug)]
struct Member<H> {
    id: MemberId,
    /// Distinguishes this join from an earlier one of the same connection, whose replay may still
    /// run.
    turn: u64,
    handle: H,
    progress: Progress,
}

/// The counts of a broadcast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Mailboxes that accepted the frame.
    pub taken: u64,
    /// Members that began to lag.
    pub lagging: u64,
}

/// The members of a room.
#[derive(Debug)]
pub struct Members<H> {
    list: Vec<Member<H>>,
    turns: u64,
    lagging: usize,
}

impl<H> Default for Members<H> {
    fn default() -> Self {
        Self { list: Vec::new(), turns: 0, lagging: 0 }
    }
}

impl<H> Members<H> {
    /// Returns the number of members.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the room has no members.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether any member lags.
    #[must_use]
    pub const fn has_lagging(&self) -> bool {
        self.lagging > 0
    }

    /// Adds a member that must be caught up. Replaces an earlier join of the same member. Returns
    /// the turn of this join.
    pub fn join(&mut self, id: MemberId, handle: H) -> u64 {
        self.leave(id);
        self.turns += 1;
        self.list.push(Member { id, turn: self.turns, handle, progress: Progress::CatchingUp });
        self.turns
    }

    /// Removes a member. Returns whether it was present.
    pub fn leave(&mut self, id: MemberId) -> bool {
        let Some(index) = self.list.iter().position(|member| member.id == id) else { return false };
        self.remove(index);
        true
    }

    fn remove(&mut self, index: usize) -> H {
        let member = self.list.swap_remove(index);
        if matches!(member.progress, Progress::Lagging { .. }) {
            self.lagging -= 1;
        }
        member.handle
    }

    /// Removes all members and returns their mailboxes.
    pub fn clear(&mut self) -> Vec<H> {
        self.lagging = 0;
        self.list.drain(..).map(|member| member.handle).collect()
    }

    /// Returns the mailbox of a member, if this is still the same join.
    #[must_use]
    pub fn handle(&self, id: MemberId, turn: u64) -> Option<&H> {
        self.list.iter().find(|member| member.id == id && member.turn == turn).map(|member| &member.handle)
    }

    /// Marks a join as live after `from`, which is at least the last position sent to the room. It
    /// may be higher, after a read of the log; the room skips those events for this member.
    pub fn set_live(&mut self, id: MemberId, turn: u64, from: Position) {
        if let Some(member) = self.list.iter_mut().find(|member| member.id == id && member.turn == turn) {
            member.progress = Progress::Live { from };
        }
    }

    /// Sends a frame to each live member. A member whose mailbox is full lags after `prev`.
    ///
    /// Loss: a full mailbox loses frames without an event (`is_event` false).
    pub fn broadcast(
        &mut self,
        frame: &Frame,
        prev: Position,
        is_event: bool,
        now: Timestamp,
        mut send: impl FnMut(&H, &Frame) -> Sent,
    ) -> Tally {
        let mut tally = Tally::default();
        let mut index = 0;
        while let Some(member) = self.list.get_mut(index) {
            index += 1;
            if !matches!(member.progress, Progress::Live { from } if from < frame.position()) {
                continue;
            }
            match send(&member.handle, frame) {
                Sent::Taken => tally.taken += 1,
                Sent::Full if is_event => {
                    member.progress = Progress::Lagging { sent: prev, since: now };
                    self.lagging += 1;
                    tally.lagging += 1;
                }
                Sent::Full => {}
                Sent::Gone => {
                    index -= 1;
                    self.remove(index);
                }
            }
        }
        tally
    }

    /// Sends each lagging member the frames that it missed, as one message. Removes and returns
    /// members whose mailbox stays full beyond [`PATIENCE`] or that missed more than the tail has.
    pub fn catch_up(&mut self, tail: &Tail, now: Timestamp, mut send: impl FnMut(&H, Vec<Frame>) -> Sent) -> Vec<H> {
        let mut evicted = Vec::new();
        let mut index = 0;
        while let Some(member) = self.list.get_mut(index) {
            index += 1;
            let Progress::Lagging { sent, since } = member.progress else { continue };
            let outcome = tail.after(sent).map(|frames| send(&member.handle, frames));
            match outcome {
                Some(Sent::Taken) => {
                    member.progress = Progress::Live { from: sent };
                    self.lagging -= 1;
                }
                Some(Sent::Full) if now.since(since) <= PATIENCE => {}
                Some(Sent::Gone) => {
                    index -= 1;
                    self.remove(index);
                }
                Some(Sent::Full) | None => {
                    index -= 1;
                    evicted.push(self.remove(index));
                }
            }
        }
        evicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::FrameKind;
    use proptest::prelude::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn position(number: u64) -> Position {
        Position::new(number).unwrap()
    }

    /// A mailbox of one message, and the positions read from it.
    #[derive(Debug, Default)]
    struct Mailbox {
        waiting: Option<Vec<u64>>,
        read: Vec<u64>,
    }

    type Shared = Rc<RefCell<Mailbox>>;

    fn put(mailbox: &Shared, frames: Vec<u64>) -> Sent {
        let mut mailbox = mailbox.borrow_mut();
        if mailbox.waiting.is_some() {
            return Sent::Full;
        }
        mailbox.waiting = Some(frames);
        Sent::Taken
    }

    fn read(mailbox: &Shared) {
        let mut mailbox = mailbox.borrow_mut();
        let waiting = mailbox.waiting.take().unwrap_or_default();
        mailbox.read.extend(waiting);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Event,
        Read(usize),
        CatchUp,
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => Just(Step::Event),
            3 => (0_usize..3).prop_map(Step::Read),
            2 => Just(Step::CatchUp),
            1 => (0_u64..4000).prop_map(Step::Wait),
        ];
        prop::collection::vec(step, 0..80)
    }

    proptest! {
        #[test]
        fn slow_members_receive_everything_in_order_or_are_evicted(steps in steps(), most in 1_usize..10) {
            let mailboxes: Vec<Shared> = (0..3).map(|_| Shared::default()).collect();
            let (mut members, mut tail) = (Members::default(), Tail::new(Position::ZERO, most, 1 << 20));
            for (id, mailbox) in (0_u64..).zip(&mailboxes) {
                let turn = members.join(MemberId(id), mailbox.clone());
                members.set_live(MemberId(id), turn, Position::ZERO);
            }
            let (mut last, mut now, mut out) = (0_u64, 0_i64, Vec::new());
            for step in steps {
                match step {
                    Step::Event => {
                        let frame = Frame::new(FrameKind::Event, position(last + 1), b"{}");
                        tail.push(frame.clone());
                        members.broadcast(&frame, position(last), true, Timestamp::from_millis(now), |mailbox, frame| {
                            put(mailbox, vec![frame.position().number()])
                        });
                        last += 1;
                    }
                    Step::Read(which) => read(&mailboxes[which]),
                    Step::CatchUp => out.extend(members.catch_up(&tail, Timestamp::from_millis(now), |mailbox, frames| {
                        put(mailbox, frames.iter().map(|frame| frame.position().number()).collect())
                    })),
                    Step::Wait(millis) => now += i64::try_from(millis).unwrap(),
                }
            }
            // Reads all frames, and then the frames that catch it up.
            for _ in 0..2 {
                mailboxes.iter().for_each(read);
                out.extend(members.catch_up(&tail, Timestamp::from_millis(now), |mailbox, frames| {
                    put(mailbox, frames.iter().map(|frame| frame.position().number()).collect())
                }));
            }
            mailboxes.iter().for_each(read);
            for mailbox in &mailboxes {
                let read = &mailbox.borrow().read;
                prop_assert!(read.iter().copied().eq(1..=read.len() as u64), "in order, once: {:?}", read);
                let is_evicted = out.iter().any(|gone| Rc::ptr_eq(gone, mailbox));
                prop_assert!(is_evicted || read.len() as u64 == last, "everything, or evicted: {:?} of {}", read, last);
            }
            prop_assert!(!members.has_lagging());
        }
    }

    #[test]
    fn events_read_from_the_log_are_not_sent_again() {
        let mut members = Members::default();
        let turn = members.join(MemberId(1), ());
        members.set_live(MemberId(1), turn, position(7));
        let mut got = Vec::new();
        for number in 6..=9 {
            let frame = Frame::new(FrameKind::Event, position(number), b"{}");
            members.broadcast(&frame, position(number - 1), true, Timestamp::from_millis(0), |(), frame| {
                got.push(frame.position().number());
                Sent::Taken
            });
        }
        assert_eq!(got, [8, 9]);
    }

    #[test]
    fn a_second_join_replaces_the_first() {
        let mut members = Members::default();
        let first = members.join(MemberId(1), ());
        let second = members.join(MemberId(1), ());
        assert_eq!(members.len(), 1);
        assert!(members.handle(MemberId(1), first).is_none() && members.handle(MemberId(1), second).is_some());
        assert!(members.leave(MemberId(1)) && !members.leave(MemberId(1)) && members.is_empty());
    }
}
