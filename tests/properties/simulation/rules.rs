//! The rules on which the guarantees depend. A negative control breaks one of them in the model, not in the program.

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// A feed delivers position n + 1 after n, regardless of the order in which announcements arrive.
    Sequence,
    /// If an event arrives early, the feed reads the missing events before it from the log.
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
    /// A `sync` names the last position delivered, and not the highest known position.
    SyncIsDelivered,
    /// The head of a room does not change while its opening state is read.
    OpenedAtItsHead,
    /// A room holds the events that arrive while it opens.
    EarlyIsHeld,
    /// A frame's `prev` is the position of the room's previous event.
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
    /// A client drops events that are not after its cursor.
    RepeatsAreDropped,
    /// A client resumes at its cursor, and not at the position of its last ack.
    CursorIsOfTheRoom,
    /// A client that subscribes without a cursor has dropped its state.
    SnapshotReplaces,
    /// A client repeats an unanswered command under the same id.
    SameIdAgain,
    /// A node compares its knowledge of a feed with each head that it reads.
    HistoriesAreCompared,
    /// An announced event is delivered only after the event that it names.
    EventsAreLinked,
    /// Events from the log are delivered only after the last one that was delivered.
    ReadsAreLinked,
    /// A new generation begins with new feeds, rooms, tails and snapshots.
    RewrittenFeedsEnd,
    /// A cursor counts only in the epoch in which the client got it.
    CursorIsOfItsEpoch,
    /// A connection joins only rooms of the generation in its `welcome`.
    JoinIsOfItsGeneration,
    /// A room compares what it has read with the node's knowledge before it uses it.
    ReadsAreCompared,
    /// If no node ran while a database was replaced, a node that starts begins a generation of each feed.
    StartsAreExamined,
    /// A client names the event at its cursor.
    CursorNamesItsEvent,
    /// A feed compares the event that a cursor names with those that it has delivered.
    CursorsAreChecked,
    /// A cursor that is served from the log is compared with the log's event.
    CursorsAreCompared,
}

impl Rule {
    /// Returns a seed from which on few runs detect that the rule is broken. A change of the simulation also changes these seeds:
    /// `scripts/simulate` prints the new ones.
    pub fn seed(self) -> u64 {
        match self {
            Self::ReadsAreLinked => 1001,
            Self::CursorIsOfItsEpoch => 39,
            Self::JoinIsOfItsGeneration => 709,
            Self::ReadsAreCompared => 174,
            Self::StartsAreExamined => 199,
            Self::CursorsAreChecked => 1214,
            Self::CursorNamesItsEvent | Self::CursorsAreCompared => 535,
            _ => 0,
        }
    }

    pub const ALL: [Self; 34] = [
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
        Self::HistoriesAreCompared,
        Self::EventsAreLinked,
        Self::ReadsAreLinked,
        Self::RewrittenFeedsEnd,
        Self::CursorIsOfItsEpoch,
        Self::JoinIsOfItsGeneration,
        Self::ReadsAreCompared,
        Self::StartsAreExamined,
        Self::CursorNamesItsEvent,
        Self::CursorsAreChecked,
        Self::CursorsAreCompared,
    ];
}
