//! The commands of a connection, which run one after another in the order they were sent.

use crate::commands::{Answer, Commands};
use crate::domain::model::basket::Basket;
use crate::domain::model::command::Command;
use crate::domain::model::principal::Principal;
use crate::domain::values::ids::{CommandId, ShiftId};
use crate::protocol::{Failure, Frame, ServerFrame};
use crate::store::log::Ack;
use std::collections::VecDeque;

/// The most waiting commands.
const MOST: usize = 64;

/// A command in the queue.
#[derive(Debug)]
pub enum QueuedCommand {
    /// A command about an order, the menu or a call.
    Command(Box<Command>),
    /// A new order.
    Place(CommandId, Box<Basket>, Option<ShiftId>),
}

impl QueuedCommand {
    fn id(&self) -> CommandId {
        match self {
            Self::Command(command) => command.id,
            Self::Place(id, ..) => *id,
        }
    }

    /// Runs the command. Returns its id with the answer.
    pub async fn run(self, commands: &Commands, principal: &Principal) -> (CommandId, Answer) {
        match self {
            Self::Command(command) => (command.id, commands.execute(principal, *command).await),
            Self::Place(id, basket, shift) => (id, place(commands, principal, id, *basket, shift).await),
        }
    }
}

async fn place(commands: &Commands, who: &Principal, id: CommandId, basket: Basket, shift: Option<ShiftId>) -> Answer {
    let who = commands.acting(who, shift).await?;
    commands.place(&who, id, basket).await
}

/// The commands that wait, and whether one is running.
///
/// Bound: 64 commands. More are refused with `rate_limited`.
#[derive(Debug, Default)]
pub struct CommandQueue {
    waiting: VecDeque<QueuedCommand>,
    busy: bool,
}

impl CommandQueue {
    /// Queues a command.
    ///
    /// # Errors
    /// The id of the command, when too many wait.
    pub fn push(&mut self, command: QueuedCommand) -> Result<(), CommandId> {
        if self.waiting.len() >= MOST {
            return Err(command.id());
        }
        self.waiting.push_back(command);
        Ok(())
    }

    /// Returns the next command to run, unless one is running.
    pub fn begin(&mut self) -> Option<QueuedCommand> {
        if self.busy {
            return None;
        }
        let next = self.waiting.pop_front();
        self.busy = next.is_some();
        if next.is_none() {
            // An idle connection holds no memory for it.
            self.waiting = VecDeque::new();
        }
        next
    }

    /// Records that the running command has ended.
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

    fn command(number: u128) -> QueuedCommand {
        let text = format!(r#"{{"id":"{}","order":"{}","action":"ready"}}"#, Uuid::from_u128(number), Uuid::nil());
        let raw: crate::domain::model::command::RawCommand = serde_json::from_str(&text).unwrap();
        QueuedCommand::Command(Box::new(raw.try_into().unwrap()))
    }

    #[test]
    fn commands_run_one_at_a_time_in_order_and_too_many_are_refused() {
        let mut queue = CommandQueue::default();
        for number in 0..MOST as u128 {
            assert_eq!(queue.push(command(number)), Ok(()));
        }
        assert_eq!(queue.push(command(99)), Err(command(99).id()));
        assert_eq!(queue.begin().map(|first| first.id()), Some(command(0).id()));
        assert!(queue.begin().is_none(), "one is running");
        queue.finish();
        assert_eq!(queue.begin().map(|second| second.id()), Some(command(1).id()));
    }

    #[test]
    fn a_failure_of_the_store_says_whether_to_send_the_command_again() {
        let id = command(1).id();
        let text = |error| reply(id, Err(CommandError::Store(error))).text().to_string();
        assert!(text(StoreError::Unavailable).contains(r#""code":"unavailable""#));
        assert!(text(StoreError::Unavailable).contains(r#""retry_after_ms":1000"#));
        assert!(text(StoreError::Internal).contains(r#""code":"internal""#));
        assert!(!text(StoreError::Internal).contains("retry_after_ms"));
    }
}
