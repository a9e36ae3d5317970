"""What providers say is written once, kept where it is the same, and never taken away by mistake."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from revenge.content.metadata.errors import EntityGone
from revenge.content.metadata.merging import merge_entities
from revenge.content.metadata.models import (
    CollectionRef,
    Credit,
    CreditType,
    EntityKind,
    IdProvider,
    ImageRef,
    ImageType,
    MovieDetails,
    PersonRef,
    Rating,
    Translation,
)
from revenge.content.metadata.repository import EntityRepository, Written
from revenge.content.metadata.rows import Description

ENTITIES = EntityRepository()
FILM = MovieDetails(
    provider="tmdb",
    ids={IdProvider.TMDB: "603", IdProvider.IMDB: "tt0133093"},
    title="The Matrix",
    translations=(Translation(language="de", title="Matrix"), Translation(language="fr", title="La Matrice")),
    genres=("Action", "Science Fiction"),
    ratings=(Rating(source="tmdb", value=8.2, votes=24_000),),
    certifications={"US": "R", "DE": "16"},
    images=(
        ImageRef(type=ImageType.POSTER, provider="tmdb", source="/a.jpg"),
        ImageRef(type=ImageType.POSTER, provider="tmdb", source="/b.jpg"),
        ImageRef(type=ImageType.BACKDROP, provider="tmdb", source="/c.jpg"),
    ),
    credits=(
        Credit(
            person=PersonRef(
                name="Keanu Reeves",
                ids={IdProvider.TMDB: "6384"},
                image=ImageRef(type=ImageType.PROFILE, provider="tmdb", source="/k.jpg"),
            ),
            type=CreditType.CAST,
            character="Neo",
        ),
        Credit(
            person=PersonRef(name="Lana Wachowski", ids={IdProvider.TMDB: "9340"}), type=CreditType.CREW, job="Director"
        ),
        Credit(
            person=PersonRef(name="Lana Wachowski", ids={IdProvider.TMDB: "9340"}), type=CreditType.CREW, job="Writer"
        ),
    ),
    collection=CollectionRef(name="The Matrix Collection", ids={IdProvider.TMDB: "2344"}),
)
CHILDREN = ("external_id", "translation", "entity_genre", "rating", "certification", "image", "credit")


async def make_film(conn: Any, title: str = "The Matrix") -> UUID:
    film_id = uuid7()
    await ENTITIES.create(conn, EntityKind.MOVIE, [film_id])
    await conn.execute("INSERT INTO revenge.movie (id, title) VALUES ($1, $2)", film_id, title)
    return film_id


async def describe(conn: Any, film_id: UUID, details: MovieDetails = FILM, *, partial: bool = False) -> Written:
    async with conn.transaction():
        return await ENTITIES.describe(
            conn, [Description(entity_id=film_id, kind=EntityKind.MOVIE, details=details, partial=partial)]
        )


async def rows_of(conn: Any, film_id: UUID) -> dict[str, Sequence[tuple[Any, ...]]]:
    return {
        table: [
            tuple(row)
            for row in await conn.fetch(f"SELECT * FROM revenge.{table} WHERE entity_id = $1 ORDER BY 1, 2", film_id)
        ]
        for table in CHILDREN
    }


async def test_all_that_is_said_of_a_film_is_there(conn: Any) -> None:
    film_id = await make_film(conn)
    written = await describe(conn, film_id)
    rows = await rows_of(conn, film_id)
    assert {table: len(found) for table, found in rows.items()} == {
        "external_id": 2, "translation": 2, "entity_genre": 2, "rating": 1, "certification": 2, "image": 3, "credit": 3,
    }  # fmt: skip
    assert await conn.fetchval("SELECT name FROM revenge.collection WHERE id = $1", written.collections[film_id]) == (
        "The Matrix Collection"
    )
    people = await conn.fetch("SELECT id, name FROM revenge.person ORDER BY name")
    assert [row["name"] for row in people] == ["Keanu Reeves", "Lana Wachowski"]
    assert written.people == {row["id"] for row in people}
    assert written.clashes == []


async def test_a_second_refresh_keeps_credits_pictures_and_their_ids(conn: Any) -> None:  # W29
    film_id = await make_film(conn)
    await describe(conn, film_id)
    digest = "0" * 64
    await conn.execute("INSERT INTO revenge.image_blob VALUES ($1, 'image/png', 1, 1, 1)", digest)
    await conn.execute("UPDATE revenge.image SET hash = $1, fetched_at = now() WHERE source = '/a.jpg'", digest)
    before = await rows_of(conn, film_id)
    written = await describe(conn, film_id)
    assert await rows_of(conn, film_id) == before
    assert written.people == frozenset()


async def test_what_is_gone_goes_and_what_changed_changes(conn: Any) -> None:
    film_id = await make_film(conn)
    await describe(conn, film_id)
    kept = await conn.fetchval("SELECT id FROM revenge.image WHERE source = '/b.jpg'")
    changed = replace(
        FILM,
        translations=FILM.translations[:1],
        genres=("Science Fiction",),
        certifications={"US": "PG-13"},
        images=(FILM.images[1],),
        credits=(replace(FILM.credits[1], department="Directing"),),
    )
    written = await describe(conn, film_id, changed)
    rows = await rows_of(conn, film_id)
    assert {table: len(found) for table, found in rows.items() if table in {"translation", "entity_genre", "image", "credit"}} == {
        "translation": 1, "entity_genre": 1, "image": 1, "credit": 1,
    }  # fmt: skip
    assert await conn.fetchrow("SELECT id, position FROM revenge.image WHERE entity_id = $1", film_id) == (kept, 0)
    assert await conn.fetchval("SELECT value FROM revenge.certification") == "PG-13"
    assert await conn.fetchval("SELECT department FROM revenge.credit") == "Directing"
    assert len(written.people) == 2


async def test_an_answer_that_lacks_something_takes_nothing_away(conn: Any) -> None:  # W29, W35
    film_id = await make_film(conn)
    await describe(conn, film_id)
    before = await rows_of(conn, film_id)
    await describe(conn, film_id, MovieDetails(provider="omdb", title="The Matrix"))
    assert await rows_of(conn, film_id) == before


async def test_a_partial_description_adds_and_takes_nothing_back(conn: Any) -> None:
    film_id = await make_film(conn)
    await describe(conn, film_id)
    more = MovieDetails(
        provider="fanarttv",
        title="The Matrix",
        ratings=(Rating(source="metacritic", value=73),),
        images=(ImageRef(type=ImageType.POSTER, provider="fanarttv", source="/f.jpg"),),
        credits=(Credit(person=PersonRef(name="Carrie-Anne Moss"), type=CreditType.CAST, character="Trinity"),),
    )
    await describe(conn, film_id, more, partial=True)
    sources = await conn.fetch("SELECT source FROM revenge.rating ORDER BY 1")
    posters = await conn.fetch("SELECT source FROM revenge.image WHERE type = 'poster' ORDER BY position")
    assert [row[0] for row in sources] == ["metacritic", "tmdb"]
    assert [row[0] for row in posters] == ["/a.jpg", "/b.jpg", "/f.jpg"]
    assert await conn.fetchval("SELECT count(*) FROM revenge.credit") == 4


async def test_pictures_of_a_provider_that_did_not_answer_stay(conn: Any) -> None:
    film_id = await make_film(conn)
    await describe(
        conn,
        film_id,
        replace(FILM, images=(*FILM.images, ImageRef(type=ImageType.LOGO, provider="fanarttv", source="/l.png"))),
    )
    await describe(conn, film_id)
    assert await conn.fetchval("SELECT count(*) FROM revenge.image WHERE provider = 'fanarttv'") == 1


async def test_a_wrong_row_undoes_all_of_it(conn: Any) -> None:  # W35: nothing is swallowed, nothing is half there
    film_id = await make_film(conn)
    await describe(conn, film_id)
    before = await rows_of(conn, film_id)
    without_credits = Description(entity_id=film_id, kind=EntityKind.MOVIE, details=replace(FILM, genres=("Drama",)))
    missing = Description(entity_id=uuid7(), kind=EntityKind.MOVIE, details=FILM)

    async def write() -> None:
        async with conn.transaction():
            await ENTITIES.describe(conn, [without_credits])
            await ENTITIES.describe(conn, [missing])

    with pytest.raises(EntityGone):
        await write()
    assert await rows_of(conn, film_id) == before


@pytest.mark.parametrize("size", [1, 40])
async def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(conn: Any, size: int) -> None:
    films = [await make_film(conn, f"Film {number}") for number in range(size)]
    descriptions = [
        Description(
            entity_id=film_id,
            kind=EntityKind.MOVIE,
            details=replace(
                FILM,
                ids={IdProvider.TMDB: str(number)},
                credits=tuple(
                    Credit(
                        person=PersonRef(name=f"P{number}-{at}", ids={IdProvider.TMDB: f"{number}-{at}"}),
                        type=CreditType.CAST,
                        character="x",
                    )
                    for at in range(size)
                ),
            ),
        )
        for number, film_id in enumerate(films)
    ]
    asked: list[str] = []
    conn.add_query_logger(lambda record: asked.append(record.query))
    async with conn.transaction():
        await ENTITIES.describe(conn, descriptions)
    assert len([query for query in asked if "revenge" in query]) == 21
    assert await conn.fetchval("SELECT count(*) FROM revenge.credit") == size * size


async def test_a_person_is_one_in_all_films(conn: Any) -> None:
    first, second = await make_film(conn), await make_film(conn)
    await describe(conn, first)
    await describe(conn, second, replace(FILM, ids={IdProvider.TMDB: "604"}))
    assert await conn.fetchval("SELECT count(*) FROM revenge.person") == 2
    assert await conn.fetchval("SELECT count(*) FROM revenge.collection") == 1


async def test_people_without_ids_are_known_by_name_and_by_whom_the_film_names(conn: Any) -> None:
    first, second = await make_film(conn), await make_film(conn)
    nameless = replace(
        FILM,
        provider="nfo",
        ids={},
        credits=(Credit(person=PersonRef(name="KEANU  Reeves"), type=CreditType.CAST, character="Neo"),),
    )
    await describe(conn, first)
    await describe(conn, first, nameless)
    await describe(conn, second, nameless)
    await describe(conn, second, nameless)
    rows = await conn.fetch("SELECT name, local_key FROM revenge.person ORDER BY name")
    assert [tuple(row) for row in rows] == [
        ("KEANU Reeves", "keanureeves"), ("Keanu Reeves", None), ("Lana Wachowski", None),
    ]  # fmt: skip


async def test_an_id_that_another_has_is_told_and_left_there(conn: Any) -> None:
    first, second = await make_film(conn), await make_film(conn)
    await describe(conn, first)
    written = await describe(conn, second, replace(FILM, ids={**FILM.ids, IdProvider.WIKIDATA: "Q83495"}))
    assert {(clash.entity_id, clash.holder_id, clash.provider) for clash in written.clashes} == {
        (second, first, "tmdb"), (second, first, "imdb"),
    }  # fmt: skip
    assert await ENTITIES.ids_of(conn, [second]) == {second: {IdProvider.WIKIDATA: "Q83495"}}
    assert await ENTITIES.find_many(
        conn, EntityKind.MOVIE, [{IdProvider.WIKIDATA: "Q83495", IdProvider.TMDB: "603"}, {IdProvider.TMDB: "1"}]
    ) == [(first, second), ()]


async def test_what_strangers_write_is_made_fit(conn: Any) -> None:
    film_id = await make_film(conn)
    details = MovieDetails(
        provider="tmdb",
        ids={IdProvider.TMDB: "1", IdProvider.IMDB: "x" * 101, IdProvider.TVDB: ""},
        title="x",
        translations=(Translation(language="de", title="a\0b\ud800"), Translation(language="", title="?")),
        genres=("A\0", "a", "  ", "!"),
        ratings=(
            Rating(source="x", value=float("nan")),
            Rating(source="y", value=1e9),
            Rating(source="z", value=1, votes=2**40),
        ),
        certifications={"": "x", "US": "\0"},
        images=(ImageRef(type=ImageType.POSTER, provider="tmdb", source="\0"),),
        credits=(
            Credit(person=PersonRef(name="\0"), type=CreditType.CAST),
            Credit(person=PersonRef(name="P" * 600), type=CreditType.CAST, character="c\0" * 600),
        ),
    )
    await describe(conn, film_id, details)
    found = {table: len(rows) for table, rows in (await rows_of(conn, film_id)).items()}
    assert found == {
        "external_id": 1, "translation": 1, "entity_genre": 1, "rating": 1, "certification": 0, "image": 0, "credit": 1,
    }  # fmt: skip


async def test_one_that_does_not_exist_is_named(conn: Any) -> None:
    missing = uuid7()
    with pytest.raises(EntityGone) as gone:
        await describe(conn, missing)
    assert gone.value.entity_ids == {missing}


async def test_writers_of_the_same_people_and_genres_at_once_end_with_one_of_each(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as conn:
        films = [await make_film(conn) for _ in range(8)]

    async def write(number: int, film_id: UUID) -> None:
        details = replace(
            FILM,
            ids={IdProvider.TMDB: str(number)},
            genres=tuple(f"G{(at * (number + 1)) % 7}" for at in range(7)),
            credits=tuple(
                Credit(
                    person=PersonRef(name=f"P{at}", ids={IdProvider.TMDB: str(at)} if at % 2 else {}),
                    type=CreditType.CAST,
                )
                for at in (range(60) if number % 2 else reversed(range(60)))
            ),
        )
        async with pool.acquire() as conn:
            await describe(conn, film_id, details)

    await asyncio.gather(*(write(number, film_id) for number, film_id in enumerate(films)))
    async with pool.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM revenge.person") == 60
        assert await conn.fetchval("SELECT count(*) FROM revenge.entity WHERE kind = 'person'") == 60
        assert await conn.fetchval("SELECT count(*) FROM revenge.credit") == 480
        assert await conn.fetchval("SELECT count(*) FROM revenge.collection") == 1


async def test_merging_moves_what_others_have_to_do_with_it(conn: Any) -> None:
    keep, gone = await make_film(conn), await make_film(conn)
    await describe(conn, keep, MovieDetails(provider="tmdb", title="x", ids={IdProvider.TMDB: "603"}))
    await describe(conn, gone, replace(FILM, ids={IdProvider.IMDB: "tt0133093", IdProvider.TMDB: "9"}))
    library, item, accounts = uuid7(), uuid7(), [uuid7(), uuid7()]
    await conn.execute("INSERT INTO revenge.library (id, name, type) VALUES ($1, 'Films', 'movie')", library)
    await conn.execute(
        "INSERT INTO revenge.library_item (id, library_id, kind, key, title, movie_id) VALUES ($1, $2, 'movie', 'k', 't', $3)",
        item, library, gone,
    )  # fmt: skip
    await conn.execute(
        "INSERT INTO revenge.match_choice (library_id, item_key, entity_id) VALUES ($1, 'k', $2)", library, gone
    )
    for number, account in enumerate(accounts):
        await conn.execute("INSERT INTO revenge.account (id, username) VALUES ($1, $2)", account, str(number))
    watched = "INSERT INTO revenge.watched (account_id, entity_id, position_s, play_count, last_watched_at, is_completed) VALUES ($1, $2, $3, $4, $5::text::timestamptz, $6)"
    await conn.execute(watched, accounts[0], keep, 10, 1, "2026-01-01Z", True)
    await conn.execute(watched, accounts[0], gone, 20, 2, "2026-02-01Z", False)
    await conn.execute(watched, accounts[1], gone, 30, 1, "2026-02-01Z", False)
    async with conn.transaction():
        await merge_entities(conn, {gone: keep})
    assert await ENTITIES.ids_of(conn, [keep]) == {keep: {IdProvider.TMDB: "603", IdProvider.IMDB: "tt0133093"}}
    assert await conn.fetchval("SELECT movie_id FROM revenge.library_item") == keep
    assert await conn.fetchval("SELECT entity_id FROM revenge.match_choice") == keep
    rows = await conn.fetch(
        "SELECT entity_id, position_s, play_count, is_completed FROM revenge.watched ORDER BY position_s"
    )
    assert [tuple(row) for row in rows] == [(keep, 20, 3, True), (keep, 30, 1, False)]
    assert await conn.fetchval("SELECT count(*) FROM revenge.credit WHERE entity_id = $1", keep) == 3
    assert await conn.fetchval("SELECT count(*) FROM revenge.movie") == 1


async def test_merging_people_leaves_each_credit_once(conn: Any) -> None:
    film_id = await make_film(conn)
    twice = tuple(
        Credit(person=PersonRef(name=name, ids={IdProvider.TMDB: name}), type=CreditType.CAST, character="Neo")
        for name in ("a", "b", "c")
    )
    await describe(conn, film_id, replace(FILM, credits=twice))
    ids = [row[0] for row in await conn.fetch("SELECT id FROM revenge.person ORDER BY name")]
    async with conn.transaction():
        await merge_entities(conn, {ids[1]: ids[0], ids[2]: ids[0]})
    assert [row[0] for row in await conn.fetch("SELECT person_id FROM revenge.credit")] == [ids[0]]


async def test_nothing_is_merged_into_what_goes(conn: Any) -> None:
    keep, gone = await make_film(conn), await make_film(conn)
    with pytest.raises(ValueError, match="must stay"):
        await merge_entities(conn, {gone: keep, keep: gone})
    with pytest.raises(EntityGone):
        await merge_entities(conn, {gone: uuid7()})


async def test_a_deleted_film_blocks_nothing(conn: Any) -> None:  # W28
    film_id = await make_film(conn)
    await describe(conn, film_id)
    assert await ENTITIES.delete(conn, [film_id]) == {film_id}
    again = await make_film(conn)
    assert (await describe(conn, again)).clashes == []
    assert await conn.fetchval("SELECT count(*) FROM revenge.credit") == 3
