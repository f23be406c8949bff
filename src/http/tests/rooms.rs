//! Receipts over calls, at a node without a connection of the screen.

use super::*;
use crate::domain::model::display::Change;
use crate::domain::model::room_id::RoomId;
use crate::screens::tracker;

#[actix_web::test]
async fn a_node_records_receipts_of_a_screen_that_it_does_not_hold() {
    let (app, cook) = (TestApp::open().await, insider(Role::Kitchen));
    let receipt = json!({"position": app.place(&insider(Role::Staff)).await["position"]});
    let seen = || post(&format!("/api/v1/rooms/kitchen:{LADLE}/seen"));
    app.send(seen(), &cook, receipt.clone()).await.problem(503, "unavailable");
    // The node with the connection records it in the log.
    let screen = tracker::screen_key(&cook).display;
    let change = Change::Connected { name: "Grill".parse().unwrap(), station: None };
    app.state.node.commands.display(LADLE, screen.clone(), change).await.unwrap();
    assert_eq!(app.send(seen(), &cook, receipt.clone()).await.status, 204);
    let floor = app.state.node.store.snapshot(LADLE, RoomId::Floor(LADLE)).await.unwrap().unwrap();
    let displays = serde_json::to_value(floor.displays).unwrap();
    assert_eq!(displays[screen.to_string()]["position"], receipt["position"]);
}
