"""What one adds to what another says: it fills, and contradicts nothing."""

from revenge.content.metadata.combining import add
from revenge.content.metadata.models import IdProvider, ImageRef, ImageType, MovieDetails, Rating, Translation


def image(provider: str, source: str) -> ImageRef:
    return ImageRef(type=ImageType.POSTER, provider=provider, source=source)


FIRST = MovieDetails(
    provider="tmdb",
    title="Nosferatu",
    ids={IdProvider.TMDB: "653"},
    year=1922,
    genres=("Horror",),
    vote_average=7.7,
    ratings=(Rating(source="tmdb", value=7.7),),
    images=(image("tmdb", "/a.jpg"),),
    translations=(Translation(language="de", title="Nosferatu"),),
    certifications={"US": "PG"},
)


def test_what_is_missing_is_filled_and_what_is_said_stays() -> None:
    more = MovieDetails(
        provider="omdb", title="Nosferatu: A Symphony", ids={IdProvider.TMDB: "1", IdProvider.IMDB: "tt0013442"},
        year=1921, overview="A shadow.", genres=("Drama",), vote_average=1.0, popularity=3.0, runtime_min=94,
        certifications={"US": "R", "DE": "12"},
    )  # fmt: skip
    found = add(FIRST, more)
    assert (found.provider, found.title, found.year, found.genres) == ("tmdb", "Nosferatu", 1922, ("Horror",))
    assert (found.overview, found.runtime_min) == ("A shadow.", 94)
    assert found.ids == {IdProvider.TMDB: "653", IdProvider.IMDB: "tt0013442"}
    assert found.certifications == {"US": "PG", "DE": "12"}


def test_numbers_of_one_s_readers_are_not_another_s() -> None:
    bare = MovieDetails(provider="tmdb", title="X")
    more = MovieDetails(provider="tvmaze", title="X", vote_average=9.0, vote_count=3, popularity=1.0)
    assert add(bare, more) == bare


def test_lists_are_joined_each_thing_once_the_first_s_first() -> None:
    more = MovieDetails(
        provider="fanarttv", title="X", images=(image("tmdb", "/a.jpg"), image("fanarttv", "http://x/b.jpg")),
        ratings=(Rating(source="tmdb", value=1.0), Rating(source="imdb", value=7.9)),
        translations=(Translation(language="de", title="anders"), Translation(language="fr", title="Nosferatu")),
    )  # fmt: skip
    found = add(FIRST, more)
    assert [one.source for one in found.images] == ["/a.jpg", "http://x/b.jpg"]
    assert [(one.source, one.value) for one in found.ratings] == [("tmdb", 7.7), ("imdb", 7.9)]
    assert [(one.language, one.title) for one in found.translations] == [("de", "Nosferatu"), ("fr", "Nosferatu")]
