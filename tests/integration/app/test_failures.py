"""docs/failures.md holds: what each kind becomes when something is wrong, cell by cell, against servers on real sockets."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from revenge.infra.jobs import JobRow, JobState
from revenge.infra.telemetry.logging import configure_logging
from tests.fakes.in_the_way import IN_THE_WAY
from tests.fakes.peers import Trouble
from tests.fakes.troubled import Troubled, troubled
from tests.integration.app.failure_cases import anew, cases, in_trouble, plant_more

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore"),  # of apprise's 170 services some have old words
]

PAGE = Path(__file__).parents[3] / "docs" / "failures.md"
NEVER = "–"
STATES = {
    "completed": (JobState.COMPLETED, 1),
    "snoozed": (JobState.SCHEDULED, 0),
    "retried": (JobState.RETRYABLE, 1),
    "cancelled": (JobState.CANCELLED, 1),
}
"""The state after one attempt, and how many attempts are counted."""
WORDS = {
    "by name": r"by_name|401|redirects|\"by\": \"title\"|\"evidence\": \{",
    "no source": r'"status": "no source"',
    "nobody to tell": r"the settings name no such agent",
    "off": r'"search": "off"',
    "sent": r'"status": "sent"',
    "switched off": r"is switched off in the settings",
    "told": r"errors|failed|unscannable",
}
"""What the job tells where a cell says more than its state."""
REASONS = {
    "off": "connection|Connection",
    "slow": "Timeout|took longer|timed out|deadline",
    "401": "401|refuses the key",
    "500": "500|ServerError",
    "429": "429|TypesenseClientError",
    "garbage": "JSON|no list|promises|picture",
    "half a body": "RemoteProtocolError|broke off",
    "redirect elsewhere": "redirects to|another address|cannot be used now",
    "unknown id": "1{8}|no such|no library|has no|not known here",
    "bad args": "alid|must be|no operation|says no action|neither|required",
    "one bad item": "season 2|Small Hours|answered 500|must be a string",
}
"""What the error, or the log of one that comes back, names."""


def table() -> dict[tuple[str, str], str]:
    """Return the page's cells by kind and column."""
    lines = PAGE.read_text("utf-8").partition("\n| kind |")[2].partition("\n\n")[0].splitlines()
    (columns, _, *kinds) = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {(row[0].strip("`"), column): cell for row in kinds for column, cell in zip(columns, row[1:], strict=True)}


CELLS = table()
CASES = cases()


@pytest.fixture(autouse=True)
def logs_are_kept() -> None:
    """Log as a server does; `logging_as_it_was` undoes it."""
    configure_logging()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    module_database: str, typesense_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Troubled]:
    async with troubled(
        module_database,
        typesense_url,
        tmp_path_factory.mktemp("troubled"),
        nodes=("asking", "off", "hurried"),
        more=plant_more,
    ) as world:
        yield world


async def test_page_has_a_row_for_each_kind_and_a_case_for_each_cell() -> None:
    assert {kind for kind, _ in CELLS} == set(IN_THE_WAY)
    assert {where for where, cell in CELLS.items() if cell != NEVER} == set(CASES)


@pytest.mark.parametrize(("kind", "column"), CASES, ids=lambda value: str(value))
async def test_job_becomes_what_the_page_says(world: Troubled, kind: str, column: str) -> None:
    state, _, more = CELLS[kind, column].partition(": ")
    await anew(world)
    job = await CASES[kind, column](world)
    told = text_of(job)
    assert (job.state, job.attempt) == STATES[state], told
    assert state == "completed" or re.search(REASONS[column], told), told
    assert not more or re.search(WORDS[more], told), told
    assert world.around.elsewhere.asked == [], "somebody followed where nobody goes"
    assert not re.search(r"0123456789abcdef|demo-key|a key for tests", told), "a key is told"


async def test_receiver_that_fails_five_times_in_a_row_is_left_alone(world: Troubled) -> None:
    await anew(world)
    for _ in range(5):
        job = await in_trouble("notification", Trouble.FAILS, world)
        assert job.state == JobState.RETRYABLE
    job = await in_trouble("notification", Trouble.FAILS, world)
    assert (job.state, job.attempt) == STATES["snoozed"]
    assert "failed of late" in text_of(job)


def text_of(job: JobRow) -> str:
    """Return all that a person can read of it."""
    errors = [error.error for error in job.errors]
    return json.dumps([errors, job.output, job.metadata.get("river:log")], ensure_ascii=False)
