"""Which files are one film, which facts win, and what text may reach a table."""

from datetime import date

import pytest

from revenge.content.library.facts import FactReader, FileFacts, from_name, merge
from revenge.content.library.grouping import fold, item_of
from revenge.content.library.names import MediaType, ParsedName
from revenge.content.library.nfo import Nfo, NfoKind, NfoUnreadable
from revenge.content.library.walk import Disc, WalkFile


def key(path: str, **facts: object) -> str:
    values: dict[str, object] = {"media": MediaType.MOVIE, "title": "Film", **facts}
    item = item_of(FileFacts(**values), path.encode())  # type: ignore[arg-type]  # values of many types
    assert item is not None
    return item.key


def test_title_and_year_are_one_film_wherever_the_files_lie() -> None:
    assert key("/a/x.mkv", year=2000) == key("/b/c/y.mkv", year=2000, title="FILM!")


def test_without_a_year_only_one_folder_is_one_film() -> None:
    assert key("/a/x.mkv") == key("/a/y.mkv")
    assert key("/a/x.mkv") != key("/b/x.mkv")


def test_folders_of_parts_are_one_folder() -> None:
    assert key("/a/CD1/x.avi") == key("/a/cd 2/x.avi") == key("/a/x.avi")


def test_an_id_is_worth_more_than_a_title() -> None:
    assert key("/a", year=2000, tmdb_id=5) == key("/b", title="Other", tmdb_id=5)
    assert key("/a", year=2000, tmdb_id=5) != key("/a", year=2000, tmdb_id=6)
    assert key("/a", imdb_id="tt1234567") != key("/a")


def test_episodes_are_one_by_series_and_number() -> None:
    one = key("/a", media=MediaType.EPISODE, season=1, episodes=(2, 3))
    assert one == key("/b", media=MediaType.EPISODE, season=1, episodes=(2, 3))
    assert one != key("/a", media=MediaType.EPISODE, season=1, episodes=(2,))
    assert one != key("/a", media=MediaType.EPISODE, absolute=(2, 3))
    assert key("/a", media=MediaType.EPISODE, air_date=date(2020, 1, 2)).endswith("d2020-01-02")


@pytest.mark.parametrize(
    "facts",
    [
        FileFacts(media=MediaType.MOVIE),
        FileFacts(media=MediaType.EPISODE, title="Show", season=1),
        FileFacts(media=MediaType.UNKNOWN, title="x"),
    ],
)
def test_what_no_name_says_is_no_item(facts: FileFacts) -> None:
    assert item_of(facts, b"/a") is None


@pytest.mark.parametrize(("one", "other"), [("Amélie", "amelie"), ("Die Straße", "DIE STRASSE"), ("WALL·E", "wall e")])
def test_titles_are_compared_as_people_write_them(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_titles_of_signs_alone_are_told_apart() -> None:
    assert fold("…") != fold("!!!")
    assert fold("七人の侍") == "七人の侍"


def test_an_nfo_wins_over_the_name_where_it_speaks() -> None:
    named = FileFacts(media=MediaType.MOVIE, title="film", year=2000, tmdb_id=1)
    merged = merge(named, Nfo(kind=NfoKind.MOVIE, title="Der Film", tmdb_id=603))
    assert (merged.title, merged.year, merged.tmdb_id) == ("Der Film", 2000, 603)
    assert merged.nfo == {"kind": "movie", "title": "Der Film", "tmdb_id": 603}


def test_an_nfo_about_something_else_changes_nothing() -> None:
    named = FileFacts(media=MediaType.MOVIE, title="film")
    assert merge(named, Nfo(kind=NfoKind.TVSHOW, title="Show")).title == "film"


def test_an_episodes_nfo_names_series_and_all_its_episodes() -> None:
    named = FileFacts(media=MediaType.EPISODE, title="x", season=1, episodes=(1,))
    nfo = Nfo(
        kind=NfoKind.EPISODE, title="Pilot", show_title="Show", season=0, episode=2, tmdb_id=9,
        further=(Nfo(kind=NfoKind.EPISODE, episode=3),),
    )  # fmt: skip
    merged = merge(named, nfo)
    assert (merged.title, merged.season, merged.episodes, merged.episode_title, merged.tmdb_id) == (
        "Show",
        0,
        (2, 3),
        "Pilot",
        None,
    )


def test_numbers_no_column_holds_are_left_out() -> None:
    facts = from_name(ParsedName(media=MediaType.MOVIE, title="a\0b\ud800", tmdb_id=2**40, episodes=(1, 2**31)))
    assert (facts.title, facts.tmdb_id, facts.episodes) == ("a b", None, (1,))


def read(path: str, root: str = "/lib/Films", *, disc: Disc | None = None) -> list[str]:
    asked: list[str] = []

    def read_name(name: bytes, *, media: MediaType) -> ParsedName:
        asked.append(name.decode())
        return ParsedName(media=media, title=None if b"01" in name and b"Films" not in name else "x")

    FactReader(read_name=read_name).read(WalkFile(path.encode(), 1, 1, 1, disc), root.encode(), MediaType.MOVIE)
    return asked


def test_names_above_the_root_say_nothing() -> None:
    assert read("/lib/Films/Film (2000)/a.mkv") == ["Film (2000)/a.mkv"]


def test_a_root_that_is_the_films_own_folder_is_asked_last() -> None:
    assert read("/lib/Films/01.mkv") == ["01.mkv", "Films/01.mkv"]


def test_a_disc_has_the_name_of_its_folder() -> None:
    assert read("/lib/Films/Film (2000)/BDMV", disc=Disc.BLURAY) == ["Film (2000)"]
    assert read("/lib/Films/BDMV", disc=Disc.BLURAY) == ["Films/"]


def test_an_nfo_that_cannot_be_read_leaves_the_name() -> None:
    def read_nfo(path: bytes) -> Nfo | None:
        raise NfoUnreadable("broken")

    file = WalkFile(b"/r/Film (2000).mkv", 1, 1, 1, nfo=b"/r/movie.nfo")
    facts = FactReader(read_nfo=read_nfo).read(file, b"/r", MediaType.MOVIE)
    assert (facts.title, facts.nfo_error) == ("Film", "broken")


def test_series_of_one_title_are_told_apart_by_year_and_by_id() -> None:
    # W23
    def series(**facts: object) -> str:
        return key("/a", media=MediaType.EPISODE, season=1, episodes=(1,), **facts)

    assert series(title="The Office", year=2001) != series(title="The Office", year=2005)
    assert series(title="The Office", tvdb_id=1) != series(title="The Office", tvdb_id=2)
    assert series(title="The Office", tvdb_id=1) == series(title="Office, The", tvdb_id=1)
    assert series(tmdb_id=7) != series(imdb_id="tt7654321")


def test_special_without_a_number_is_an_item_by_its_own_title() -> None:
    one = key("/a", media=MediaType.EPISODE, season=0, episode_title="The Making Of")
    assert one == key("/b", media=MediaType.EPISODE, season=0, episode_title="the making of!")
    assert one.endswith(":s0nthemakingof")
