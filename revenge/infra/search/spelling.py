"""What a mistyped word may have been: words of titles and names that are one slip away, long ones two."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import asyncpg
from rapidfuzz.distance import OSA

from revenge.infra.search.folding import variants
from revenge.infra.search.statements import statements

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:  # asyncpg's classes are generic to the type checker alone
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy

SHORTEST = 4
"""Shorter words are one slip away from too many others; Typesense's number too."""
LONG = 7
"""From here on two slips are forgiven; Typesense's number too."""
MOST = 8
"""Words that one may stand for: the nearest."""


async def learn(conn: Connection, words: Iterable[str]) -> None:
    """Remember words; those that are known already cost next to nothing."""
    new = sorted({word for word in words if len(word) >= SHORTEST - 1})
    # Folded words are letters and digits alone, so that they need no quotes in an array's text.
    texts = ["{" + ",".join(sorted(variants(word))) + "}" for word in new]
    await conn.execute(statements()["word_put"], new, texts)


async def alike(pool: Pool, word: str, *, is_prefix: bool = False) -> Sequence[str]:
    """Return the known words that may be meant by ``word``, nearest first; with ``is_prefix`` it may go on."""
    if len(word) < SHORTEST:
        return ()
    rows = await pool.fetch(statements()["word_alike"], word, sorted(variants(word)), len(word) >= LONG)
    allowed = 2 if len(word) >= LONG else 1
    found: list[tuple[int, str]] = []
    for row in rows:
        other: str = row["word"]
        # Of a word that is still being typed the other's beginning counts.
        lengths = {len(other), len(word)} if is_prefix and len(other) > len(word) else {len(other)}
        distance = min(OSA.distance(word, other[:length], score_cutoff=allowed) for length in lengths)
        if distance <= allowed:
            found.append((distance, other))
    return [other for _, other in sorted(found)[:MOST]]
