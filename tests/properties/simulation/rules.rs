//! The rules on which the guarantees depend. A negative control breaks one of them in the model, not in the program.

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A feed delivers position n + 1 after n, in whatever order announcements arrive.
    Sequence,
    /// A feed reads the events that are missing before an early one from the log.
    GapsAreRead,
    /// Heads are compared, also when a subscription is confirmed.
    HeadsAreCompared,
    /// A publisher remembers the heads of announcements that it has dropped.
    DroppedIsRemembered,
    /// A group commits only if the head and the answers are those on which its decision is based.
    HeadIsCompared,
    /// An answer is sent after the commit.
    AckAfterCommit,
    /// The answer to a command is remembered under its id.
    AnswersAreRemembered,
    /// A feed that waits for a full room does not send the event again to rooms that have it.
    HandedOnce,
    /// A `sync` names the last position that was delivered, and not the highest that is known.
    SyncIsDelivered,
    /// The head of a room does not change while its opening state is read.
    OpenedAtItsHead,
    /// A room holds the events that arrive while it opens.
    EarlyIsHeld,
    /// A frame's `prev` is the position of the room's event before.
    PrevIsTheLast,
    /// A cursor that the tail does not cover is served from the log.
    TailCovers,
    /// A member that becomes live has everything up to the position of its `live`.
    LiveHasAll,
    /// A member skips events that it has from the log.
    LiveFromIsKept,
    /// A lagging member is caught up from the tail.
    LaggingIsCaughtUp,
    /// A page of a replay continues after the last event that was sent.
    PagesContinue,
    /// A room is not closed if somebody has joined it meanwhile.
    JoinsAreCounted,
    /// A diner joins only their own orders.
    OwnOrdersOnly,
    /// A client drops what is not after its cursor.
    RepeatsAreDropped,
    /// A client resumes at its cursor, and not at the position of its last ack.
    CursorIsOfTheRoom,
    /// A client that subscribes without a cursor has dropped its state.
    SnapshotReplaces,
    /// A client sends a command without an answer again under the same id.
    SameIdAgain,
}

impl Rule {
    pub const ALL: [Self; 23] = [
        Self::Sequence,
        Self::GapsAreRead,
        Self::HeadsAreCompared,
        Self::DroppedIsRemembered,
        Self::HeadIsCompared,
        Self::AckAfterCommit,
        Self::AnswersAreRemembered,
        Self::HandedOnce,
        Self::SyncIsDelivered,
        Self::OpenedAtItsHead,
        Self::EarlyIsHeld,
        Self::PrevIsTheLast,
        Self::TailCovers,
        Self::LiveHasAll,
        Self::LiveFromIsKept,
        Self::LaggingIsCaughtUp,
        Self::PagesContinue,
        Self::JoinsAreCounted,
        Self::OwnOrdersOnly,
        Self::RepeatsAreDropped,
        Self::CursorIsOfTheRoom,
        Self::SnapshotReplaces,
        Self::SameIdAgain,
    ];
}
