//! Shutdown: every client is notified for its own slot, and no work is cut off.

use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use support::{Client, Close, Menu, PATIENCE, Raw, Screen, TestServer, eventually, raw::Handshake, server::TALKATIVE};

const WINDOW: Duration = Duration::from_secs(4);

#[tokio::test]
async fn sigterm_refuses_new_connections_gives_each_client_a_slot_and_exits_within_the_window() {
    let mut server = TestServer::start(&["--drain-s", "4", "--connections-per-principal", "100"]).await;
    let staff = server.staff().await;
    staff.get("/readyz").await.expect(200);
    let mut screens = Vec::new();
    for _ in 0..30 {
        screens.push(staff.screen().await);
    }
    let begun = Instant::now();
    server.signal("TERM");
    eventually("not ready", PATIENCE, || async { (staff.get("/readyz").await.status == 503).then_some(()) }).await;
    let unready = staff.get("/readyz").await;
    unready.problem(503, "unavailable");
    assert!(!unready.header("retry-after").is_empty());
    staff.get("/healthz").await.expect(200);
    let (reply, _) = Handshake::new(&staff.token).send(&server.base, None).await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "unavailable"));
    assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);

    let slots = futures_util::future::join_all(screens.iter_mut().map(|screen| slot(screen, begun))).await;
    let mut told: Vec<_> = slots.iter().map(|(told, _)| *told).collect();
    told.sort_unstable();
    told.dedup();
    assert!(told.len() > 20, "each has its own slot: {told:?}");
    assert!(*told.last().unwrap() <= WINDOW && *told.last().unwrap() - told[0] > WINDOW / 4, "spread over the window: {told:?}");
    for (told, closed) in slots {
        assert!(
            closed + Duration::from_millis(50) >= told && closed < told + Duration::from_secs(1),
            "{told:?}, closed after {closed:?}"
        );
    }
    let status = server.exit().await;
    assert_eq!(status.code(), Some(0));
    assert!(begun.elapsed() < WINDOW, "{:?}", begun.elapsed());
}

/// Returns the slot that a screen was assigned, and when the server closed it.
async fn slot(screen: &mut Screen, begun: Instant) -> (Duration, Duration) {
    let frame = screen.until("going_away", |frame| frame["type"] == "going_away").await;
    assert_eq!(screen.until_close().await, Close::Code(1012));
    (Duration::from_millis(frame["reconnect_in_ms"].as_u64().unwrap()), begun.elapsed())
}

#[tokio::test]
async fn commands_continue_until_the_slot_and_a_stop_loses_nothing_acknowledged() {
    let flags = [&TALKATIVE[..], &["--drain-s", "3"]].concat();
    let mut server = TestServer::start(&flags).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let order = staff.place(&menu.basket()).await["id"].clone();
    let mut screen = staff.screen().await;
    server.signal("TERM");
    screen.until("going_away", |frame| frame["type"] == "going_away").await;
    // Send as fast as possible until the slot ends.
    let (mut acked, mut rush) = (0, true);
    loop {
        let id = support::new_id();
        screen.send(&json!({"type": "command", "id": id, "order": order, "action": "rush", "rush": rush})).await;
        match screen.next().await {
            Ok(frame) => {
                assert_eq!((&frame["type"], &frame["id"]), (&json!("ack"), &json!(id)), "{frame}");
                (acked, rush) = (frame["position"].as_u64().unwrap(), !rush);
            }
            Err(close) => break assert_eq!(close, Close::Code(1012)),
        }
    }
    assert_eq!(server.exit().await.code(), Some(0));
    server.restart().await;
    let position = staff.at(&server.base).order(&order).await["position"].as_u64().unwrap();
    assert!(acked > 0 && (acked..=acked + 1).contains(&position), "acknowledged up to {acked}, stored up to {position}");
}

#[tokio::test]
async fn a_second_signal_exits_at_once() {
    let mut server = TestServer::start(&["--drain-s", "600"]).await;
    let mut screen = server.staff().await.screen().await;
    server.signal("TERM");
    let frame = screen.until("going_away", |frame| frame["type"] == "going_away").await;
    let begun = Instant::now();
    server.signal("INT");
    assert_eq!(server.exit().await.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(frame["reconnect_in_ms"].as_u64().unwrap() <= 600_000);
}

#[tokio::test]
async fn a_stop_without_clients_takes_no_time() {
    let mut server = TestServer::start(&["--drain-s", "600"]).await;
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.exit().await.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_node_behind_a_balancer_serves_as_before_while_it_is_not_ready() {
    let mut server = TestServer::start(&["--drain-min-s", "2", "--drain-s", "600"]).await;
    let staff = server.staff().await;
    let menu = Menu::read(&staff).await;
    let mut screen = staff.screen().await;
    let begun = Instant::now();
    server.signal("TERM");
    eventually("not ready", PATIENCE, || async { (staff.get("/readyz").await.status == 503).then_some(()) }).await;
    staff.get("/readyz").await.problem(503, "unavailable");
    staff.place(&menu.basket()).await;
    let (reply, stream) = Handshake::new(&staff.token).send(&server.base, None).await;
    assert_eq!(reply.status, 101, "a client that the balancer still sends is served");
    drop(stream);
    screen.until("going_away", |frame| frame["type"] == "going_away").await;
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    drop(screen);
    assert_eq!(server.exit().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_a_node_that_waits_for_its_balancer() {
    let mut server = TestServer::start(&["--drain-min-s", "600"]).await;
    server.signal("TERM");
    let anybody = server.anybody();
    eventually("not ready", PATIENCE, || async { (anybody.get("/readyz").await.status == 503).then_some(()) }).await;
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.exit().await.code(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

/// Connects, counts itself as accepted, and reads to the end. Returns `None` when the handshake was refused.
async fn visit(client: Client, inside: Arc<AtomicUsize>) -> Option<Close> {
    let (reply, stream) = Handshake::new(&client.token).try_send(&client.base, None).await?;
    (reply.status == 101).then_some(())?;
    inside.fetch_add(1, Ordering::Relaxed);
    Some(Raw { stream }.until_close().await)
}

#[tokio::test]
async fn a_connection_accepted_at_the_last_moment_gets_going_away_too() {
    let mut server = TestServer::start(&["--drain-s", "2", "--connections-per-principal", "1000"]).await;
    let staff = server.staff().await;
    let inside = Arc::new(AtomicUsize::new(0));
    let mut visits = Vec::new();
    // At the signal some clients are connected, some are connecting and some come later, however fast the machine is.
    for at in 0..300 {
        visits.push(tokio::spawn(visit(staff.clone(), inside.clone())));
        if at == 150 {
            eventually("some connections", PATIENCE, || async { (inside.load(Ordering::Relaxed) > 20).then_some(()) }).await;
            server.signal("TERM");
        }
        tokio::task::yield_now().await;
    }
    let mut ends = Vec::new();
    for visit in visits {
        ends.extend(visit.await.unwrap());
    }
    assert!(ends.len() > 20, "{} were accepted", ends.len());
    assert_eq!(ends.iter().filter(|end| **end != Close::Code(1012)).count(), 0, "of {}", ends.len());
    assert_eq!(server.exit().await.code(), Some(0));
}
