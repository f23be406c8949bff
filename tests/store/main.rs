//! The store's contract, checked on both real databases: each case is one function, expanded for SQLite and for PostgreSQL.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)] // a test that panics is a test that fails

mod accounts;
mod answers;
mod audit;
mod controls;
mod credentials;
mod database;
mod deliveries;
mod devices;
mod feed;
mod fold;
mod guests;
mod isolation;
mod kill;
mod later;
mod layout;
mod migrations;
mod nodes;
mod opening;
mod pictures;
mod plans;
mod privacy;
mod pushes;
mod reading;
mod renewals;
mod restaurant;
mod screens;
mod sessions;
mod snapshots;
mod undrawn;
mod visits;
mod webhooks;

/// Expands each case for both databases, with a time limit.
macro_rules! contract {
    ($($file:ident: $($case:ident),+;)+) => {
        mod sqlite {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::database::in_time(async { crate::$file::$case(crate::database::TestDatabase::sqlite().await).await }).await;
            })+)+
        }
        mod postgres {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::database::in_time(async { crate::$file::$case(crate::database::TestDatabase::postgres().await).await }).await;
            })+)+
        }
    };
}

contract! {
    feed: positions_have_no_gap_under_fifty_writers, two_stores_on_one_database_make_one_feed,
        tickets_are_unique_within_a_day_and_start_again_on_the_next, an_order_is_decided_with_the_current_menu, an_event_keeps_its_person_and_its_screen, a_rule_accepts_an_order_in_the_commit_that_places_it, a_commit_names_the_event_before_it_and_the_generation, each_restaurant_has_its_own_feed, a_refusal_leaves_nothing_behind, a_no_op_answers_with_the_documents_position,
        a_failing_command_undoes_only_itself, a_failed_commit_leaves_nothing_behind,
        a_caller_that_stops_waiting_leaves_nothing_half_done;
    answers: the_same_id_gets_the_same_answer, an_answer_without_a_change_is_remembered, a_refusal_because_of_the_orders_state_is_remembered,
        a_forbidden_command_is_decided_again_on_each_repeat, the_same_id_with_another_meaning_is_a_conflict,
        an_id_belongs_to_its_principal_and_restaurant, a_command_sent_twenty_times_at_once_takes_effect_once,
        old_answers_are_forgotten;
    reading: the_pages_of_a_room_equal_the_filtered_feed, events_are_read_as_they_were_committed,
        orders_are_listed_by_age_status_and_diner, orders_are_listed_by_their_last_event,
        a_time_is_mapped_to_the_last_position_before_it, the_orders_of_an_external_number_are_listed_oldest_first, a_recalled_order_is_open_again, menus_are_found_when_one_of_their_marks_lapses;
    snapshots: a_snapshot_is_the_fold_of_the_feed_up_to_its_position,
        a_snapshot_with_changes_applied_equals_a_newly_read_one,
        the_room_of_a_closed_order_still_has_its_document, a_menu_room_has_the_menu, a_new_restaurant_has_empty_rooms;
    screens: a_screen_is_lost_when_the_last_node_releases_it, one_of_many_simultaneous_sweeps_has_an_effect,
        a_snapshot_of_the_floor_is_the_fold_of_the_events_about_screens, a_lease_can_be_renewed_while_it_exists,
        receipts_show_what_a_screen_has_drawn,
        the_receipt_of_a_floor_only_grows_and_is_at_most_the_head;
    undrawn: a_ticket_is_undrawn_until_it_is_drawn_begun_or_over, a_screen_counts_for_the_station_it_shows,
        a_round_is_undrawn_until_a_screen_has_drawn_it, a_held_line_is_not_undrawn_and_a_fired_one_is,
        one_of_many_nodes_with_the_same_finding_notifies_the_floor, a_snapshot_of_the_floor_has_the_tickets_that_no_screen_shows,
        a_check_is_due_until_it_is_done_and_again_after_a_change, orders_that_waited_before_the_upgrade_are_checked;
    pictures: a_picture_is_read_back_in_each_width_by_its_own_restaurant, the_number_of_pictures_of_a_restaurant_is_limited,
        a_picture_that_no_dish_uses_is_removed_after_a_while;
    isolation: documents_of_another_restaurant_are_not_found, rooms_of_another_restaurant_are_empty,
        another_restaurant_cannot_act, people_and_screens_of_another_restaurant_are_not_found;
    accounts: a_restaurant_begins_with_an_empty_feed_and_its_menu, rules_take_effect_with_the_next_decision,
        a_table_label_is_unique_in_its_restaurant_and_a_table_key_everywhere, usernames_are_unique_in_a_restaurant,
        a_table_gets_a_new_key_and_is_deleted, a_change_of_a_person_ends_their_sessions,
        two_managers_who_remove_each_other_cannot_both_succeed, revoking_an_api_key_ends_its_sessions;
    sessions: a_refresh_token_is_spent_once_and_replaced, an_older_refresh_token_ends_its_session,
        the_last_spent_token_is_valid_until_its_successor_is_used, a_spent_token_is_valid_again_for_at_most_a_day,
        the_last_spent_token_is_known_as_the_last_even_if_clocks_differ, a_successor_that_no_key_can_derive_is_replaced, a_lost_token_replaces_the_newest_one_once,
        a_lost_token_ends_its_session_if_it_is_older_or_its_successor_is_known, a_lost_token_without_a_number_is_valid_until_the_session_counts_renewals,
        only_the_restaurant_of_a_session_can_read_its_end,
        simultaneous_requests_with_one_token_get_one_successor, an_expired_session_is_not_refreshed,
        the_end_of_a_session_is_recorded_once_even_without_a_row, the_time_of_an_end_never_goes_back, ended_sessions_are_forgotten,
        the_end_of_a_session_is_kept_while_one_of_its_tokens_may_be_valid, ends_are_read_page_by_page_even_if_many_have_the_same_time,
        the_end_of_an_issued_token_is_kept_until_it_expires;
    renewals: an_old_token_ends_a_session_without_lost_renewals, an_old_token_ends_a_session_whose_lost_renewals_are_recovered,
        a_thief_who_renews_first_after_a_restore_is_detected_when_the_owner_renews,
        a_thief_who_overtakes_the_owner_after_a_restore_ends_the_session,
        simultaneous_requests_with_a_lost_token_get_one_successor, a_lost_token_of_an_idle_session_of_staff_ends_it;
    credentials: a_session_has_one_successor_which_keeps_or_renews_its_password_check,
        one_call_at_a_time_has_the_turn_of_a_name_and_only_wrong_attempts_count,
        a_changed_password_keeps_one_session_and_refuses_a_late_change,
        sessions_are_listed_by_use_and_ended_by_their_owner, only_an_unused_session_of_staff_is_idle,
        attempts_are_counted_in_advance_and_from_zero_after_the_period,
        a_step_and_a_recovery_code_are_used_once_on_any_node, a_second_factor_is_deleted_with_its_codes_and_with_its_person;
    guests: open_orders_are_counted_by_guest_table_and_restaurant, deleting_a_table_ends_the_sessions_of_its_guests,
        a_new_key_ends_the_sessions_of_a_table_on_request, a_session_that_begins_while_its_table_is_deleted_does_not_remain,
        staff_list_guests_and_end_the_session_of_one, a_phone_learns_that_staff_ended_its_session,
        refusals_by_a_limit_are_summed_up_and_later_forgotten, an_answer_is_found_without_a_transaction;
    deliveries: delivery_details_are_stored_with_the_order_and_purged_after_a_while;
    later: an_order_for_later_begins_once_however_many_nodes_find_it_due, a_course_is_found_due_and_fires_once_whatever_nodes_find_it, an_order_for_later_joins_no_visit,
        times_that_an_older_node_leaves_are_not_found_for_ever;
    visits: a_visit_has_every_order_of_its_table_until_it_ends, a_visit_without_new_orders_ends_after_a_while,
        a_visit_moves_with_its_orders_calls_and_guests_and_back, an_order_placed_while_its_visit_moves_belongs_to_the_visit, two_visits_merge_and_separate,
        a_merged_visit_and_a_separated_one_count_as_used_if_either_part_was,
        lines_split_off_a_visit_and_come_back, a_split_of_a_closed_order_makes_no_visit_idle;
    devices: a_paired_screen_is_returned_to_each_poll_until_its_session_has_ended, one_code_begins_one_session_however_many_ask_at_once,
        a_session_is_found_by_its_origin_until_it_is_renewed,
        an_approval_needs_a_valid_code, a_pairing_expires_and_frees_its_code,
        screens_are_listed_page_by_page_with_their_approvers, a_screen_moved_to_another_station_keeps_its_session, a_revoked_screen_is_removed_with_its_sessions;
    pushes: only_the_diner_of_an_order_is_notified, a_subscription_is_stored_once_and_the_oldest_are_dropped,
        a_subscription_ends_with_its_session, subscriptions_of_another_restaurant_are_not_found;
    opening: each_database_has_its_own_epoch, a_moved_database_is_recognized_and_its_feeds_begin_a_generation, a_reopened_database_has_everything, a_health_check_is_quick,
        a_tool_works_beside_a_node, a_locked_feed_is_unavailable_in_time_and_works_again;
    privacy: a_purge_removes_words_and_names_of_old_closed_orders_and_the_feed_stays_complete, age_counts_from_when_an_order_closed,
        a_guest_is_erased_everywhere_and_live_screens_are_updated,
        guests_without_orders_and_expired_sessions_are_removed_in_batches, only_one_of_many_nodes_gets_the_task;
    audit: a_command_is_recorded_once_with_person_action_reason_and_outcome, a_call_and_its_entry_are_committed_together_or_not_at_all,
        the_database_itself_refuses_to_change_or_remove_recent_entries, pages_of_the_audit_are_complete_and_newest_first,
        old_entries_are_removed_in_batches_of_one_restaurant;
    nodes: a_node_registers_its_level_advances_its_counter_and_unregisters, unregistering_a_node_removes_its_probe, a_node_that_stops_keeps_its_row_and_lowers_no_level;
    webhooks: of_two_nodes_that_change_a_webhook_one_succeeds, webhooks_are_due_while_they_have_events_to_get,
        webhooks_belong_to_their_restaurant_and_are_few;
    migrations: every_migration_is_applied;
    migrations: a_node_starts_on_a_database_with_a_migration_of_a_later_version;
}
