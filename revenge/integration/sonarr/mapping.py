"""A series as Sonarr sends it, with its episodes, in our terms."""

from collections.abc import Sequence

from revenge.integration.arr.facts import EpisodeFacts, FileFacts, ShowFacts
from revenge.integration.arr.languages import language_code
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.reading import file_facts, pictures_of, score_of, text_or_none
from revenge.integration.sonarr.wire import Episode, EpisodeFile, Series

_MAX_OVERVIEW = 20_000
_STATUS = {"continuing": "Returning Series", "ended": "Ended", "upcoming": "In Production"}


def show_facts(
    series: Series, episodes: Sequence[Episode], files: Sequence[EpisodeFile], paths: PathMapper
) -> ShowFacts:
    """Return what Sonarr says of a series; ``files`` are those that its episodes do not bring along."""
    given = {file.id: file for file in files}
    given |= {each.episode_file.id: each.episode_file for each in episodes if each.episode_file}
    known: dict[int, FileFacts] = {}
    for file in given.values():
        if (facts := file_facts(file, paths, folder=series.path)) is not None:
            known[file.id] = facts
    score = score_of("tvdb", series.ratings, most=10)
    return ShowFacts(
        arr_id=series.id,
        title=text_or_none(series.title) or f"series {series.id}",
        ids=_ids(series),
        path=paths.ours(series.path),
        monitored=series.monitored,
        files=tuple(known[number] for number in sorted(known)),
        unreachable=len(given) - len(known),
        original_language=language_code(series.original_language.name) if series.original_language else None,
        year=series.year,
        overview=text_or_none(series.overview, _MAX_OVERVIEW),
        status=_STATUS.get(series.status or ""),
        first_air_date=series.first_aired,
        last_air_date=series.last_aired,
        type=text_or_none(series.series_type, 50),
        network=text_or_none(series.network, 200),
        vote_average=score.value if score else None,
        vote_count=score.votes if score else None,
        genres=tuple(filter(None, map(text_or_none, series.genres))),
        scores=(score,) if score else (),
        certification=text_or_none(series.certification, 50),
        pictures=pictures_of(series.images),
        seasons=tuple(sorted({each.season_number for each in series.seasons})),
        season_posters=_posters(series),
        episodes=_episodes(episodes, known),
    )


def _ids(series: Series) -> dict[str, str]:
    ids = {
        "tmdb": series.tmdb_id,
        "imdb": text_or_none(series.imdb_id, 100),
        "tvdb": series.tvdb_id,
        "tvmaze": series.tv_maze_id,
    }
    return {provider: str(value) for provider, value in ids.items() if value}


def _posters(series: Series) -> dict[int, str]:
    found: dict[int, str] = {}
    for season in series.seasons:
        for picture in pictures_of(season.images):
            if picture.type == "poster":
                found.setdefault(season.season_number, picture.url)
    return found


def _episodes(episodes: Sequence[Episode], files: dict[int, FileFacts]) -> tuple[EpisodeFacts, ...]:
    found: dict[tuple[int, int], EpisodeFacts] = {}
    for each in episodes:
        stills = [picture.url for picture in pictures_of(each.images) if picture.type == "still"]
        file_id = each.episode_file.id if each.episode_file else each.episode_file_id
        found[each.season_number, each.episode_number] = EpisodeFacts(
            season=each.season_number,
            number=each.episode_number,
            absolute_number=each.absolute_episode_number,
            tvdb_id=str(each.tvdb_id) if each.tvdb_id else None,
            title=text_or_none(each.title),
            overview=text_or_none(each.overview, _MAX_OVERVIEW),
            air_date=each.air_date,
            runtime_min=each.runtime,
            still=stills[0] if stills else None,
            file_id=file_id if file_id in files else None,
        )
    return tuple(found[key] for key in sorted(found))
