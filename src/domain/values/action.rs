//! The names of the actions, for policies and metrics.

use std::fmt;

/// The name of an action, without its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the wire's own words, explained in docs/protocol.md
pub enum ActionName {
    Accept,
    Reject,
    Start,
    StartItem,
    FinishItem,
    RecallItem,
    Ready,
    Recall,
    Serve,
    Cancel,
    VoidItem,
    Promise,
    Rush,
    AddItems,
    ChangeItem,
    Fire,
    Hold,
    ServeItem,
    StartNow,
    Reschedule,
    CallWaiter,
    AnswerCall,
    Move,
    Merge,
    Split,
    Undo,
}

impl ActionName {
    /// Every action of the contract.
    pub const ALL: [Self; 26] = [
        Self::Accept,
        Self::Reject,
        Self::Start,
        Self::StartItem,
        Self::FinishItem,
        Self::RecallItem,
        Self::Ready,
        Self::Recall,
        Self::Serve,
        Self::Cancel,
        Self::VoidItem,
        Self::Promise,
        Self::Rush,
        Self::AddItems,
        Self::ChangeItem,
        Self::Fire,
        Self::Hold,
        Self::ServeItem,
        Self::StartNow,
        Self::Reschedule,
        Self::CallWaiter,
        Self::AnswerCall,
        Self::Move,
        Self::Merge,
        Self::Split,
        Self::Undo,
    ];

    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Start => "start",
            Self::StartItem => "start_item",
            Self::FinishItem => "finish_item",
            Self::RecallItem => "recall_item",
            Self::Ready => "ready",
            Self::Recall => "recall",
            Self::Serve => "serve",
            Self::Cancel => "cancel",
            Self::VoidItem => "void_item",
            Self::Promise => "promise",
            Self::Rush => "rush",
            Self::AddItems => "add_items",
            Self::ChangeItem => "change_item",
            Self::Fire => "fire",
            Self::Hold => "hold",
            Self::ServeItem => "serve_item",
            Self::StartNow => "start_now",
            Self::Reschedule => "reschedule",
            Self::CallWaiter => "call_waiter",
            Self::AnswerCall => "answer_call",
            Self::Move => "move",
            Self::Merge => "merge",
            Self::Split => "split",
            Self::Undo => "undo",
        }
    }

    /// Returns the action with this word on the wire, if it exists.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == word)
    }
}

impl fmt::Display for ActionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
