"""Every fault of writing (W) and of the machine (P) that finchat must survive, and the tests that hold it there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ROWS = {
    # Writing
    "W1": ("kill -9 between approval and completion", [
        "safety/test_recovery.py::test_a_killed_write_is_never_two_and_one_after_a_fresh_apply",
        "sweeps/test_killed_between_approval_and_end.py::"
        "test_a_kill_at_any_instant_never_pays_twice_and_a_fresh_apply_pays_once",
        "faults/test_mid_write.py::test_a_kill_in_the_middle_of_an_undo_takes_back_once_and_the_next_start_knows_it",
    ]),
    "W2": ("kill -9 of the MCP server at the same instants", [
        "faults/test_mid_write.py::test_a_server_killed_after_it_wrote_is_asked_again_and_not_told_to_write_again",
        "faults/test_mid_write.py::test_a_server_killed_before_it_wrote_never_makes_two",
        "connections/test_sessions_over_stdio.py::test_a_write_under_a_crash_is_unknown_and_not_sent_again",
        "connections/test_sessions_over_stdio.py::test_a_read_under_a_crash_gets_a_new_child_and_a_second_try",
    ]),
    "W3": ("the intent is durable before the call", [
        "faults/test_mid_write.py::test_the_intent_is_synced_before_a_byte_of_the_write_leaves_the_process",
        "safety/test_guard.py::test_the_intent_is_on_disk_in_journal_and_log_before_the_call",
        "safety/test_guard.py::test_the_log_is_synced_before_the_send_and_again_after_the_outcome",
        "store/test_database.py::test_commits_are_synced_and_kept_in_wal_mode",
    ]),
    "W4": ("disk full under journal or log", [
        "faults/test_sabotage.py::test_a_disk_that_is_full_for_the_journal_stops_the_write_and_not_the_reading",
        "safety/test_recovery.py::test_no_intent_no_write",
        "connections/test_paced.py::test_a_full_disk_stops_no_read_and_is_told_once",
    ]),
    "W5": ("log read-only, deleted, cut, edited, reordered", [
        "safety/test_audit.py::test_any_change_is_named_with_its_line_even_after_another_run",
        "safety/test_audit.py::test_a_deleted_log_is_noticed",
        "safety/test_audit.py::test_a_log_taken_with_its_head_is_given_away_by_the_journal",
        "safety/test_audit.py::test_log_and_head_cut_alike_are_given_away_by_the_journal",
        "safety/test_audit.py::test_a_full_disk_stops_the_log_with_a_plain_error",
    ]),
    "W6": ("payload edited between approval and send", [
        "safety/test_guard.py::test_arguments_changed_in_memory_after_approval_are_not_sent",
        "safety/test_guard.py::test_an_approval_dies_when_anything_it_showed_has_changed",
        "test_saved_plans.py::test_a_plan_that_was_hashed_again_but_contradicts_its_payload_is_refused",
        "test_end_to_end.py::test_an_edited_plan_file_is_refused",
        "workflows/test_undo.py::test_an_undo_that_was_swapped_for_another_record_is_refused",
    ]),
    "W7": ("the ledger changed since the card was shown", [
        "faults/test_sabotage.py::test_what_changed_after_the_card_was_shown_voids_the_yes",
        "safety/test_guard.py::test_a_ledger_that_changed_since_the_approval_refuses_with_what_changed",
        "safety/test_guard.py::test_a_moved_lock_date_refuses",
        "workflows/test_undo.py::test_what_changes_between_the_plan_and_the_yes_voids_the_undo",
    ]),
    "W8": ("one approval used twice, two terminals", [
        "faults/test_sabotage.py::"
        "test_the_same_plan_approved_in_two_terminals_is_written_once_and_the_other_is_told",
        "safety/test_recovery.py::test_two_processes_that_approve_the_same_plan_write_it_once",
        "safety/test_guard.py::test_an_approval_is_used_once",
        "workflows/test_undo.py::test_undoing_twice_says_by_what_it_was_undone_and_an_undo_is_not_undone",
    ]),
    "W9": ("no terminal, end of input, CI without --yes", [
        "test_end_to_end.py::test_without_a_terminal_nothing_is_written_and_the_plan_is_kept",
        "test_end_to_end.py::test_yes_without_a_policy_approves_nothing",
        "test_cli.py::test_a_run_with_every_stream_closed_does_its_work",
        "faults/test_sabotage.py::test_a_terminal_that_goes_away_means_no",
        "ui/test_approval_at_a_terminal.py::test_end_of_input_means_no",
    ]),
    "W10": ("a yes typed before the question", [
        "faults/test_sabotage.py::test_keys_typed_before_the_question_are_thrown_away",
        "ui/test_approval_at_a_terminal.py::test_keys_typed_before_the_prompt_approve_nothing",
    ]),
    "W11": ("Ctrl-C, SIGTERM, SIGHUP at the prompt and mid-write", [
        "test_end_to_end.py::test_a_signal_at_the_prompt_means_no",
        "faults/test_mid_write.py::"
        "test_a_signal_while_a_write_is_under_way_leaves_it_known_as_unknown_and_the_next_start_settles_it",
        "safety/test_guard.py::test_a_cancelled_run_still_finishes_a_write_that_answers_at_once",
    ]),
    # The machine
    "P1": ("two processes share one budget", [
        "connections/test_pacing.py::test_two_processes_together_keep_to_the_budget_and_neither_starves",
        "connections/test_pacing.py::test_a_slot_of_a_killed_process_is_free_at_once",
        "sweeps/test_shared_budget.py::test_two_processes_with_200_reads_each_keep_to_one_budget",
    ]),
    "P2": ("two processes write log and state file", [
        "safety/test_audit.py::test_two_processes_write_one_unbroken_chain",
        "store/test_database.py::test_many_first_starts_at_once_share_one_file",
    ]),
    "P3": ("clock skew, daylight saving, a step backwards", [
        "faults/test_machine.py::test_a_day_is_the_organisations_own_on_the_days_its_clocks_change",
        "faults/test_sabotage.py::test_a_clock_set_back_a_day_is_said_and_the_write_is_as_sound_as_ever",
        "safety/test_recovery.py::test_the_clock_set_back_is_said_and_extends_nothing",
        "connections/test_pacing.py::test_a_clock_set_back_a_day_does_not_block_for_a_day",
        "servers/xero/test_live.py::test_a_token_near_its_end_is_not_used",
    ]),
    "P4": ("expired token, sign-in by two processes", [
        "faults/test_machine.py::test_two_processes_that_sign_in_at_once_do_not_put_each_other_out",
        "servers/xero/test_live.py::test_a_token_is_bought_once_for_many_calls_at_once",
        "servers/xero/test_live.py::test_a_refused_token_is_renewed_once_for_reads_and_writes",
    ]),
    "P5": ("read-only home, full disk, no HOME, a reader that leaves", [
        "faults/test_machine.py::test_a_home_that_cannot_be_written_is_one_sentence",
        "faults/test_machine.py::test_without_a_home_in_the_environment_finchat_still_starts",
        "faults/test_machine.py::test_a_disk_that_is_full_from_the_start_leaves_nothing_half_written",
        "faults/test_machine.py::test_a_reader_that_takes_one_line_of_a_plan_sees_no_traceback",
        "test_cli.py::test_a_full_disk_under_the_result_is_said_in_one_line",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_held_by_tests_that_exist(row: str) -> None:
    for test in ROWS[row][1]:
        file, _, name = test.partition("::")
        source = (ROOT / "tests" / file).read_text("utf-8")
        assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), test


def test_no_row_of_the_list_is_left_out(shared: Path) -> None:
    listed = re.findall(r"^\| ([WP]\d+) \|", (shared / "facts" / "faults.md").read_text("utf-8"), re.MULTILINE)
    assert set(listed) - {"P6"} == set(ROWS)  # P6 is of recordings that are replayed
