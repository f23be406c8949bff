//! Execution of commands, the same for every transport: authorize, decide inside one transaction of
//! the store (which remembers the answer under the command's id), and announce the committed
//! events.

mod budget;
mod external;
mod limiter;
mod limits;
mod notes;
mod outcome;
mod refusal_budget;
mod refused;
pub mod standing;

pub use limits::{CommandLimits, CommandRates};
pub use outcome::CommandError;

use crate::auth::policy;
use crate::clock;
use crate::domain::model::basket::Basket;
use crate::domain::model::command::{Command, OrderAction, Subject};
use crate::domain::model::display::Change;
use crate::domain::model::draft::Moment;
use crate::domain::model::event::{By, Event};
use crate::domain::model::house_rules::RuledAction;
use crate::domain::model::order::Order;
use crate::domain::model::principal::{Principal, Role};
use crate::domain::model::refusal::{Denied, Refusal, RefusalKind, invalid_at};
use crate::domain::model::undrawn::Ticket;
use crate::domain::model::visit::VisitAction;
use crate::domain::rules::change_menu::MenuAction;
use crate::domain::rules::decision::Decision;
use crate::domain::rules::order_limits::Guest;
use crate::domain::rules::place_order::{self, NewIds};
use crate::domain::rules::split_visit::NewVisitIds;
use crate::domain::rules::transition::{self, TransitionContext};
use crate::domain::rules::{change_menu, courses, move_visit, schedule, screen, unseen_ticket, waiter_call};
use crate::domain::values::ids::{CallId, CommandId, OrderId, RestaurantId, ShiftId, VisitChangeId};
use crate::domain::values::level::Level;
use crate::domain::values::position::Position;
use crate::domain::values::text::{Key, TableLabel};
use crate::domain::values::version::Expected;
use crate::failpoint::{self, Point};
use crate::feed::{EventCommitted, FeedRegistry};
use crate::store::StoreError;
use crate::store::audit::Note;
use crate::store::log::{Ack, CommandKey, Committed, Reads, State, Work};
use crate::store::nodes::LevelInForce;
use crate::store::shifts::OnShift;
use crate::telemetry::{ByAction, ByOutcome};
use outcome::Done;
use refusal_budget::RefusalBudget;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;
use uuid::Uuid;

/// The answer to a command.
pub type Answer = Result<Ack, CommandError>;

fn refuse(kind: RefusalKind, message: &str) -> CommandError {
    CommandError::Refused(Refusal::new(kind, message))
}

/// The executor of commands. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    feeds: FeedRegistry,
    limits: Arc<CommandLimits>,
    level: LevelInForce,
    refusals: Arc<RefusalBudget>,
}

impl Commands {
    /// Executes commands on the registry's store under these limits, and announces to its feeds.
    #[must_use]
    pub fn new(feeds: FeedRegistry, rates: CommandRates) -> Self {
        let limits = Arc::new(CommandLimits::new(rates, feeds.metrics().clone()));
        Self { feeds, limits, level: LevelInForce::default(), refusals: Arc::default() }
    }

    /// Accepts only requests that the feature level in force knows.
    #[must_use]
    pub fn at_level(self, level: LevelInForce) -> Self {
        Self { level, ..self }
    }

    /// Returns the limits on commands.
    #[must_use]
    pub fn limits(&self) -> &CommandLimits {
        &self.limits
    }

    /// Counts a call that costs as much as a command against the limit on commands.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn admit(&self, who: &Principal) -> Result<(), CommandError> {
        self.limits.admit(who).map_err(|refusal| {
            self.limits.note(who, &refusal);
            CommandError::Refused(refusal)
        })
    }

    /// Returns the principal that acts on a shift of a shared device: the person, as they are now, on that device. Without
    /// a shift it is the sender.
    ///
    /// # Errors
    /// `forbidden` for a shift that is unknown or has ended, `invalid` on another device; an error of the store.
    pub async fn acting(&self, who: &Principal, shift: Option<ShiftId>) -> Result<Principal, CommandError> {
        let Some(shift) = shift else { return Ok(who.clone()) };
        self.check_level(Level::TWO).map_err(CommandError::Refused)?;
        if !policy::is_shared(who) {
            return Err(refuse(RefusalKind::Invalid, "shift: only a shared device has shifts; leave it out"));
        }
        let on_shift = self.feeds.store().on_shift(who.restaurant, &who.session, shift, clock::now()).await?;
        let over = || Denied::ShiftOver.refusal("this person is no longer signed in on this device; type the PIN again");
        let OnShift { person, name, role } = on_shift.ok_or_else(|| CommandError::Refused(over()))?;
        let sub = person.to_string().parse().map_err(|_| StoreError::Internal)?;
        Ok(Principal { sub, role, name: Some(name), ..who.clone() })
    }

    /// Executes a command on an order or a call.
    ///
    /// # Errors
    /// A refusal, or an error of the store.
    pub async fn execute(&self, who: &Principal, command: Command) -> Answer {
        let begun = clock::uptime();
        let who = &self.acting(who, command.shift).await?;
        let action = command.action();
        let order = match command.subject {
            Subject::Order { order, .. } => Some(order),
            Subject::Call(_) | Subject::Visit { .. } => None,
        };
        let note = self.within_budget(who, notes::of_command(who, &command));
        let answer =
            if policy::may_act(who, action) { self.run(who, command, note).await } else { self.forbidden(who, note).await };
        self.record(who, Done { action: action.as_str(), order, begun }, answer)
    }

    /// Returns the note. If the principal has used up their budget of refusals, the note records no refusal.
    fn within_budget(&self, who: &Principal, note: Option<Note>) -> Option<Note> {
        let has_room = note.is_none() || self.refusals.has_room(who, clock::uptime());
        note.map(|note| if has_room { note } else { note.unless_refused() })
    }

    /// Refuses what the role may not do, and records the attempt if a staff member made it.
    async fn forbidden(&self, who: &Principal, note: Option<Note>) -> Result<Committed, CommandError> {
        if policy::is_shared(who) {
            return Err(CommandError::Refused(Denied::nobody()));
        }
        if let Some(note) = note.filter(Note::lists_refusals) {
            self.feeds.store().record(note.with_outcome(RefusalKind::Forbidden.as_str())).await?;
        }
        Err(refuse(RefusalKind::Forbidden, "your role may not do this"))
    }

    async fn run(&self, who: &Principal, command: Command, note: Option<Note>) -> Result<Committed, CommandError> {
        let key = key(who, command.id, "command", &command);
        if let Err(refusal) = self.check_level(command.level()).and_then(|()| self.limits.admit(who)) {
            return self.answered_or(who, &key, refusal).await;
        }
        let ruled = RuledAction::Act(command.action());
        match command.subject {
            Subject::Order { order, expected, action } => {
                let principal = who.clone();
                let new_items: Vec<_> = (0..action.new_items()).map(|_| clock::new_id()).collect();
                let reads = if action.reads_menu() { Reads::OrderAndMenu(order) } else { Reads::Order(order) };
                let limits = self.limits.clone();
                let decide = move |state: State| {
                    policy::check_rules(&principal, ruled, &state.rules)?;
                    decide_order(state, &principal, &action, expected, &new_items, &limits)
                };
                self.commit(who, reads, Some(key), note, decide).await
            }
            Subject::Call(action) => {
                let (principal, id) = (who.clone(), CallId::from_uuid(clock::new_id()));
                let reads = Guest::of(who).map_or(Reads::Calls, Reads::GuestCalls);
                let decide = move |state: State| {
                    policy::check_rules(&principal, ruled, &state.rules)?;
                    let principal = seated(&principal, state.seat);
                    waiter_call::decide(&state.calls, &action, &principal, id, state.moment)
                };
                self.commit(who, reads, Some(key), note, decide).await
            }
            Subject::Visit { expected, action } => {
                let change = VisitChangeId::from_uuid(clock::new_id());
                let others: Vec<_> = (0..new_ids_of(&action)).map(|_| clock::new_id()).collect();
                let reads = Reads::Visit(action.clone());
                let principal = who.clone();
                let decide = move |state: State| {
                    policy::check_rules(&principal, ruled, &state.rules)?;
                    let (number, tickets) = (state.next_number, state.ticket_counter);
                    let zone = state.menu.as_ref().map(|menu| menu.time_zone.clone()).unwrap_or_default();
                    let new = NewVisitIds { change, others: others.clone(), number, tickets, day: zone.day(state.moment.now) };
                    move_visit::decide(state.seating, &action, expected, &new, state.moment)
                };
                self.commit(who, reads, Some(key), note, decide).await
            }
        }
    }

    /// Places an order.
    ///
    /// # Errors
    /// A refusal, or an error of the store.
    pub async fn place(&self, who: &Principal, id: CommandId, basket: Basket) -> Answer {
        let begun = clock::uptime();
        let answer = self.run_place(who, id, basket).await;
        self.record(who, Done { action: "place", order: None, begun }, answer)
    }

    async fn run_place(&self, who: &Principal, id: CommandId, basket: Basket) -> Result<Committed, CommandError> {
        let note = self.within_budget(who, notes::of_place(who));
        if !policy::may_place(who) {
            return self.forbidden(who, note).await;
        }
        basket.check(who).map_err(CommandError::Refused)?;
        let key = key(who, id, "place", &basket);
        let may = self.check_level(basket.level()).and_then(|()| self.limits.size().check(&basket, who));
        let may = may.and_then(|()| self.limits.admit(who));
        if let Err(refusal) = may.and_then(|()| self.limits.check_not_blocked(who)) {
            return self.answered_or(who, &key, refusal).await;
        }
        self.check_table(who, &basket).await?;
        let guest = Guest::of(who);
        let reads = match (guest, &basket.external_id) {
            (Some(guest), _) => Reads::GuestBasket(guest),
            (None, Some(id)) => Reads::ExternalBasket(id.clone()),
            (None, None) => Reads::Basket,
        };
        let (limits, delivery) = (self.limits.clone(), basket.delivery.clone());
        let order = OrderId::from_uuid(clock::new_id());
        let items: Vec<_> = basket.items.iter().map(|_| clock::new_id()).collect();
        let (principal, fingerprint, level) = (who.clone(), key.fingerprint, self.level.get());
        let decide = move |state: State| {
            if let Some(known) = external::known(&state.external, &principal.sub) {
                return external::answer_repeat(known, &fingerprint);
            }
            limits.count_order(&principal, basket.items.len())?;
            state.open.check(limits.open(), basket.due_at.is_some())?;
            let (number, tickets) = (state.next_number, state.ticket_counter);
            let default_minutes = state.default_minutes;
            let new_ids = NewIds { number, tickets, order, items: items.clone(), default_minutes, level, rules: state.rules };
            let menu = state.menu.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "the restaurant has no menu"))?;
            place_order::decide(&menu, &basket, &seated(&principal, state.seat), &new_ids, state.moment)
        };
        let (restaurant, by, at, command) = (who.restaurant, By::of(who), clock::now(), Some(key));
        self.commit_work(Work { restaurant, reads, command, by, at, note, delivery, decide: Box::new(decide) }).await
    }

    /// Refuses fields that some node of the cluster does not know yet.
    fn check_level(&self, needed: Level) -> Result<(), Refusal> {
        if needed <= self.level.get() {
            return Ok(());
        }
        let message = "a field of this request needs a feature level that is not in force yet; send the request without it";
        Err(Refusal::new(RefusalKind::Invalid, message))
    }

    /// Returns the remembered answer to a repeated command, and otherwise this refusal, which is not
    /// remembered. So a limit never hides an earlier answer.
    async fn answered_or(&self, who: &Principal, key: &CommandKey, refusal: Refusal) -> Result<Committed, CommandError> {
        let answered = self.feeds.store().answered(who.restaurant, key).await?;
        answered.ok_or(CommandError::Refused(refusal))
    }

    /// Checks that a table named by staff belongs to the restaurant.
    async fn check_table(&self, who: &Principal, basket: &Basket) -> Result<(), CommandError> {
        let Some(label) = &basket.table else { return Ok(()) };
        let tables = self.feeds.store().tables(who.restaurant).await?;
        if tables.iter().any(|table| table.label == *label) {
            return Ok(());
        }
        Err(CommandError::Refused(invalid_at("/table", "the restaurant has no such table")))
    }

    /// Changes the menu, a dish's availability or the pause. Idempotent, so the answer is not
    /// remembered.
    ///
    /// # Errors
    /// A refusal, or an error of the store.
    pub async fn change_menu(&self, who: &Principal, action: MenuAction, expected: Expected) -> Answer {
        let begun = clock::uptime();
        let note = self.within_budget(who, notes::of_menu(who, &action));
        let answer = if let Err(refusal) = self.check_level(action.level()).and_then(|()| self.limits.admit(who)) {
            Err(CommandError::Refused(refusal))
        } else if policy::may_set_menu(who) {
            let (principal, ruled) = (who.clone(), action.ruled_action());
            let decide = move |state: State| {
                ruled.map_or(Ok(()), |ruled| policy::check_rules(&principal, ruled, &state.rules))?;
                decide_menu(state, &action, &expected)
            };
            self.commit(who, Reads::Menu, None, note, decide).await
        } else {
            self.forbidden(who, note).await
        };
        self.record(who, Done { action: "menu", order: None, begun }, answer)
    }

    /// Ends the pauses and sold-out marks of a menu that are due. The events name the role
    /// `service`.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn lapse(&self, restaurant: RestaurantId) -> Answer {
        let decide = |state| decide_menu(state, &MenuAction::Lapse, &Expected::ANY);
        let answer = self.commit_by(Role::Service, restaurant, Reads::Menu, decide).await;
        self.count("lapse", answer)
    }

    /// Starts an order for later that is due. Idempotent: only the first node that finds it has an effect. The event names the
    /// role `service`.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn begin_due(&self, restaurant: RestaurantId, order: OrderId) -> Answer {
        let answer = self.commit_by(Role::Service, restaurant, Reads::Order(order), by_clock(schedule::decide)).await;
        self.count("due", answer)
    }

    /// Fires the course of an order that is due, by its rule. Does nothing if it is fired, or if somebody holds it.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn fire_due(&self, restaurant: RestaurantId, order: OrderId) -> Answer {
        let answer = self.commit_by(Role::Service, restaurant, Reads::Order(order), by_clock(courses::decide)).await;
        self.count("fire_due", answer)
    }

    /// Records a change of a kitchen screen. Idempotent. The events name the role `kitchen` for a
    /// new connection, and otherwise `service`.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn display(&self, restaurant: RestaurantId, id: Key, change: Change) -> Answer {
        let role = if matches!(change, Change::Connected { .. }) { Role::Kitchen } else { Role::Service };
        let reads = Reads::Display(id.clone());
        let decide = move |state: State| Ok(screen::decide(state.display, id.clone(), change.clone(), state.moment));
        let answer = self.commit_by(role, restaurant, reads, decide).await;
        self.count("display", answer)
    }

    /// Reports to the floor which of the overdue tickets no screen has shown, and which have been
    /// shown since. Idempotent: a second node that finds the same changes nothing.
    ///
    /// # Errors
    /// An error of the store.
    pub async fn report_undrawn(&self, restaurant: RestaurantId, overdue: BTreeSet<Ticket>) -> Answer {
        let decide = move |state: State| Ok(unseen_ticket::decide(&state.tickets, &overdue, state.moment));
        let answer = self.commit_by(Role::Service, restaurant, Reads::Tickets, decide).await;
        self.count("undrawn", answer)
    }

    /// Announces events that another transaction of the store has committed.
    pub async fn announce(&self, restaurant: RestaurantId, events: Arc<[Event]>) {
        if !events.is_empty() {
            self.feeds.announce(EventCommitted { restaurant, link: None, events }).await;
        }
    }

    async fn commit(
        &self,
        who: &Principal,
        reads: Reads,
        command: Option<CommandKey>,
        note: Option<Note>,
        decide: impl Fn(State) -> Result<Decision, Refusal> + Send + Sync + 'static,
    ) -> Result<Committed, CommandError> {
        let (restaurant, by) = (who.restaurant, By::of(who));
        let at = clock::now();
        self.commit_work(Work { restaurant, reads, command, by, at, note, delivery: None, decide: Box::new(decide) }).await
    }

    /// Commits work of the node itself, which has no command id.
    async fn commit_by(
        &self,
        role: Role,
        restaurant: RestaurantId,
        reads: Reads,
        decide: impl Fn(State) -> Result<Decision, Refusal> + Send + Sync + 'static,
    ) -> Result<Committed, CommandError> {
        let (by, at) = (By::role(role), clock::now());
        let (note, delivery) = (None, None);
        self.commit_work(Work { restaurant, reads, command: None, by, at, note, delivery, decide: Box::new(decide) }).await
    }

    /// Commits and announces.
    ///
    /// Cancel safety: both run in a task of their own, so a caller that is dropped in between
    /// leaves no commit unannounced.
    async fn commit_work(&self, work: Work) -> Result<Committed, CommandError> {
        let commands = self.clone();
        let restaurant = work.restaurant;
        let task = tokio::task::spawn_local(async move {
            let begun = clock::uptime();
            let committed = commands.feeds.store().commit(work).await?;
            commands.feeds.metrics().commit_duration.observe(clock::uptime().since(begun).as_secs_f64());
            if !committed.events.is_empty() {
                failpoint::reach(Point::Committed);
                let events = committed.events.clone();
                commands.feeds.announce(EventCommitted { restaurant, link: committed.link, events }).await;
                failpoint::reach(Point::Announced);
            }
            Ok::<_, StoreError>(committed)
        });
        match task.await {
            Ok(committed) => Ok(committed?),
            Err(_) => Err(CommandError::Store(StoreError::Internal)),
        }
    }

    /// Counts, times and logs a principal's command, and counts the limit that refused it, if any.
    fn record(&self, who: &Principal, done: Done, answer: Result<Committed, CommandError>) -> Answer {
        let Done { action, order, begun } = done;
        let took = clock::uptime().since(begun);
        self.feeds.metrics().command_duration.get_or_create(&ByAction { action }).observe(took.as_secs_f64());
        outcome::log(who, action, order, &answer);
        if let Ok(Committed { answer: Err(refusal), .. }) | Err(CommandError::Refused(refusal)) = &answer {
            self.limits.note(who, refusal);
            if who.role != Role::Diner && refusal.limit.is_none() {
                self.count_refusal(who);
            }
        }
        self.count(action, answer)
    }

    /// Counts a refused command of staff against their budget of refusals in the audit.
    fn count_refusal(&self, who: &Principal) {
        let now = clock::uptime();
        if !self.refusals.has_room(who, now) {
            self.feeds.metrics().hit("audit_refusals");
        }
        self.refusals.count(who, now);
    }

    /// Counts the outcome and unwraps the answer.
    fn count(&self, action: &'static str, answer: Result<Committed, CommandError>) -> Answer {
        let outcome = outcome::word(&answer);
        self.feeds.metrics().commands.get_or_create(&ByOutcome { action, outcome }).inc();
        answer?.answer.map_err(CommandError::Refused)
    }
}

/// Returns the key under which the answer is remembered. The same id with other contents, or of
/// another kind, conflicts.
fn key(who: &Principal, id: CommandId, kind: &str, meaning: &impl Serialize) -> CommandKey {
    let mut digest = Sha256::new();
    digest.update(kind);
    digest.update([0]);
    // Plain data with text keys always serializes.
    digest.update(serde_json::to_vec(meaning).unwrap_or_default());
    CommandKey { sub: who.sub.clone(), id, fingerprint: digest.finalize().into() }
}

/// Returns a guest with the table of their session. Their token may name an earlier one.
fn seated(who: &Principal, seat: Option<TableLabel>) -> Principal {
    Principal { table: seat.or_else(|| who.table.clone()), ..who.clone() }
}

/// Returns the number of ids that an action on a visit may need.
fn new_ids_of(action: &VisitAction) -> usize {
    match action {
        VisitAction::Split { lines, .. } => NewVisitIds::needed(lines.len()),
        VisitAction::Move { .. } | VisitAction::Merge { .. } | VisitAction::Undo { .. } => 0,
    }
}

fn decide_order(
    state: State,
    who: &Principal,
    action: &OrderAction,
    expected: Option<Position>,
    new_items: &[Uuid],
    limits: &CommandLimits,
) -> Result<Decision, Refusal> {
    // The order of another guest and one that does not exist have the same answer.
    let order = state.order.filter(|order| policy::owns(who, order)).ok_or_else(no_such_order)?;
    if let OrderAction::AddItems(round) = action {
        limits.count_order(who, round.items.len())?;
    }
    let State { moment, default_minutes, .. } = state;
    let at = TransitionContext { who, moment, default_minutes, new_items, menu: state.menu.as_deref(), size: limits.size() };
    transition::decide(&order, action, expected, at)
}

/// Decides about an order that is found due.
fn by_clock(decide: fn(&Order, Moment) -> Decision) -> impl Fn(State) -> Result<Decision, Refusal> {
    move |state| Ok(decide(&state.order.ok_or_else(no_such_order)?, state.moment))
}

fn no_such_order() -> Refusal {
    Refusal::new(RefusalKind::NotFound, "no such order")
}

fn decide_menu(state: State, action: &MenuAction, expected: &Expected) -> Result<Decision, Refusal> {
    let menu = state.menu.ok_or_else(|| Refusal::new(RefusalKind::NotFound, "the restaurant has no menu"))?;
    change_menu::decide(&menu, action, expected, state.moment)
}
