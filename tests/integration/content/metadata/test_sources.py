"""All providers over real sockets: what they say, how often they are asked, and what their faults lead to."""

from datetime import date, timedelta
from types import SimpleNamespace

import asyncpg
import pytest

from revenge.app.demo.faults import Fault, garbage, led_to, too_many
from revenge.app.demo.servers import DemoServers
from revenge.app.metadata import MetadataCallers, make_keep, make_sources
from revenge.app.settings import Settings
from revenge.content.metadata.answer_jobs import MetadataAnswerCleanupWorker
from revenge.content.metadata.answers import KeptAnswers
from revenge.content.metadata.errors import (
    MetadataError,
    NoSource,
    SourceBusy,
    SourceDown,
    SourceRefused,
    UnknownTitle,
)
from revenge.content.metadata.models import CreditType, IdProvider, ImageType
from revenge.infra.failures import verdict_of
from revenge.infra.http.traffic import LocalTraffic
from revenge.infra.jobs import Cancel, Snooze
from revenge.infra.jobs.clock import SystemClock
from tests.fakes.providers import Asked, demo_sources

LANGUAGES = ("en", "de", "fr")
NOSFERATU = {IdProvider.TMDB: "653"}
DEPOT = {IdProvider.TMDB: "9000001"}


async def test_a_film_is_what_all_providers_say_of_it(asked: Asked) -> None:
    film = await asked.sources.movie(NOSFERATU, languages=LANGUAGES)
    assert (film.title, film.year, film.provider) == ("Nosferatu", 1922, "tmdb")
    assert film.ids == {IdProvider.TMDB: "653", IdProvider.IMDB: "tt0013442"}
    assert {rating.source for rating in film.ratings} == {"tmdb", "imdb", "rottentomatoes", "metacritic"}
    assert {image.provider for image in film.images} == {"tmdb", "fanarttv"}
    assert next(image for image in film.images if image.type is ImageType.POSTER).source == "/poster-653.jpg"
    assert {one.language for one in film.translations} == {"de", "fr"}
    assert film.certifications == {"US": "PG"}
    assert [credit.type for credit in film.credits].count(CreditType.CAST) == 4
    assert film.unanswered == {}


async def test_all_languages_cost_one_request(asked: Asked) -> None:
    await asked.sources.movie(NOSFERATU, languages=("en", "de", "fr", "es", "ja"))
    assert asked.servers.faults.count("/tmdb") == 1


async def test_a_series_a_season_an_episode_and_a_person_are_told(asked: Asked) -> None:
    series = await asked.sources.series(DEPOT, languages=LANGUAGES)
    assert (series.title, [season.number for season in series.seasons]) == ("The Tram Depot", [0, 1, 2])
    assert series.ids[IdProvider.TVDB] == "8000001"
    assert [network.name for network in series.networks] == ["Demo One"]
    season = await asked.sources.season(DEPOT, 1, languages=LANGUAGES)
    assert [episode.number for episode in season.episodes] == [1, 2, 3, 4, 5, 6]
    assert {one.language for one in season.episodes[0].translations} == {"de", "fr"}
    episode = await asked.sources.episode(DEPOT, 1, 2, languages=LANGUAGES)
    assert (episode.title, episode.air_date) == ("The Wrong Platform", date(2019, 3, 8))
    person = await asked.sources.person(series.credits[0].person.ids, languages=LANGUAGES)
    assert person.name == series.credits[0].person.name


async def test_others_ids_are_enough(asked: Asked) -> None:
    film = await asked.sources.movie({IdProvider.IMDB: "tt0013442"}, languages=LANGUAGES)
    assert film.ids[IdProvider.TMDB] == "653"
    series = await asked.sources.series({IdProvider.TVDB: "8000002"}, languages=LANGUAGES)
    assert series.title == "Kommissarin Öztürk"


async def test_a_search_finds_by_words_and_year_and_without_the_year_when_that_finds_none(asked: Asked) -> None:
    hits = await asked.sources.search_movies("nosferatu", year=1922, language="en")
    assert [(hit.title, hit.year, hit.provider_id) for hit in hits] == [("Nosferatu", 1922, "653")]
    hits = await asked.sources.search_movies("nosferatu", year=1979, language="en")
    assert [hit.year for hit in hits] == [1922]
    assert await asked.sources.search_movies("no such film", year=None, language="en") == []
    hits = await asked.sources.search_series("small hours", year=None, language="en")
    assert [hit.title for hit in hits] == ["Small Hours"]


async def test_tvmaze_alone_tells_series_without_a_key(
    servers: DemoServers, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    base = Settings()
    only = base.model_copy(update={"metadata": base.metadata.model_copy(update={"providers": ("tvmaze",)})})
    async with demo_sources(servers, pool, only) as asked:
        (hit,) = await asked.sources.search_series("the tram depot", year=None, language="en")
        series = await asked.sources.series({IdProvider.TVDB: hit.ids[IdProvider.TVDB]}, languages=LANGUAGES)
        assert (series.provider, series.title, series.overview) == (
            "tvmaze", "The Tram Depot", "A story about The Tram Depot, told for the demo.",
        )  # fmt: skip
        assert len(series.credits) == 4
        specials = await asked.sources.season(hit.ids, 0, languages=LANGUAGES)
        assert [episode.title for episode in specials.episodes] == ["Making the Depot"]
        await asked.sources.season(hit.ids, 1, languages=LANGUAGES)
        await asked.sources.season(hit.ids, 2, languages=LANGUAGES)
        assert servers.faults.count("/tvmaze/shows/9000001/episodes") == 1
        with pytest.raises(UnknownTitle):
            await asked.sources.episode(hit.ids, 7, 1, languages=LANGUAGES)
        with pytest.raises(UnknownTitle):
            await asked.sources.movie(NOSFERATU, languages=LANGUAGES)


async def test_answers_are_kept_for_all_nodes_and_titles_that_nobody_has_too(
    asked: Asked, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    film = await asked.sources.movie(NOSFERATU, languages=LANGUAGES)
    with pytest.raises(UnknownTitle):
        await asked.sources.movie({IdProvider.TMDB: "1"}, languages=LANGUAGES)
    asked.servers.faults.clear()
    async with demo_sources(asked.servers, pool) as other:
        assert await other.sources.movie(NOSFERATU, languages=LANGUAGES) == film
        with pytest.raises(UnknownTitle):
            await other.sources.movie({IdProvider.TMDB: "1"}, languages=LANGUAGES)
    assert asked.servers.faults.asked == []


async def test_a_forced_refresh_asks_for_its_own_title_and_for_no_other(asked: Asked) -> None:
    """W30: the Go server threw every provider's answers away."""
    other = {IdProvider.TMDB: "19"}
    for ids in (NOSFERATU, other):
        await asked.sources.movie(ids, languages=LANGUAGES)
    asked.servers.faults.clear()
    await asked.sources.movie(NOSFERATU, languages=LANGUAGES, fresh=True)
    assert asked.servers.faults.count("/tmdb/3/movie/653") == 1
    asked.servers.faults.clear()
    for ids in (NOSFERATU, other):
        await asked.sources.movie(ids, languages=LANGUAGES)
    assert asked.servers.faults.asked == []


async def test_enriching_by_name_asks_those_named_anew_and_nobody_else(asked: Asked) -> None:
    await asked.sources.movie(NOSFERATU, languages=LANGUAGES)
    asked.servers.faults.clear()
    film = await asked.sources.movie(NOSFERATU, languages=LANGUAGES, fresh=True, providers=["omdb"])
    assert film.title == "Nosferatu"
    assert {rating.source for rating in film.ratings} >= {"tmdb", "imdb"}
    assert [path.partition("?")[0] for path in asked.servers.faults.asked] == ["/omdb/"]
    with pytest.raises(SourceRefused, match="letterboxd"):
        await asked.sources.movie(NOSFERATU, languages=LANGUAGES, providers=["letterboxd"])


@pytest.mark.parametrize(
    ("fault", "kind", "verdict"),
    [
        (Fault(status=404), UnknownTitle, Cancel),
        (Fault(status=401), SourceRefused, Cancel),
        (led_to("http://169.254.169.254/latest"), SourceRefused, Cancel),
        (too_many(7), SourceBusy, Snooze),
        (Fault(status=503, headers={"retry-after": "7"}), SourceBusy, Snooze),
        (Fault(status=500), SourceDown, None),
        (garbage(), SourceDown, None),
        (Fault(cut=True), SourceDown, None),
    ],
)
async def test_each_fault_of_whoever_describes_leads_to_its_end(
    asked: Asked, fault: Fault, kind: type[MetadataError], verdict: type[Cancel | Snooze] | None
) -> None:
    """W06: 429 and Retry-After snooze; Appendix C for all that ask for metadata."""
    asked.servers.faults.add(fault, path="/tmdb/3")
    with pytest.raises(kind) as raised:
        await asked.sources.movie(NOSFERATU, languages=LANGUAGES)
    assert "demo-key" not in str(raised.value)
    if verdict is None:
        with pytest.raises(kind):
            verdict_of(raised.value)
    else:
        found = verdict_of(raised.value)
        assert isinstance(found, verdict)
        assert not isinstance(found, Snooze) or found.for_ == timedelta(seconds=7)


@pytest.mark.parametrize("fault", [Fault(status=500), too_many(7), Fault(status=401), garbage()])
async def test_whoever_only_adds_does_not_hold_up_the_others_unless_named(asked: Asked, fault: Fault) -> None:
    asked.servers.faults.add(fault, path="/omdb")
    film = await asked.sources.movie(NOSFERATU, languages=LANGUAGES)
    assert film.title == "Nosferatu"
    assert {rating.source for rating in film.ratings} == {"tmdb"}
    assert set(film.unanswered) == {"omdb"}
    assert "demo-key" not in film.unanswered["omdb"]


async def test_the_day_s_requests_being_used_up_is_no_wrong_key(asked: Asked) -> None:
    used_up = Fault(status=401, body=b'{"Response":"False","Error":"Request limit reached!"}')
    asked.servers.faults.add(used_up, path="/omdb")
    for _ in range(2):
        with pytest.raises(SourceBusy):
            await asked.sources.movie(NOSFERATU, languages=LANGUAGES, providers=["omdb"])
    assert asked.servers.faults.count("/omdb") == 1


async def test_answers_whose_time_is_over_are_forgotten(asked: Asked, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await asked.sources.movie(NOSFERATU, languages=LANGUAGES)
    assert await asked.answers.forget_old() == 0
    await pool.execute("UPDATE revenge.provider_answer SET expires_at = now() WHERE provider = 'tmdb'")
    job = SimpleNamespace(report_progress=lambda **_: None)
    worker = MetadataAnswerCleanupWorker(asked.answers)
    assert await worker.work(job) == {"removed": 1}  # type: ignore[arg-type]  # a fake
    assert await worker.work(job) == {"removed": 0}  # type: ignore[arg-type]  # a fake


async def test_without_any_key_nobody_is_asked_and_it_is_said(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    settings, clock = Settings(), SystemClock()
    callers = MetadataCallers(settings, traffic=LocalTraffic(clock), clock=clock)
    sources = make_sources(settings, callers, KeptAnswers(pool, keep=make_keep(settings)))
    assert not sources.enabled
    with pytest.raises(NoSource):
        await sources.search_movies("x", year=None, language="en")
    with pytest.raises(NoSource):
        await sources.movie(NOSFERATU, languages=LANGUAGES)
