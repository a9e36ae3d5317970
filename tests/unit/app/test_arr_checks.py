"""What the doctor says of Radarr and Sonarr."""

from types import SimpleNamespace
from typing import Any

import pytest

from revenge.app.arr.checks import arr_findings
from revenge.infra.http.errors import Refused, Unavailable
from revenge.integration.arr.facts import Source
from revenge.integration.arr.paths import PathMapper
from tests.fakes.integrations import FakeProgram


def parts(client: FakeProgram, *, secret: str | None = "s" * 16, folders: dict[str, str] | None = None) -> Any:
    return SimpleNamespace(source=Source.RADARR, client=client, paths=PathMapper(folders or {}), webhook_secret=secret)


async def look(used: Any, *libraries: bytes) -> tuple[bool, str]:
    finding, off = await arr_findings({Source.RADARR: used}, [libraries])
    assert (off.name, off.ok) == ("sonarr", True)
    return finding.ok, f"{finding.detail} / {finding.advice}"


async def test_a_program_that_answers_and_whose_folders_are_ours_is_well() -> None:
    assert await look(parts(FakeProgram()), b"/movies") == (True, "version 6.0.4 answers; takes webhooks / ")
    ok, said = await look(parts(FakeProgram(), secret=None, folders={"/movies": "/srv/films/a"}), b"/srv/films")
    assert (ok, "webhook_secret is not set" in said) == (True, True)


async def test_a_folder_that_no_library_has_is_told_with_what_to_do() -> None:
    ok, said = await look(parts(FakeProgram()), b"/moviesque")
    assert (ok, "no library has /movies" in said, "path_mappings" in said) == (False, True, True)


@pytest.mark.parametrize(
    ("error", "advice"),
    [(Refused("radarr", "401", status=401), "api_key"), (Unavailable("radarr", "away"), "base_url")],
)
async def test_a_program_that_does_not_answer_is_told_with_what_to_do(error: Any, advice: str) -> None:
    client = FakeProgram()
    client.error = error
    ok, said = await look(parts(client), b"/movies")
    assert (ok, str(error) in said, advice in said) == (False, True, True)
