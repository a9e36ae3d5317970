"""Unique keys equal River's: hashes from River 0.51.1's own client (river-protocol.md 3.8)."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.models import JobState, UniqueOpts
from revenge.infra.jobs.unique import state_mask, states_of, unique_key

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
LATER = datetime(2026, 1, 2, 5, 21, 5, 678900, tzinfo=UTC)
SELECTED = ["account.id", "account.region", "label", "path/key"]
CUSTOM = [JobState.AVAILABLE, JobState.COMPLETED, JobState.PENDING, JobState.RUNNING, JobState.SCHEDULED]
ALL_ARGS = UniqueOpts(by_args=True)


def key_of(
    opts: UniqueOpts, kind: str, args: Any, *, queue: str = "default", at: datetime | None = None, now: datetime = NOW
) -> str:
    key = unique_key(opts, kind=kind, args=args, queue=queue, scheduled_at=at, now=now)
    assert key is not None
    return key.key.hex()


@pytest.mark.parametrize(
    ("kind", "opts", "args", "expected"),
    [
        pytest.param(
            "conformance_selected_args",
            UniqueOpts(by_args=SELECTED),
            {},
            "23aa86692d9807ab10e433e378f1c0804573f5e345818461b919322dd381b4c3",
            id="nothing selected is there",
        ),
        pytest.param(
            "conformance_selected_args",
            UniqueOpts(by_args=SELECTED),
            {"account": {"id": "acct", "ignored": "irrelevant", "region": "west"}, "path/key": "slash"},
            "7d62e81ac25cfa2dec69ad5a41e0b78188ee1b299bed329b453da6b3abca70bd",
            id="siblings and a slash",
        ),
        pytest.param(
            "conformance_selected_args",
            UniqueOpts(by_args=SELECTED),
            {"account": {"id": "acct-123", "ignored": True}, "ignored": True, "label": "selected"},
            "6130dc4f753402d1faeb6bbc3e6c21415245bb282ad1fd16bcbfeebde525e726",
            id="nested",
        ),
        pytest.param(
            "conformance_selected_args",
            UniqueOpts(by_args=SELECTED),
            {"label": None},
            "d137d7c4f1e3f8369037b1890357655b4fa1978a329bcf51435f9f0b54abcab7",
            id="explicit null",
        ),
        pytest.param(
            "conformance_all_args",
            ALL_ARGS,
            {"nested": {"z": 1, "a": 2}},
            "46ff499cb031d0458bb00ef87e7b83321eefb6e7534497c279c4ae0f474cdde0",
            id="nested objects keep their order",
        ),
        pytest.param(
            "conformance_all_args",
            ALL_ARGS,
            {
                "zeta": r"quoted \"value\" and \\ slash",
                "alpha": "<alpha>&\u2028line",
                "maximum": 2**53 - 1,
            },
            "7a84c62c8d470ca388a0a1e41c311b9eb1ea21f7b88157ceb876fc82e698b6af",
            id="sorted and escaped",
        ),
        pytest.param(
            "conformance_all_args",
            ALL_ARGS,
            {"": 0, "a.b": 1, "@x": 2, ":lead": 3, "!bang": 4, "[open": 5, "{brace": 6, "a\\b": 7},
            "1d254dda1efe1009ffb205ede791d481545d66abb8542e85f0d895415b05cdf9",
            id="path syntax is literal",
        ),
        pytest.param(
            "conformance_all_args",
            ALL_ARGS,
            {'a"b': 1, "line\n": 2, "é": 3, "a<b": 4, "a&b": 5, "a\u2028b": 6},
            "bab84635792449d758b18950f6f014bfb16d26430e798d84afee9fc9cb793163",
            id="keys escape by their own rule",
        ),
        pytest.param(
            "conformance_numeric_boundaries",
            ALL_ARGS,
            {
                "exponent": 1e100,
                "fraction": 1.25,
                "maximum": 2**63 - 1,
                "minimum": -(2**63),
                "unsigned_maximum": 2**64 - 1,
            },
            "2c1533b3ab43068407d14e82ddb34a295a51375ae3a27fef6931123f07677f38",
            id="numbers",
        ),
        pytest.param(
            "conformance_all_args",
            ALL_ARGS,
            [],
            "fe05a58ddb79a8d4544da962582d9a290d59788c920afd3597da3a62e3c1b0ac",
            id="an empty array is an empty object",
        ),
    ],
)
def test_keys_equal_rivers(kind: str, opts: UniqueOpts, args: Any, expected: str) -> None:
    assert key_of(opts, kind, args) == expected


SIMPLE = ("conformance_simple", {"id": 42})


@pytest.mark.parametrize(
    ("minutes", "at", "now", "expected"),
    [
        (90, None, NOW, "5396f06a082abd7a929915135ebd363a9a47d800176b03ce7736f93a5ba9e22e"),
        (
            60,
            None,
            NOW.astimezone(timezone(timedelta(hours=-5))),
            "5396f06a082abd7a929915135ebd363a9a47d800176b03ce7736f93a5ba9e22e",
        ),
        (60, LATER, NOW, "b7f3c49952996b760b8b3ff6cf48f426e03a6ef0f004fb6faa51725365cf309a"),
    ],
)
def test_a_period_counts_from_the_year_one_in_utc(
    minutes: int, at: datetime | None, now: datetime, expected: str
) -> None:
    opts = UniqueOpts(by_period=timedelta(minutes=minutes))
    assert key_of(opts, *SIMPLE, at=at, now=now) == expected


@pytest.mark.parametrize(
    ("second", "written"), [(4.4, "03:04:03"), (4.5, "03:04:04"), (5.999, "03:04:04"), (6.0, "03:04:06")]
)
def test_a_period_with_a_fraction_is_written_without_it(second: float, written: str) -> None:
    now = datetime(2026, 1, 2, 3, 4, tzinfo=UTC) + timedelta(seconds=second)
    text = f"&kind=kind&period=2026-01-02T{written}Z"
    opts = UniqueOpts(by_period=timedelta(seconds=1.5))
    assert key_of(opts, "kind", {}, now=now) == hashlib.sha256(text.encode()).hexdigest()


def test_the_queue_may_stand_without_the_kind() -> None:
    opts = UniqueOpts(exclude_kind=True, by_queue=True)
    expected = "d20ce47da8e8015e68b020bbca2b17494139519ae05f8985e5992db4d8dd8a09"
    assert key_of(opts, "whatever", {}, queue="priority_emails") == expected


def test_states_are_a_mask_with_rivers_weights() -> None:
    default = unique_key(ALL_ARGS, kind="a1", args={}, queue="default", scheduled_at=None, now=NOW)
    assert default is not None
    assert default.states == 245
    assert state_mask(CUSTOM) == 213


def test_an_empty_list_of_states_is_the_default() -> None:
    empty = unique_key(UniqueOpts(by_state=[]), kind="a1", args={}, queue="q", scheduled_at=None, now=NOW)
    assert empty is not None
    assert empty.states == 245


@given(st.sets(st.sampled_from(JobState)))
def test_a_mask_gives_its_states_back(states: set[JobState]) -> None:
    assert states_of(state_mask(states)) == states


@pytest.mark.parametrize(
    ("opts", "says"),
    [
        (
            UniqueOpts(by_period=timedelta(milliseconds=999)),
            "UniqueOpts.by_period should not be less than 1 second",
        ),
        (
            UniqueOpts(exclude_kind=True, by_state=list(JobState)),
            "UniqueOpts.exclude_kind requires by_args, by_queue, or by_period",
        ),
        (
            UniqueOpts(by_state=[JobState.AVAILABLE]),
            "UniqueOpts.by_state must contain all required states, missing: pending, running, scheduled",
        ),
        (
            UniqueOpts(by_state=["asleep"]),  # type: ignore[list-item]
            "UniqueOpts.by_state contains invalid state 'asleep'",
        ),
        (
            UniqueOpts(by_state=[["available"]]),  # type: ignore[list-item]
            "UniqueOpts.by_state contains invalid state ['available']",
        ),
        (UniqueOpts(by_state=5), "UniqueOpts.by_state must be a list of states, got 5"),  # type: ignore[arg-type]
        (
            UniqueOpts(by_state="available"),  # type: ignore[arg-type]
            "UniqueOpts.by_state must be a list of states, got 'available'",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(opts: UniqueOpts, says: str) -> None:
    with pytest.raises(InvalidJob) as raised:
        key_of(opts, "kind", {})
    assert str(raised.value) == says


@pytest.mark.parametrize("more", [{"by_args": True}, {"by_queue": True}, {"by_period": timedelta(seconds=1)}])
def test_one_other_option_is_enough_to_leave_the_kind_out(more: dict[str, Any]) -> None:
    opts = UniqueOpts(exclude_kind=True, **more)
    assert key_of(opts, "one", {}) == key_of(opts, "other", {})


def test_a_second_is_the_shortest_period() -> None:
    opts = UniqueOpts(by_period=timedelta(seconds=1))
    assert key_of(opts, *SIMPLE) != key_of(opts, *SIMPLE, now=NOW + timedelta(seconds=1))


def test_a_field_whose_name_holds_a_dot_is_itself_before_it_is_a_path() -> None:
    chosen = UniqueOpts(by_args=["user.id"])
    args: dict[str, Any] = {"user.id": 1, "user": {"id": 2}}
    assert key_of(chosen, "kind", args) == key_of(chosen, "kind", {"user.id": 1, "user": {"id": 3}})
    assert key_of(chosen, "kind", args) != key_of(chosen, "kind", {"user.id": 3, "user": {"id": 2}})


@pytest.mark.parametrize(
    ("name", "written"),
    [("two words", '"two words"'), ("\x7f", '"\x7f"'), ("XX", '"XX"'), ("\x1f", r'"\u001f"'), ("\x80", '"\x80"')],
)
def test_names_of_arguments_are_escaped_where_river_does(name: str, written: str) -> None:
    text = f"&kind=kind&args={{{written}:1}}"
    assert key_of(ALL_ARGS, "kind", {name: 1}) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("args", [[1], None, "args", 3])
def test_unique_arguments_must_be_an_object(args: Any) -> None:
    with pytest.raises(InvalidJob, match=r"^unique args must encode a JSON object$"):
        key_of(ALL_ARGS, "kind", args)


def test_nothing_set_means_no_key() -> None:
    assert unique_key(UniqueOpts(), kind="a1", args={}, queue="q", scheduled_at=None, now=NOW) is None
