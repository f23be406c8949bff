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
    feed: positions_have_no_hole_under_fifty_writers, two_stores_on_one_database_make_one_feed,
        tickets_are_unique_on_a_day_and_begin_again_on_the_next, an_order_meets_the_menu_as_it_is, an_event_keeps_its_person_and_its_screen, a_commit_names_the_event_before_it_and_the_generation, restaurants_have_feeds_of_their_own, a_refusal_leaves_nothing, a_no_op_answers_with_the_documents_position,
        a_unit_that_fails_undoes_only_itself, a_commit_that_fails_leaves_nothing,
        a_caller_that_stops_waiting_leaves_nothing_half_done;
    answers: the_same_id_answers_the_same, an_answer_without_a_change_is_remembered, a_refusal_by_state_is_remembered,
        a_forbidden_command_is_decided_again_on_each_repeat, the_same_id_with_another_meaning_is_a_conflict,
        an_id_is_its_principals_and_its_restaurants, sent_twenty_times_at_once_it_takes_effect_once,
        old_answers_are_forgotten;
    reading: pages_of_a_room_are_the_feed_filtered, events_read_as_they_were_committed,
        orders_are_listed_by_age_status_and_diner, orders_are_listed_by_their_last_event,
        a_time_has_a_position_before_it, an_external_number_has_its_orders_the_first_one_first, a_recalled_order_is_open_again, menus_that_lapse_are_found_when_they_do;
    snapshots: a_snapshot_is_the_fold_of_the_feed_up_to_its_position,
        a_snapshot_with_changes_applied_equals_a_newly_read_one,
        an_order_room_has_its_order_also_when_it_is_closed, a_menu_room_has_the_menu, a_new_restaurant_has_empty_rooms;
    screens: a_screen_is_lost_when_the_last_node_lets_go, of_many_that_sweep_at_once_one_has_an_effect,
        a_snapshot_of_the_floor_is_the_fold_of_what_was_said_of_screens, a_beat_continues_while_the_lease_exists,
        receipts_show_what_a_screen_has_drawn,
        the_receipt_of_a_floor_only_grows_and_is_at_most_the_head;
    undrawn: a_ticket_is_undrawn_until_it_is_drawn_begun_or_over, a_screen_counts_for_the_station_it_shows,
        a_round_is_undrawn_until_a_screen_has_drawn_it, a_held_line_is_not_undrawn_and_a_fired_one_is,
        of_many_that_find_the_same_one_tells_the_floor, a_snapshot_of_the_floor_has_what_no_screen_shows,
        a_check_is_due_until_it_is_done_and_again_after_a_change, orders_that_waited_before_the_upgrade_are_checked;
    pictures: a_picture_is_read_back_in_each_width_by_its_own_restaurant, a_restaurant_has_so_many_pictures_and_no_more,
        a_picture_that_no_dish_names_is_removed_after_a_while;
    isolation: documents_of_another_restaurant_are_not_found, rooms_of_another_restaurant_are_empty,
        another_restaurant_cannot_act, people_and_screens_of_another_restaurant_are_not_found;
    accounts: a_restaurant_begins_with_an_empty_feed_and_its_menu, rules_are_in_force_from_the_next_decision_on,
        a_label_is_unique_in_a_restaurant_and_a_key_everywhere, usernames_are_unique_in_a_restaurant,
        a_table_gets_another_key_and_goes, a_change_of_a_person_ends_their_sessions,
        of_two_managers_who_remove_each_other_one_stays, a_revoked_api_key_takes_its_sessions_with_it;
    sessions: a_refresh_token_is_spent_once_and_replaced, an_older_refresh_token_ends_its_session,
        the_last_spent_token_is_good_until_its_successor_is_used, a_spent_token_is_good_again_for_a_day_at_most,
        the_token_spent_last_counts_as_last_whatever_the_clocks_say, a_successor_that_nobody_can_derive_loses_its_place, a_lost_token_replaces_the_newest_one_once,
        a_lost_token_that_is_older_or_whose_successor_is_known_ends_its_session, a_lost_token_without_a_number_is_good_until_the_session_counts,
        only_its_restaurant_reads_the_end_of_a_session,
        presenters_at_once_get_one_successor, an_expired_session_is_not_refreshed,
        ends_are_recorded_once_also_without_a_row, the_time_of_an_end_never_goes_back, ended_sessions_are_forgotten,
        an_end_is_read_and_kept_while_a_token_of_it_may_be_valid, ends_are_read_page_by_page_also_those_of_one_moment,
        the_end_of_an_issued_token_is_kept_until_it_expires;
    renewals: an_old_token_ends_a_session_that_is_whole, an_old_token_ends_a_session_whose_lost_renewals_are_recovered,
        a_thief_who_comes_first_after_a_restore_is_found_when_the_owner_comes,
        a_thief_who_overtakes_the_owner_after_a_restore_ends_the_session,
        presenters_of_a_lost_token_at_once_get_one_successor, a_lost_token_of_an_idle_session_of_staff_ends_it;
    credentials: a_session_has_one_successor_which_keeps_or_renews_its_proof,
        a_turn_is_one_persons_at_a_time_and_only_wrong_tries_are_counted,
        a_changed_password_keeps_one_session_and_gives_way_to_no_late_change,
        sessions_are_listed_by_use_and_ended_by_their_owner, a_session_of_staff_that_nobody_uses_is_idle_and_no_other,
        tries_are_counted_before_they_are_made_and_from_zero_after_the_period,
        a_step_and_a_recovery_code_are_used_once_on_any_node, a_second_factor_goes_with_its_codes_and_with_its_person;
    guests: open_orders_are_counted_by_guest_table_and_restaurant, a_table_that_goes_takes_its_guests_with_it,
        a_new_key_ends_sessions_when_it_is_asked_to, a_guest_who_sits_down_while_the_table_goes_is_not_left_behind,
        staff_list_guests_and_end_the_session_of_one, a_phone_learns_that_staff_ended_its_session,
        refusals_by_a_limit_add_up_and_are_forgotten, an_answer_is_found_without_a_transaction;
    deliveries: what_a_rider_needs_comes_with_the_order_and_goes_by_itself;
    later: an_order_for_later_begins_once_whatever_nodes_find_it, an_order_for_later_is_of_no_visit;
    visits: a_visit_has_every_order_of_its_table_until_it_ends, a_visit_that_hears_of_no_order_is_over_after_a_while,
        a_visit_moves_with_its_orders_calls_and_guests_and_back, a_guest_who_orders_while_their_visit_moves_is_in_it, two_visits_merge_and_separate,
        a_merged_visit_has_been_used_when_either_was_and_so_has_one_that_comes_back;
    devices: a_screen_is_handed_out_until_its_session_has_ended, of_many_beginnings_with_one_code_one_begins_a_session,
        a_session_is_found_by_its_origin_until_it_is_renewed,
        an_approval_needs_a_code_that_is_good, a_pairing_expires_and_frees_its_code,
        screens_are_listed_page_by_page_with_who_approved_them, a_screen_that_is_moved_keeps_its_session, a_revoked_screen_is_gone_with_its_sessions;
    pushes: only_the_diner_of_an_order_is_notified, a_subscription_is_stored_once_and_the_oldest_are_dropped,
        a_subscription_ends_with_its_session, subscriptions_of_another_restaurant_are_not_there;
    opening: the_epoch_is_the_databases_own, a_moved_database_is_recognized_and_its_feeds_begin_a_generation, a_reopened_database_has_everything, a_sign_of_life_is_quick,
        a_tool_works_beside_a_node, a_locked_feed_is_unavailable_in_time_and_works_again;
    privacy: old_closed_orders_lose_words_and_name_and_the_feed_stays_whole, age_counts_from_when_an_order_closed,
        a_guest_is_erased_everywhere_and_live_screens_are_updated,
        guests_who_ordered_nothing_and_expired_sessions_go_in_batches, of_many_nodes_one_has_the_task;
    audit: a_command_is_recorded_once_with_person_action_reason_and_outcome, a_call_takes_its_entry_with_it_or_leaves_neither,
        the_database_itself_refuses_to_change_or_remove_what_is_recent, pages_of_the_audit_are_whole_and_newest_first,
        old_entries_are_removed_in_batches_of_one_restaurant;
    nodes: a_node_registers_its_level_counts_up_and_goes, a_node_that_goes_takes_its_probe_along;
    migrations: every_migration_is_applied;
    migrations: a_migration_of_a_later_version_stops_no_node;
}
