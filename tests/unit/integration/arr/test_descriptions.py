"""What we ask, and what the stand-ins answer, is what Radarr's and Sonarr's own descriptions say."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from revenge.app.demo.arr import DemoArr
from revenge.app.demo.radarr import DemoRadarr
from revenge.app.demo.sonarr import DemoSonarr
from revenge.infra.http.caller import Caller
from revenge.integration.arr.spool import Spool
from revenge.integration.radarr.client import RadarrClient
from revenge.integration.sonarr.client import SonarrClient
from tests.fakes.arr import KEY, caller_of, say, serving
from tests.fakes.wire import Asked, Say

DATA = Path(__file__).resolve().parents[3] / "descriptions"

Call = Callable[[Caller], Awaitable[object]]


class Description:
    """What a program promises."""

    def __init__(self, name: str) -> None:
        self._all = json.loads((DATA / f"{name}.json").read_text())

    def check(self, asked: Asked, said: Say) -> None:
        """Fail where a request or its answer is not as described."""
        pattern, path = self._path(asked.path)
        values = dict(zip(re.findall(r"\{(\w+)\}", pattern), re.findall(r"\d+$", asked.path), strict=True))
        for name, value in values.items():
            self._validate(path["path"][name], int(value))
        for name, given in asked.query.items():
            shape = path["query"][name]  # a parameter that is not described is a KeyError
            self._validate(shape, _typed(given[0], shape))
        if said.status == 200:
            self._validate(path["answer"], json.loads(said.body))

    def _path(self, path: str) -> tuple[str, Any]:
        for pattern, described in self._all["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", r"\\d+", pattern), path):
                return pattern, described
        raise AssertionError(f"{path} is not described")

    def _validate(self, shape: Any, value: object) -> None:
        validator = jsonschema_rs.Draft202012Validator({**shape, "$defs": self._all["$defs"]}, validate_formats=False)
        assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)] == []


def _typed(text: str, shape: Any) -> object:
    match shape["type"]:
        case "integer":
            return int(text)
        case "boolean":
            return {"true": True, "false": False}[text]
        case "array":
            return [_typed(text, shape["items"])]
        case _:
            return text


def radarr() -> DemoRadarr:
    demo = DemoRadarr(api_key=KEY)
    demo.add(1, "First", collection="A Collection")
    demo.add(2, "Wished For", file=None)
    return demo


def sonarr() -> DemoSonarr:
    demo = DemoSonarr(api_key=KEY)
    demo.add(7, "Series", seasons=2)
    demo.add(8, "Without Files", with_files=False)
    return demo


async def _list(client: RadarrClient | SonarrClient) -> None:
    spool = Spool()
    await (client.movies(spool) if isinstance(client, RadarrClient) else client.series_list(spool))
    spool.close()


CALLS: dict[str, tuple[Callable[[], DemoArr], Call]] = {
    "radarr status": (radarr, lambda caller: RadarrClient(caller).status()),
    "radarr profiles": (radarr, lambda caller: RadarrClient(caller).quality_profiles()),
    "radarr folders": (radarr, lambda caller: RadarrClient(caller).root_folders()),
    "radarr movies": (radarr, lambda caller: _list(RadarrClient(caller))),
    "radarr movie": (radarr, lambda caller: RadarrClient(caller).movie(1)),
    "radarr files": (radarr, lambda caller: RadarrClient(caller).movie_files(1)),
    "sonarr status": (sonarr, lambda caller: SonarrClient(caller).status()),
    "sonarr profiles": (sonarr, lambda caller: SonarrClient(caller).quality_profiles()),
    "sonarr folders": (sonarr, lambda caller: SonarrClient(caller).root_folders()),
    "sonarr list": (sonarr, lambda caller: _list(SonarrClient(caller))),
    "sonarr series": (sonarr, lambda caller: SonarrClient(caller).series(7)),
    "sonarr episodes": (sonarr, lambda caller: SonarrClient(caller).episodes(7)),
    "sonarr files": (sonarr, lambda caller: SonarrClient(caller).episode_files(7)),
}


@pytest.mark.parametrize("name", CALLS)
async def test_every_call_and_every_answer_is_as_described(name: str) -> None:
    make, call = CALLS[name]
    demo = make()
    description = Description(name.partition(" ")[0])
    checked: list[str] = []

    def answer(asked: Asked) -> Say:
        said = say(demo, asked)
        description.check(asked, said)
        checked.append(asked.path)
        return said

    async with serving(demo) as server:
        server.say = answer
        async with caller_of(server, "arr") as caller:
            await call(caller)
    assert len(checked) == 1
    assert server.asked[0].headers["x-api-key"] == KEY


def test_descriptions_refuse_what_they_do_not_know() -> None:
    described = Description("radarr")
    with pytest.raises(KeyError):
        described.check(_asked("/api/v3/movie", nonsense=["1"]), Say(body=b"[]"))
    with pytest.raises(AssertionError):
        described.check(_asked("/api/v3/movie"), Say(body=b'[{"id": "one"}]'))
    with pytest.raises(AssertionError):
        described.check(_asked("/api/v3/films"), Say(body=b"[]"))


def _asked(path: str, **query: list[str]) -> Asked:
    return Asked(method="GET", path=path, query=query, headers={}, body=b"")
