"""Reading NFO files of every age and state."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from revenge.content.library.nfo import Actor, Nfo, NfoKind, NfoUnreadable, Rating, read_nfo

Read = Callable[[str | bytes], Nfo | None]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write_and_read(content: str | bytes) -> Nfo | None:
        path = tmp_path / "film.nfo"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_nfo(os.fsencode(path))

    return write_and_read


MOVIE = """<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<movie>
  <title>Nosferatu</title>
  <originaltitle>Nosferatu, eine Symphonie des Grauens</originaltitle>
  <sorttitle>Nosferatu 1</sorttitle>
  <ratings>
    <rating name="imdb" max="10" default="true"><value>7.9</value><votes>104,123</votes></rating>
    <rating name="metacritic" max="100"><value>88</value></rating>
  </ratings>
  <outline>Short.</outline>
  <plot>Graf Orlok
buys a house.</plot>
  <tagline>A symphony</tagline>
  <runtime>94</runtime>
  <mpaa>Rated PG</mpaa>
  <uniqueid type="imdb">tt0013442</uniqueid>
  <uniqueid type="tmdb" default="true">653</uniqueid>
  <genre>Horror</genre>
  <genre>Drama / Fantasy</genre>
  <country>Germany</country>
  <set><name>Vampires</name><overview>All of them</overview></set>
  <tag>silent</tag>
  <credits>Henrik Galeen</credits>
  <director>F. W. Murnau</director>
  <premiered>1922-03-04</premiered>
  <studio>Prana-Film</studio>
  <fileinfo><streamdetails><video><codec>h264</codec></video></streamdetails></fileinfo>
  <actor><name>Max Schreck</name><role>Graf Orlok</role><order>0</order></actor>
  <actor><name>Greta Schröder</name><role></role></actor>
</movie>
"""


def test_everything_kodi_writes_about_a_film_is_read(read: Read) -> None:
    assert read(MOVIE) == Nfo(
        kind=NfoKind.MOVIE,
        title="Nosferatu",
        original_title="Nosferatu, eine Symphonie des Grauens",
        sort_title="Nosferatu 1",
        year=1922,
        premiered=date(1922, 3, 4),
        plot="Graf Orlok\nbuys a house.",
        tagline="A symphony",
        runtime_min=94,
        mpaa="Rated PG",
        collection="Vampires",
        tmdb_id=653,
        imdb_id="tt0013442",
        genres=("Horror", "Drama", "Fantasy"),
        studios=("Prana-Film",),
        countries=("Germany",),
        directors=("F. W. Murnau",),
        credits=("Henrik Galeen",),
        tags=("silent",),
        actors=(Actor(name="Max Schreck", role="Graf Orlok"), Actor(name="Greta Schröder")),
        ratings=(
            Rating(source="imdb", value=7.9, votes=104_123),
            Rating(source="metacritic", value=88.0, highest=100.0),
        ),
    )


def test_a_show_is_read_with_the_ids_of_all_providers(read: Read) -> None:
    found = read(
        "<tvshow><title>Doctor Who</title><year>2005</year><season>-1</season><episode>180</episode>"
        '<uniqueid type="tvdb" default="true">78804</uniqueid><uniqueid type="TMDB">57243</uniqueid></tvshow>'
    )

    assert found == Nfo(kind=NfoKind.TVSHOW, title="Doctor Who", year=2005, tvdb_id=78804, tmdb_id=57243)


def test_several_episodes_in_one_file_are_all_read(read: Read) -> None:
    found = read(
        '<?xml version="1.0"?>\n<episodedetails><title>One</title><season>1</season><episode>1</episode>'
        "<aired>2005-03-26</aired></episodedetails>\n"
        "<episodedetails><title>Two</title><season>1</season><episode>2</episode></episodedetails>"
    )

    assert found is not None
    assert (found.kind, found.title, found.season, found.episode) == (NfoKind.EPISODE, "One", 1, 1)
    assert found.premiered == date(2005, 3, 26)
    assert [(other.title, other.season, other.episode) for other in found.further] == [("Two", 1, 2)]


@pytest.mark.parametrize(
    ("root", "inner", "ids"),
    [
        ("movie", "<id>tt0133093</id>", (None, "tt0133093", None)),
        ("movie", "<id>603</id>", (603, None, None)),
        ("tvshow", "<id>78804</id>", (None, None, 78804)),
        ("movie", '<id IMDB="tt0133093" TMDB="603"/>', (603, "tt0133093", None)),
        ("movie", "<tmdbid>603</tmdbid><imdbid>tt0133093</imdbid><tvdbid>169</tvdbid>", (603, "tt0133093", 169)),
        ("movie", "<tmdbId>603</tmdbId><imdb_id>tt0133093</imdb_id>", (603, "tt0133093", None)),
        ("movie", '<uniqueid type="imdb">133093</uniqueid>', (None, "tt0133093", None)),
        ("movie", '<uniqueid type="imdb">TT10872600</uniqueid>', (None, "tt10872600", None)),
        ("movie", '<uniqueid type="tmdb"> 603\n</uniqueid><id>604</id>', (603, None, None)),
        ("movie", '<uniqueid type="home">5</uniqueid>', (None, None, None)),
        ("movie", "<tmdbid>0</tmdbid><imdbid></imdbid><id/>", (None, None, None)),
        ("movie", "<tmdbid>99999999999999</tmdbid><imdbid>ttabc</imdbid>", (None, None, None)),
        ("movie", "<tmdbid>٦٠٣</tmdbid>", (None, None, None)),
    ],
)
def test_ids_of_all_generations_are_understood(
    read: Read, root: str, inner: str, ids: tuple[int | None, str | None, int | None]
) -> None:
    found = read(f"<{root}><title>x</title>{inner}</{root}>")

    assert found is not None
    assert (found.tmdb_id, found.imdb_id, found.tvdb_id) == ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://www.themoviedb.org/movie/603-the-matrix\n", Nfo(kind=NfoKind.MOVIE, tmdb_id=603)),
        ("http://www.themoviedb.org/tv/57243", Nfo(kind=NfoKind.TVSHOW, tmdb_id=57243)),
        ("http://www.imdb.com/title/tt0133093/", Nfo(imdb_id="tt0133093")),
        ("https://m.imdb.com/de/title/tt0133093/?ref_=x", Nfo(imdb_id="tt0133093")),
        ("http://thetvdb.com/?tab=series&id=78804&lid=7", Nfo(tvdb_id=78804)),
        ("https://thetvdb.com/dereferrer/series/78804", Nfo(tvdb_id=78804)),
        ("▄▄▄ SCENE ▄▄▄\r\n iMDB..: http://imdb.com/title/tt0133093 \r\n", Nfo(imdb_id="tt0133093")),
    ],
)
def test_an_address_alone_is_enough(read: Read, text: str, expected: Nfo) -> None:
    assert read(text) == expected


def test_an_address_after_the_xml_fills_in_what_the_xml_lacks(read: Read) -> None:
    found = read(
        "<movie><title>The Matrix</title><plot>not https://www.imdb.com/title/tt9999999</plot>"
        "<tmdbid>603</tmdbid></movie>\nhttps://www.imdb.com/title/tt0133093/ https://www.themoviedb.org/movie/1"
    )

    assert found is not None
    assert (found.title, found.tmdb_id, found.imdb_id) == ("The Matrix", 603, "tt0133093")


def test_an_empty_root_with_an_address_is_that_address(read: Read) -> None:
    found = read("<movie/>\nhttps://www.themoviedb.org/movie/603")

    assert found == Nfo(kind=NfoKind.MOVIE, tmdb_id=603)


@pytest.mark.parametrize(
    "content",
    [
        "<movie><title>Amélie</title></movie>".encode(),
        b"\xef\xbb\xbf" + "<movie><title>Amélie</title></movie>".encode(),
        "<movie><title>Amélie</title></movie>".encode("utf-16"),
        "<?xml version='1.0' encoding='utf-16'?><movie><title>Amélie</title></movie>".encode("utf-16-le"),
        "<?xml version='1.0' encoding='utf-16'?><movie><title>Amélie</title></movie>".encode(),
        "<?xml version='1.0' encoding='utf-8'?><movie><title>Amélie</title></movie>".encode("cp1252"),
        "<?xml version='1.0' encoding='ISO-8859-1'?><movie><title>Amélie</title></movie>".encode("latin-1"),
        "<?xml version='1.0' encoding='punycode'?><movie><title>Amélie</title></movie>".encode("latin-1"),
        b"<movie><title>Am&eacute;lie</title></movie>",
        b"<movie><title>Am&#233;lie</title></movie>",
        b"<movie><title>Am&#xE9;lie</title></movie>",
        "  \r\n<!-- made by hand --> <Movie>\n<Title>Am\0é\x08lie</Title></Movie>".encode(),
        "<!DOCTYPE movie><movie><title><![CDATA[Amélie]]></title></movie>".encode(),
    ],
)
def test_the_text_is_right_whatever_the_encoding_and_the_claim_about_it(read: Read, content: bytes) -> None:
    found = read(content)

    assert found is not None
    assert found.title == "Amélie"


def test_russian_is_read_as_declared(read: Read) -> None:
    text = "<?xml version='1.0' encoding='windows-1251'?><movie><title>Сталкер</title></movie>"

    found = read(text.encode("cp1251"))

    assert found is not None
    assert found.title == "Сталкер"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Tom & Jerry", "Tom & Jerry"),
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("<![CDATA[Tom & Jerry &eacute;]]>", "Tom & Jerry &eacute;"),
        ("a&nbsp;b &lt;i&gt; &hellip;", "a\xa0b <i> …"),
        ("&#0; &#xD800; &#99999999;", "� � &#99999999;"),
        ("a &; b &", "a &; b &"),
    ],
)
def test_entities_of_html_and_lone_ampersands_are_understood(read: Read, written: str, title: str) -> None:
    found = read(f"<movie><title>{written}</title></movie>")

    assert found is not None
    assert found.title == title


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("94", 94), ("94 min", 94), ("94min.", 94), ("1h 34m", 94), ("2 hours 5 min", 125), ("2h", 120), ("", None), ("x", None), ("0", None), ("999999", None)],
)  # fmt: skip
def test_runtimes_are_minutes(read: Read, written: str, minutes: int | None) -> None:
    found = read(f"<movie><runtime>{written}</runtime></movie>")

    assert found is not None
    assert found.runtime_min == minutes


def test_ratings_of_the_old_form_are_read(read: Read) -> None:
    found = read("<movie><rating>7,5</rating><votes>1.234</votes></movie>")

    assert found is not None
    assert found.ratings == (Rating(value=7.5, votes=1234),)


@pytest.mark.parametrize("year", ["", "0", "99", "abcd", "1700", "2300"])
def test_years_that_cannot_be_are_not_believed(read: Read, year: str) -> None:
    found = read(f"<movie><year>{year}</year><premiered>0000-00-00</premiered></movie>")

    assert found is not None
    assert found.year is None


@pytest.mark.parametrize(
    "content", ["", " \n", "ASCII art ░▒▓ and no address", "\0" * 1000, "<html><body>x</body></html>"]
)
def test_a_file_that_says_nothing_about_a_film_is_none(read: Read, content: str) -> None:
    assert read(content) is None


def test_a_file_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_nfo(os.fsencode(tmp_path / "none.nfo")) is None
    assert read_nfo(b"/nul\0byte.nfo") is None


def test_broken_xml_still_gives_its_ids(read: Read) -> None:
    found = read(
        "<movie><title>The Matrix</title><year>1999</year><plot>a < b</plot>"
        '<uniqueid type="tmdb" default="true">603</uniqueid><uniqueid type="imdb">tt0133093</uniqueid><actor><name>Ke'
    )

    assert found == Nfo(kind=NfoKind.MOVIE, title="The Matrix", year=1999, tmdb_id=603, imdb_id="tt0133093")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<movie><title>x</movie>", "broken XML: mismatched tag"),
        ("<movie><title>x", "broken XML: "),
        ("<movie><!ENTITY x 'y'></movie>", "broken XML: "),
        ("<movie>" + "x" * (1 << 20), "larger than 1 MiB"),
    ],
)
def test_what_cannot_be_read_says_why(read: Read, content: str, reason: str) -> None:
    with pytest.raises(NfoUnreadable, match=reason):
        read(content)


def test_folders_and_pipes_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nfo")
    (tmp_path / "folder.nfo").mkdir()

    for name in ("pipe.nfo", "folder.nfo"):
        with pytest.raises(NfoUnreadable, match=r"not a regular file|is a directory"):
            read_nfo(os.fsencode(tmp_path / name))


def test_entity_bombs_do_not_go_off(read: Read) -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE movie [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
        "<movie><title>&c;</title><plot>&f;</plot><tmdbid>603</tmdbid></movie>"
    )

    found = read(bomb)

    assert found is not None
    assert (found.title, found.plot, found.tmdb_id) == (None, None, 603)


@pytest.mark.parametrize("end", ["</movie>", "<broken"])
def test_name_with_an_entity_that_nobody_knows_is_none_and_prose_keeps_it(read: Read, end: str) -> None:
    """The film was called ``&c;``."""
    text = (
        "<title>&cc;</title><originaltitle>Am&eacute;lie</originaltitle><plot>Jazz, R&B; soul</plot><genre>&Q1;</genre>"
    )
    found = read(f"<movie>{text}<tmdbid>603</tmdbid>{end}")
    assert found is not None
    assert (found.title, found.original_title, found.genres, found.tmdb_id) == (None, "Amélie", (), 603)
    assert found.plot in (None, "Jazz, R&B; soul")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("<movie>" + "<a>" * 100_000 + "</a>" * 100_000 + "</movie>", id="deep"),
        pytest.param("<movie>" + "<genre>x</genre>" * 60_000 + "</movie>", id="wide"),
        pytest.param("<movie><title>" + "<![CDATA[" * 100_000 + "</title></movie>", id="unclosed CDATA"),
        pytest.param("<movie>" + "<uniqueid type='" * 60_000, id="unclosed attributes"),
        pytest.param("<movie>" * 140_000, id="many roots"),
        pytest.param("<movie/>" * 130_000, id="many empty roots"),
        pytest.param("thetvdb.com/?" * 80_000, id="half addresses"),
        pytest.param("<movie>" + "&" * 1_000_000 + "</movie>", id="ampersands"),
        pytest.param("<movie><runtime>" + "1h " * 300_000 + "</runtime></movie>", id="hours"),
    ],
)
def test_a_mebibyte_of_anything_is_read_or_refused_in_a_moment(read: Read, content: str) -> None:
    started = time.process_time()
    with contextlib.suppress(NfoUnreadable):
        read(content[: 1 << 20])
    assert time.process_time() - started < 3


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(before=st.binary(max_size=60), inside=st.binary(max_size=200), cut=st.integers(0, len(MOVIE)))
def test_no_content_raises_anything_but_nfo_unreadable(read: Read, before: bytes, inside: bytes, cut: int) -> None:
    for content in (
        before,
        before + b"<movie>" + inside + b"</movie>",
        MOVIE[:cut].encode() + inside + MOVIE[cut:].encode(),
    ):
        with contextlib.suppress(NfoUnreadable):
            read(content)
