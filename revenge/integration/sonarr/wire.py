"""Series and episodes as Sonarr sends them."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from revenge.integration.arr.wire import (
    MOST,
    ArrId,
    Covers,
    Day,
    File,
    Number,
    Rating,
    Text,
    Title,
    Wire,
)


class Season(Wire):
    """A season; 0 is the specials."""

    season_number: Annotated[int, Field(ge=0, le=MOST)]
    monitored: bool = False
    images: Covers = ()


class Statistics(Wire):
    """How much of a series there is."""

    episode_file_count: int = 0
    total_episode_count: int = 0
    size_on_disk: int = 0


class Series(Title):
    """A series without its episodes."""

    network: Text = None
    seasons: Annotated[tuple[Season, ...], BeforeValidator(lambda value: value or ())] = ()
    tvdb_id: Number = None
    tv_maze_id: Number = None
    first_aired: Day = None
    last_aired: Day = None
    series_type: Text = None
    ratings: Rating | None = None
    statistics: Statistics | None = None


class EpisodeFile(File):
    """A file, of one episode or several."""

    series_id: int = 0
    season_number: int = 0


class Episode(Wire):
    """An episode, with its file where it has one."""

    id: ArrId
    series_id: int = 0
    tvdb_id: Number = None
    episode_file_id: Number = None
    season_number: Annotated[int, Field(ge=0, le=MOST)]
    episode_number: Annotated[int, Field(ge=0, le=MOST)]
    absolute_episode_number: Number = None
    title: Text = None
    overview: Text = None
    air_date: Day = None
    runtime: Number = None
    has_file: bool = False
    monitored: bool = False
    episode_file: EpisodeFile | None = None
    images: Covers = ()
