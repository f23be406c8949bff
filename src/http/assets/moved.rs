//! Scripts that are at another address than in version 0.1.0. A page that was opened before its server was replaced loads
//! some of its scripts later, and asks for them where they were.

/// Where a script was, and where it is, in the order of the first.
const MOVED: &[(&str, &str)] = &[
    ("client/connection.js", "client/transport/connection.js"),
    ("client/event_stream.js", "client/transport/event_stream.js"),
    ("client/fallback.js", "client/transport/fallback.js"),
    ("client/follow_poll.js", "client/transport/follow_poll.js"),
    ("client/follow_stream.js", "client/transport/follow_stream.js"),
    ("client/http_commands.js", "client/transport/http_commands.js"),
    ("client/http_link.js", "client/transport/http_link.js"),
    ("client/http_receipts.js", "client/transport/http_receipts.js"),
    ("client/idb_storage.js", "client/persistence/idb_storage.js"),
    ("client/kept_commands.js", "client/persistence/kept_commands.js"),
    ("client/kept_rooms.js", "client/persistence/kept_rooms.js"),
    ("client/persistence.js", "client/persistence/persistence.js"),
    ("client/renewal.js", "client/transport/renewal.js"),
    ("client/rooms_reader.js", "client/transport/rooms_reader.js"),
    ("client/socket_link.js", "client/transport/socket_link.js"),
    ("client/tabs.js", "client/transport/tabs.js"),
    ("pages/account.js", "shared/account.js"),
    ("pages/basket_sheet.js", "guest/basket_sheet.js"),
    ("pages/calls.js", "guest/calls.js"),
    ("pages/choice_sheet.js", "guest/choice_sheet.js"),
    ("pages/confirm_password.js", "shared/confirm_password.js"),
    ("pages/double_touch.js", "shared/double_touch.js"),
    ("pages/frame.js", "guest/frame.js"),
    ("pages/guard.js", "shared/guard.js"),
    ("pages/kiosk.js", "shared/kiosk.js"),
    ("pages/kitchen.js", "kitchen/main.js"),
    ("pages/kitchen_commands.js", "kitchen/commands.js"),
    ("pages/kitchen_orders.js", "kitchen/orders.js"),
    ("pages/kitchen_screen.js", "kitchen/screen.js"),
    ("pages/kitchen_session.js", "kitchen/session.js"),
    ("pages/kitchen_view.js", "kitchen/view.js"),
    ("pages/landing.js", "landing/main.js"),
    ("pages/last_seen.js", "guest/last_seen.js"),
    ("pages/manage.js", "manager/main.js"),
    ("pages/manage_audit.js", "manager/audit.js"),
    ("pages/manage_desk.js", "manager/screen.js"),
    ("pages/manage_keys.js", "manager/api_keys.js"),
    ("pages/manage_menu.js", "manager/menu.js"),
    ("pages/manage_people.js", "manager/people.js"),
    ("pages/manage_report.js", "manager/report.js"),
    ("pages/manage_screens.js", "manager/screens.js"),
    ("pages/manage_section.js", "manager/section.js"),
    ("pages/manage_tables.js", "manager/tables.js"),
    ("pages/new_version.js", "shared/new_version.js"),
    ("pages/order.js", "guest/order.js"),
    ("pages/order_book.js", "shared/order_book.js"),
    ("pages/order_page.js", "guest/order_page.js"),
    ("pages/page_state.js", "guest/page_state.js"),
    ("pages/refusals.js", "guest/refusals.js"),
    ("pages/share.js", "guest/share.js"),
    ("pages/staff.js", "floor/main.js"),
    ("pages/staff_commands.js", "floor/commands.js"),
    ("pages/staff_desk.js", "floor/screen.js"),
    ("pages/staff_service.js", "floor/service.js"),
    ("pages/staff_session.js", "shared/staff_session.js"),
    ("pages/table.js", "guest/table.js"),
    ("pages/table_frame.js", "guest/table_frame.js"),
    ("pages/table_page.js", "guest/table_page.js"),
    ("pages/tell_me.js", "guest/tell_me.js"),
    ("pages/upkeep.js", "guest/upkeep.js"),
    ("pages/visit.js", "guest/visit.js"),
    ("pages/visit_orders.js", "guest/visit_orders.js"),
    ("pages/watchdog.js", "kitchen/watchdog.js"),
    ("views/account.js", "shared/account_view.js"),
    ("views/back.js", "shared/back.js"),
    ("views/basket.js", "shared/basket.js"),
    ("views/basket_view.js", "guest/basket_view.js"),
    ("views/connection_banner.js", "shared/connection_banner.js"),
    ("views/dom.js", "shared/dom.js"),
    ("views/form_check.js", "shared/form_check.js"),
    ("views/format.js", "shared/format.js"),
    ("views/icons.js", "shared/icons.js"),
    ("views/keyed.js", "shared/keyed.js"),
    ("views/kitchen_board.js", "kitchen/board.js"),
    ("views/kitchen_keys.js", "kitchen/keys.js"),
    ("views/kitchen_memory.js", "kitchen/ticket_memory.js"),
    ("views/kitchen_model.js", "kitchen/tickets.js"),
    ("views/kitchen_pack.js", "kitchen/pack.js"),
    ("views/kitchen_panels.js", "kitchen/panels.js"),
    ("views/kitchen_settings.js", "kitchen/settings.js"),
    ("views/kitchen_ticket.js", "kitchen/ticket_view.js"),
    ("views/last_move.js", "kitchen/misdirected_touch.js"),
    ("views/manage_audit.js", "manager/audit_view.js"),
    ("views/manage_conflicts.js", "manager/conflicts.js"),
    ("views/manage_days.js", "manager/days.js"),
    ("views/manage_keys.js", "manager/api_keys_view.js"),
    ("views/manage_menu.js", "manager/menu_view.js"),
    ("views/manage_menu_merge.js", "manager/menu_merge.js"),
    ("views/manage_menu_model.js", "manager/menu_draft.js"),
    ("views/manage_parts.js", "manager/parts.js"),
    ("views/manage_people.js", "manager/people_view.js"),
    ("views/manage_plots.js", "manager/charts.js"),
    ("views/manage_report.js", "manager/report_view.js"),
    ("views/manage_screens.js", "manager/screens_view.js"),
    ("views/manage_tables.js", "manager/tables_view.js"),
    ("views/menu_view.js", "guest/menu_view.js"),
    ("views/money.js", "shared/money.js"),
    ("views/notes.js", "shared/notes.js"),
    ("views/optimistic.js", "shared/optimistic.js"),
    ("views/order_card.js", "guest/order_card.js"),
    ("views/order_parts.js", "shared/order_parts.js"),
    ("views/order_view.js", "guest/order_view.js"),
    ("views/pairing.js", "kitchen/pairing.js"),
    ("views/redraw.js", "shared/redraw.js"),
    ("views/ringing.js", "floor/ringing.js"),
    ("views/sheet.js", "shared/sheet.js"),
    ("views/sign_in.js", "shared/sign_in.js"),
    ("views/sound.js", "shared/sound.js"),
    ("views/staff_bar.js", "shared/staff_bar.js"),
    ("views/staff_calls.js", "floor/calls_view.js"),
    ("views/staff_model.js", "floor/lanes.js"),
    ("views/staff_order.js", "floor/order_view.js"),
    ("views/staff_parts.js", "floor/parts.js"),
    ("views/staff_sheets.js", "floor/sheets.js"),
    ("views/staff_tables.js", "floor/tables_view.js"),
    ("views/storage.js", "shared/storage.js"),
    ("views/svg.js", "shared/svg.js"),
    ("views/theme.js", "shared/theme.js"),
    ("views/toasts.js", "shared/toasts.js"),
    ("views/urgency.js", "shared/urgency.js"),
];

/// Where the script is now that was at `path`.
pub(super) fn to(path: &str) -> Option<&'static str> {
    let at = MOVED.binary_search_by_key(&path, |(before, _)| *before).ok()?;
    MOVED.get(at).map(|(_, now)| *now)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn moved_files_are_where_the_table_says_and_not_where_they_were() {
        assert!(MOVED.is_sorted_by_key(|(before, _)| *before), "it is searched in its order");
        for (before, now) in MOVED {
            assert!(find(now).is_some(), "{now} is there");
            assert!(find(before).is_none(), "{before} is gone");
            assert_eq!(to(before), Some(*now));
        }
        assert_eq!(to("pages/nothing.js"), None);
    }
}
