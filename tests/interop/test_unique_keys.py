"""Unique keys are byte for byte those that Go's client computes, also where nothing golden was written down.

Scenarios: unique_hash_goldens, unique_column_bytes.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from revenge.infra.jobs import InvalidJob, JobState, UniqueOpts
from revenge.infra.jobs.unique import unique_key
from tests.interop.peer import GoPeer

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, UTC)
CASES = 1000
_TEXTS = ("", "a", "ü", "<b>&", "\u2028", 'q"\\', "\n\x01", "\x7f", "日本", "😀", "a.b", "user", "id", "*?#@|:!{[")
_STATES = [*JobState]


@pytest.fixture
async def go(go_program: Path) -> Any:
    # Keys need no database: the pool of this process is never used.
    async with GoPeer(go_program, "postgres://nobody@127.0.0.1:1/none") as peer:
        yield peer


def value(random: Random, depth: int = 2) -> Any:
    kinds = ["null", "bool", "int", "float", "text", *(["list", "object"] if depth else [])]
    match random.choice(kinds):
        case "null":
            return None
        case "bool":
            return random.random() < 0.5
        case "int":
            return random.choice([0, -1, 7, 2**53, 2**63 - 1, -(2**63)])
        case "float":
            return random.choice([0.5, 1e-7, 1e20, 1e21, 123456.789, -0.25, 5e-324])
        case "text":
            return random.choice(_TEXTS)
        case "list":
            return [value(random, depth - 1) for _ in range(random.randrange(3))]
        case _:
            return {random.choice(_TEXTS): value(random, depth - 1) for _ in range(random.randrange(4))}


def options(random: Random) -> UniqueOpts:
    some = random.sample(_STATES, random.randint(1, len(_STATES)))
    return UniqueOpts(
        by_args=random.random() < 0.8,
        by_period=random.choice(
            [None, None, timedelta(seconds=1), timedelta(seconds=1.5), timedelta(minutes=10), timedelta(days=3)]
        ),
        by_queue=random.random() < 0.3,
        by_state=random.choice([None, None, None, _STATES, some]),
        exclude_kind=random.random() < 0.2,
    )


def in_gos_words(opts: UniqueOpts) -> dict[str, Any]:
    period = opts.by_period.total_seconds() * 1000 if opts.by_period is not None else 0
    return {
        "by_args": bool(opts.by_args),
        "by_period_ms": int(period),
        "by_queue": opts.by_queue,
        "by_state": None if opts.by_state is None else [state.value for state in opts.by_state],
        "exclude_kind": opts.exclude_kind,
    }


def ours(opts: UniqueOpts, **more: Any) -> dict[str, Any]:
    try:
        found = unique_key(opts, now=NOW, **more)
    except InvalidJob as error:
        return {"error": str(error)}
    return {"key": found.key.hex() if found else "", "states": found.states if found else 0}


async def test_generated_cases_agree_with_go(go: GoPeer) -> None:
    random = Random(20260103)
    jobs, expected = [], []
    for _ in range(CASES):
        args = {random.choice(_TEXTS): value(random) for _ in range(random.randrange(5))}
        opts = options(random)
        queue = random.choice(["default", "bulk"])
        at = random.choice([None, datetime(2027, 12, 31, 23, 59, 59, 999999, UTC)])
        insert_opts: dict[str, Any] = {"queue": queue, "unique": in_gos_words(opts)}
        if at is not None:
            insert_opts["scheduled_at"] = at.isoformat()
        jobs.append({"kind": "some_kind", "type": "as go writes", "args": args, "opts": insert_opts})
        expected.append(ours(opts, kind="some_kind", args=args, queue=queue, scheduled_at=at))

    theirs = await go.call("unique_key", jobs=jobs, now=NOW.isoformat())

    for job, us, them in zip(jobs, expected, theirs, strict=True):
        them.pop("args", None)
        if "error" in them:  # the same words, with the options named as we write them
            them["error"] = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", them["error"]).replace("Unique_Opts", "UniqueOpts")
            assert us["error"].lower() == them["error"].lower(), json.dumps(job)
            continue
        assert us == them, json.dumps(job)


async def test_tagged_fields_agree_with_go(go: GoPeer) -> None:
    """Go marks fields with tags; we name them."""
    paths = ["account", "region", "owner.id"]
    opts = UniqueOpts(by_args=paths)
    cases = [
        {"account": 7, "note": "no part", "owner": {"id": None, "name": "no part"}},
        {"account": -(2**63), "region": "<é&>", "note": "", "owner": {"id": "x", "name": ""}},
        {"account": 0, "region": "\u2028", "note": "y", "owner": {"id": "", "name": "z"}},
    ]
    jobs = [{"kind": "tagged", "type": "tagged", "args": args, "opts": {"unique": {"by_args": True}}} for args in cases]

    theirs = await go.call("unique_key", jobs=jobs, now=NOW.isoformat())

    for args, them in zip(cases, theirs, strict=True):
        us = ours(opts, kind="tagged", args=args, queue="default", scheduled_at=None)
        assert us["key"] == them["key"], json.dumps(args)


async def test_empty_list_of_states_means_the_default_ones(go: GoPeer) -> None:
    opts = UniqueOpts(by_state=[])
    job = {"kind": "some_kind", "args": {}, "opts": {"unique": in_gos_words(opts)}}

    (them,) = await go.call("unique_key", jobs=[job], now=NOW.isoformat())

    us = ours(opts, kind="some_kind", args={}, queue="default", scheduled_at=None)
    assert us == {"key": them["key"], "states": them["states"]}
