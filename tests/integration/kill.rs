//! `kill -9` during commands: acknowledged commands survive, unacknowledged ones take effect once when sent again, and a
//! screen that reconnects has seen every event once.

use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::log::{self, Believed, faults, orders_by_note};
use support::{Client, Menu, PATIENCE, Screen, TestServer, Wish, eventually, new_id};

const KILLS: usize = 20;
/// Guests and waiters who act at the same time.
const WRITERS: usize = 6;
/// The fewest commands that are acknowledged before a kill.
const WORK: usize = 21;

/// The commands so far.
#[derive(Default)]
struct Ledger {
    acknowledged: Vec<Believed>,
    /// Sent, but not answered.
    open: Vec<Wish>,
    wishes: usize,
    resent: usize,
}

/// Sends a command. Returns `None` when no answer came.
async fn send(wish: &Wish, staff: &Client, menu: &Menu) -> Option<Value> {
    let answer = Client::attempt(wish.request(staff, menu)).await.ok()?;
    assert!(matches!(answer.status, 200 | 201), "{wish:?}: {}", answer.text);
    Some(answer.json())
}

/// The commands of a writer until the server was killed.
type Done = (Vec<Believed>, Option<Wish>);

/// Takes one order after another through its life, until no answer comes.
async fn write(staff: Client, menu: &Menu, name: String, answered: &AtomicUsize) -> Done {
    let mut done = Vec::new();
    for round in 0.. {
        let place = Wish::Place { id: new_id(), note: format!("{name}, {round}") };
        let Some(document) = send(&place, &staff, menu).await else { return (done, Some(place)) };
        done.push(Believed { id: place.id().into(), position: document["position"].as_u64().unwrap() });
        answered.fetch_add(1, Ordering::Relaxed);
        for action in ["accept", "start", "ready"] {
            let act = Wish::Act { id: new_id(), order: document["id"].clone(), action };
            let Some(ack) = send(&act, &staff, menu).await else { return (done, Some(act)) };
            done.push(Believed { id: act.id().into(), position: ack["position"].as_u64().unwrap() });
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
    (done, None)
}

impl Ledger {
    fn take(&mut self, (done, open): Done) {
        self.wishes += done.len() + usize::from(open.is_some());
        self.acknowledged.extend(done);
        self.open.extend(open);
    }

    /// Sends the unanswered commands again, with the same ids.
    async fn send_again(&mut self, staff: &Client, menu: &Menu) {
        for wish in std::mem::take(&mut self.open) {
            let answer = send(&wish, staff, menu).await.expect("the server is up");
            self.acknowledged.push(Believed { id: wish.id().into(), position: answer["position"].as_u64().unwrap() });
            self.resent += 1;
        }
    }
}

/// Runs one round: work, a kill during the work, a restart. Returns the screen that has reconnected.
async fn round(
    server: &mut TestServer,
    staff: &mut Client,
    menu: &Menu,
    ledger: &mut Ledger,
    screen: Screen,
    at: usize,
) -> Screen {
    let mut screen = screen;
    let answered = AtomicUsize::new(0);
    let names = (0..WRITERS).map(|writer| format!("round {at}, writer {writer}"));
    let writers = futures_util::future::join_all(names.map(|name| write(staff.clone(), menu, name, &answered)));
    // Kill after a different number of commands each time, and always during the work, however slow the machine is.
    let kill = async {
        let enough = || async { (answered.load(Ordering::Relaxed) >= WORK + at).then_some(()) };
        eventually("enough work before the kill", PATIENCE, enough).await;
        server.kill().await;
    };
    let watch = async { while screen.next().await.is_ok() {} };
    let (done, (), ()) = tokio::join!(writers, kill, watch);
    done.into_iter().for_each(|done| ledger.take(done));
    server.restart().await;
    *staff = staff.at(&server.base);
    // The screen reconnects while the commands are sent again.
    let (screen, ()) = tokio::join!(screen.resume_on(staff), ledger.send_again(staff, menu));
    screen
}

#[tokio::test]
async fn twenty_kills_during_commands_lose_and_repeat_nothing_and_leave_no_gap() {
    let mut server = TestServer::start(&[]).await;
    let mut staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let room = menu.kitchen();
    let mut ledger = Ledger::default();
    let mut screen = staff.screen().await;
    screen.join(&room).await;
    // The control: a screen that reconnects without its cursor.
    let mut forgetful = Vec::new();
    for at in 0..KILLS {
        let mut other = staff.screen().await;
        other.join(&room).await;
        screen = round(&mut server, &mut staff, &menu, &mut ledger, screen, at).await;
        while other.next().await.is_ok() {}
        forgetful.extend(other.rooms[&room].events.clone());
    }
    let feed = log::whole(&staff, &room).await;
    screen.see(&room, feed.cursor.unwrap()).await;
    let seen = &screen.room(&room).events;
    let (events, wishes, resent) = (feed.events.len(), ledger.wishes, ledger.resent);
    println!("{KILLS} kills during {wishes} commands: {events} events, {resent} unanswered and sent again, 0 lost, 0 doubled");
    assert!(wishes > 20 * KILLS && resent >= KILLS, "the kills came during the work");
    assert_eq!(faults(&feed, &ledger.acknowledged, seen), [""; 0]);
    assert_eq!(screen.room(&room).repeats, 0);
    assert_eq!(orders_by_note(&feed).into_iter().find(|(_, count)| *count != 1), None);
    assert_eq!(screen.room(&room).documents, feed.documents);

    assert_controls(&feed, &ledger.acknowledged, seen, &forgetful);
    // A retry under another id is another command, which is why commands have ids.
    let wish = Wish::Place { id: new_id(), note: "round 0, writer 0, 0".into() };
    send(&wish, &staff, &menu).await.unwrap();
    let feed = log::whole(&staff, &room).await;
    assert_eq!(orders_by_note(&feed)["round 0, writer 0, 0"], 2);
}

/// Runs the same checks on data that they must reject.
fn assert_controls(feed: &support::Followed, acknowledged: &[Believed], seen: &[Value], forgetful: &[Value]) {
    assert_ne!(faults(feed, acknowledged, forgetful), [""; 0], "a screen that forgets its cursor misses events");
    let middle = feed.events.len() / 2;
    let mut lost = feed.clone();
    lost.events.remove(middle);
    assert!(faults(&lost, acknowledged, seen).len() >= 2, "a missing event");
    let mut doubled = feed.clone();
    doubled.events.push(feed.events[middle].clone());
    assert!(!faults(&doubled, acknowledged, &doubled.events).is_empty(), "a command with two effects");
    let mut swapped = seen.to_vec();
    swapped.swap(middle, middle + 1);
    assert_eq!(faults(feed, acknowledged, &swapped).len(), 1, "events in another order than the feed's");
    let never = Believed { id: new_id(), position: 1 };
    assert_eq!(faults(feed, &[never], seen).len(), 1, "an acknowledged command without an event");
}
