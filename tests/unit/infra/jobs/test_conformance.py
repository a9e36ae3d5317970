"""The table of scenarios in ``docs/river/conformance.md`` is whole, and the tests that it names exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
TABLE = ROOT / "docs" / "river" / "conformance.md"
_NAMES = """
adapter_handshake_and_capabilities cron_schedule_goldens cross_language_unique_conflict
deterministic_retry_clock_rng job_row_round_trip_all_fields notification_payload_bytes unique_column_bytes
unique_hash_goldens unsafe_int64_job_ids_rpc_list_cursors candidate_migrator_reference_runtime
reference_migrator_candidate_runtime historical_migration_down_up migration_mixed_case_schema bulk_delete_safety
differential_job_crud differential_job_list_filters_and_cursors differential_queue_crud
job_list_cursor_interchange queue_names_and_unknown_queue_control transaction_commit_visibility
transaction_rollback_visibility transaction_abort_rollback_visibility transactional_batch_insertion
transactional_completion transactional_crud_commit_rollback transactional_queue_operations typed_batch_insertion
candidate_insert_reference_work reference_insert_candidate_work claimed_row_decode_isolation
clock_boundary_scheduling custom_schema_candidate_migrate_reference_work
custom_schema_reference_migrate_candidate_work external_terminal_completion_race mixed_skip_locked_competition
mixed_unknown_kind_error reserved_metadata_cross_engine resumable_cross_engine_cursor
rolling_deployment_same_protocol leader_election_disabled_both_directions mixed_leader_failover_both_directions
mixed_request_resign_terms notification_only_wakeups pause_resume_notification remote_cancel_notification
remote_queue_subscription_events transactional_cross_language_cancel
transactional_insert_notification_commit_only multi_engine_competition
multi_engine_directed_candidate_work_notification_cancellation multi_engine_fault_recovery
multi_engine_job_list_cursor_interchange multi_engine_leader_election_disabled multi_engine_leader_failover
multi_engine_process_kill_rescue_failover multi_engine_resumable_cursor claim_time_cancellation
cooperative_remote_cancellation error_handler_cancel_override hard_shutdown_soft_stop_classification
refetched_attempt_cancellation shutdown_after_cancel_attempt timeout_cancellation stuck_job_detection
barrier_wait_and_release default_retry_policy_schedule dynamic_queue_add_reconfigure_remove
extension_hook_middleware_order panic_attempt_trace resumable_retry resumable_validation
single_implementation_worker_outcomes snooze_once_metadata_transition leadership_renewal_under_slow_maintenance
leadership_same_client_id_term_replacement maintenance_job_cleaner_retention
maintenance_queue_cleaner_keeps_active_queues maintenance_reindexer_skips_artifacts
maintenance_rescuer_full_batch_of_unexpired_jobs maintenance_rescuer_stale_selection periodic_due_job_available
periodic_run_on_start periodic_unique_cross_engine candidate_process_kill_reference_rescue
reference_process_kill_candidate_rescue completion_row_lock_wait completion_transient_failure_retry
database_unavailable_reconnect ignored_cancellation_hard_abort listener_backend_disconnect_reconnect
lost_notification_poll_recovery mixed_leader_death_failover_both_directions process_kill_restart_and_rescue
completion_batching mixed_connection_pool_bound multi_engine_resource_bound pool_pressure_completion mixed_soak
multi_engine_soak multi_engine_release_performance release_enqueue_performance release_worker_performance
release_mixed_performance lost_cancel_found_by_poll lost_pause_found_by_poll retry_after_a_cancel
two_concurrent_cancels_or_retries exclude_kind_conflict_keeps_the_kind fetch_only_known_kinds_in_a_shared_queue
foreign_shapes_in_errors list_paging_over_null_times interruption_with_and_without_soft_stop migration_row_8
1_migrations_both_ways 2_go_inserts_all_options 3_our_insert_wakes_go 4_unique_both_ways 5_unique_at_once
6_leadership 7_promotion 8_cancel 9_pause 10_kill_and_rescue 11_unknown_kind 12_snooze_then_complete
13_complete_in_transaction 14_cursor_there_and_back 15_river_ui 16_completion_race 17_soak
"""
SCENARIOS = _NAMES.split()
"""Those of River's authors, then those that came later, then the black-box list: facts, kept here to be counted."""


def rows() -> Iterator[tuple[str, list[str]]]:
    """Yield each scenario of the table with the tests it names."""
    for line in TABLE.read_text().splitlines():
        if match := re.fullmatch(r"\| `(\w+)` \| (.+) \|", line):
            yield match[1], re.findall(r"`([^`]+)`", match[2])


def test_every_scenario_has_its_line() -> None:
    text = TABLE.read_text()
    assert [name for name in SCENARIOS if f"`{name}`" not in text] == []
    named = [name for name, _ in rows()]
    assert sorted(named) == sorted(set(named)), "a scenario has two lines"
    assert set(named) <= set(SCENARIOS)


@pytest.mark.parametrize(("scenario", "tests"), list(rows()))
def test_what_holds_a_scenario_exists(scenario: str, tests: list[str]) -> None:
    assert tests, f"{scenario} names no test"
    for test in tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), test
        if name:
            assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), test
