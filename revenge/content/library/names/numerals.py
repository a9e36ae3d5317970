"""The words for numbers, seasons and episodes, in the languages that people name their files in."""

from __future__ import annotations

import re

from revenge.content.library.names.vocabulary import listed

SEASON = (
    "season|seasons|series|saison|staffel|temporada|temp|stagione|sezon|sezona|sezonas|seizoen|säsong|sasong|sæson|saeson|sesong|kausi|"
    "serie|série|seria|évad|evad|sezóna|sæsong|szezon|сезон|シーズン|tempada|hooaeg|sezóny|árstíð|se"
)
SEASON_BEHIND = "season|sezon|sezona|staffel|évad|evad|сезон|saison|temporada|stagione|kausi|sezóna|säsong|sæson|sesong|seizoen|série|serie"
EPISODE = (
    "episode|episodes|episódio|episodio|épisode|episod|epizod|epizoda|epizóda|epizode|ep|eps|folge|folgen|capítulo|capitulo|cap|"
    "odcinek|odc|afl|aflevering|avsnitt|afsnit|jakso|серия|серии|серія|серії|эпизод|díl|dil|bölüm|bolum|rész|puntata"
)
EPISODE_ALONE = (
    "episode|episodes|episódio|episodio|épisode|episod|epizod|epizoda|ep|eps|folge|capítulo|capitulo|odcinek|odc|afl|aflevering|"
    "avsnitt|afsnit|jakso|серия|серии|серія|эпизод|díl|rész|puntata"
)
EPISODE_BEHIND = "bölüm|bolum|blm|rész|серия|серія|díl|jakso|epizod"

_ONES = "one two three four five six seven eight nine ten eleven twelve"
_GERMAN = "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf"
_ROMAN = "i ii iii iv v vi vii viii ix x xi xii"
NUMBER_WORDS: dict[str, int] = {
    word: value for words in (_ONES, _GERMAN, _ROMAN) for value, word in enumerate(words.split(), start=1)
}
ORDINALS: dict[str, int] = {
    word: value
    for words in (
        "first second third fourth fifth sixth seventh eighth ninth tenth",
        "1st 2nd 3rd 4th 5th 6th 7th 8th 9th 10th",
    )
    for value, word in enumerate(words.split(), start=1)
}

SEASON_WORDS = frozenset(f"{SEASON}|{SEASON_BEHIND}|s".split("|"))
EPISODE_WORDS = frozenset(f"{EPISODE}|{EPISODE_ALONE}|{EPISODE_BEHIND}|e|x|cap".split("|"))
PART_WORDS = listed("part, pt, parte, partie, teil, deel, часть, episode, of")

NUMBER_WORD = "|".join(sorted(NUMBER_WORDS, key=len, reverse=True))
ORDINAL = "|".join(sorted(ORDINALS, key=len, reverse=True))

_DIGITS = re.compile(r"[0-9]{1,5}$")


def number(text: str) -> int | None:
    """Give the value of digits or of a number word, or ``None``."""
    if _DIGITS.match(text):
        return int(text)
    return NUMBER_WORDS.get(text)
