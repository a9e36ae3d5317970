"""A series as Sonarr sends it, with its episodes, in our terms."""

from collections.abc import Sequence
from dataclasses import replace

from revenge.integration.arr.facts import EpisodeFacts, FileFacts, ShowFacts
from revenge.integration.arr.paths import PathMapper
from revenge.integration.arr.reading import MAX_OVERVIEW, described, file_facts, pictures_of, score_of, text_or_none
from revenge.integration.sonarr.wire import Episode, EpisodeFile, Series

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
    return replace(
        described(ShowFacts, series, paths, name="series", ids=_ids(series), statuses=_STATUS),
        files=tuple(known[number] for number in sorted(known)),
        unreachable=len(given) - len(known),
        first_air_date=series.first_aired,
        last_air_date=series.last_aired,
        type=text_or_none(series.series_type, 50),
        network=text_or_none(series.network, 200),
        vote_average=score.value if score else None,
        vote_count=score.votes if score else None,
        scores=(score,) if score else (),
        seasons=tuple(sorted({each.season_number for each in series.seasons})),
        season_posters=_posters(series),
        episodes=_episodes(episodes, known),
    )


def _ids(series: Series) -> dict[str, int | str | None]:
    return {
        "tmdb": series.tmdb_id,
        "imdb": text_or_none(series.imdb_id, 100),
        "tvdb": series.tvdb_id,
        "tvmaze": series.tv_maze_id,
    }


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
            overview=text_or_none(each.overview, MAX_OVERVIEW),
            air_date=each.air_date,
            runtime_min=each.runtime,
            still=stills[0] if stills else None,
            file_id=file_id if file_id in files else None,
        )
    return tuple(found[key] for key in sorted(found))
