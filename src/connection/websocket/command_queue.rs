//! The commands of a connection, one after another in the order they were sent.

use crate::commands::{Answer, Commands};
use crate::domain::model::basket::Basket;
use crate::domain::model::command::Command;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::CommandId;
use crate::protocol::{Failure, Frame, ServerFrame};
use crate::store::log::Ack;
use std::collections::VecDeque;

/// Commands of one connection that wait for the one before. More are refused with `rate_limited`.
const MOST: usize = 64;

/// A command in line.
#[derive(Debug)]
pub enum QueuedCommand {
    /// A command of section 4.
    Command(Box<Command>),
    /// An order.
    Place(CommandId, Box<Basket>),
}

impl QueuedCommand {
    fn id(&self) -> CommandId {
        match self {
            Self::Command(command) => command.id,
            Self::Place(id, _) => *id,
        }
    }

    /// Runs it.
    pub async fn run(self, commands: &Commands, who: &Principal) -> (CommandId, Answer) {
        match self {
            Self::Command(command) => (command.id, commands.execute(who, *command).await),
            Self::Place(id, basket) => (id, commands.place(who, id, *basket).await),
        }
    }
}

/// Those that wait.
#[derive(Debug, Default)]
pub struct CommandQueue {
    waiting: VecDeque<QueuedCommand>,
    busy: bool,
}

impl CommandQueue {
    /// Puts one in line.
    ///
    /// # Errors
    /// Its id, when too many wait.
    pub fn push(&mut self, errand: QueuedCommand) -> Result<(), CommandId> {
        if self.waiting.len() >= MOST {
            return Err(errand.id());
        }
        self.waiting.push_back(errand);
        Ok(())
    }

    /// The next to run, unless one is running.
    pub fn begin(&mut self) -> Option<QueuedCommand> {
        if self.busy {
            return None;
        }
        let next = self.waiting.pop_front();
        self.busy = next.is_some();
        if next.is_none() {
            // An idle connection keeps nothing.
            self.waiting = VecDeque::new();
        }
        next
    }

    /// The one that was running is done.
    pub const fn finish(&mut self) {
        self.busy = false;
    }
}

/// Returns the frame that answers a command.
#[must_use]
pub fn reply(id: CommandId, answer: Answer) -> Frame {
    match answer {
        Ok(Ack { position, changed, document }) => ServerFrame::Ack { id, position, changed, document: &document }.encode(),
        Err(error) => Failure::from(error).about_command(id).frame(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::CommandError;
    use crate::store::StoreError;
    use uuid::Uuid;

    fn errand(number: u128) -> QueuedCommand {
        let text = format!(r#"{{"id":"{}","order":"{}","action":"ready"}}"#, Uuid::from_u128(number), Uuid::nil());
        let raw: crate::domain::model::command::RawCommand = serde_json::from_str(&text).unwrap();
        QueuedCommand::Command(Box::new(raw.try_into().unwrap()))
    }

    #[test]
    fn one_runs_at_a_time_in_order_and_too_many_are_given_back() {
        let mut errands = CommandQueue::default();
        for number in 0..MOST as u128 {
            assert_eq!(errands.push(errand(number)), Ok(()));
        }
        assert_eq!(errands.push(errand(99)), Err(errand(99).id()));
        assert_eq!(errands.begin().map(|first| first.id()), Some(errand(0).id()));
        assert!(errands.begin().is_none(), "one is running");
        errands.finish();
        assert_eq!(errands.begin().map(|second| second.id()), Some(errand(1).id()));
    }

    #[test]
    fn failures_of_the_store_say_whether_to_send_again() {
        let id = errand(1).id();
        let text = |error| reply(id, Err(CommandError::Store(error))).text().to_string();
        assert!(text(StoreError::Unavailable).contains(r#""code":"unavailable""#));
        assert!(text(StoreError::Unavailable).contains(r#""retry_after_ms":1000"#));
        assert!(text(StoreError::Internal).contains(r#""code":"internal""#));
        assert!(!text(StoreError::Internal).contains("retry_after_ms"));
    }
}
