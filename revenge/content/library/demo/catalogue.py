"""Titles for the demo library: films whose copyright has run out or whose age is their charm, and invented ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Film:
    """A film by name; ids are the real ones, given where the demo shows them."""

    title: str
    year: int
    tmdb_id: int | None = None
    imdb_id: str | None = None

    @property
    def file_title(self) -> str:
        """The title without what some file systems refuse."""
        return self.title.replace(":", " -").replace("/", "-")

    @property
    def named(self) -> str:
        """``Title (Year)``."""
        return f"{self.file_title} ({self.year})"

    @property
    def dotted(self) -> str:
        """``Title.Year`` as releases write it."""
        kept = "".join(
            letter if letter.isalnum() else " " for letter in self.title.replace("'", "").replace("&", "and")
        )
        return ".".join([*kept.split(), str(self.year)])


# These have what the demo shows once each; the others fill it up.
NOSFERATU: Final = Film("Nosferatu", 1922, 653, "tt0013442")
METROPOLIS: Final = Film("Metropolis", 1927, 19, "tt0017136")
THE_GENERAL: Final = Film("The General", 1926, 961, "tt0017925")
CALIGARI: Final = Film("The Cabinet of Dr. Caligari", 1920, 234, "tt0010323")
LIVING_DEAD: Final = Film("Night of the Living Dead", 1968, 10331, "tt0063350")
HIS_GIRL_FRIDAY: Final = Film("His Girl Friday", 1940, 3085, "tt0032599")
CHARADE: Final = Film("Charade", 1963, 4808, "tt0056923")
MOON: Final = Film("Le Voyage dans la Lune", 1902, 775, "tt0000417")
POTEMKIN: Final = Film("Броненосец Потёмкин", 1925, 643, "tt0015648")
GOLD_RUSH: Final = Film("The Gold Rush", 1925, 962, "tt0015864")
SHERLOCK_JR: Final = Film("Sherlock Jr.", 1924, 992, "tt0015324")
MABUSE: Final = Film("Dr. Mabuse, der Spieler", 1922)
NIBELUNGEN: Final = Film("Die Nibelungen", 1924)
GREED: Final = Film("Greed", 1924)
WINGS: Final = Film("Wings", 1927)
SUNRISE: Final = Film("Sunrise", 1927)

CLASSICS: Final = tuple(
    Film(title, year)
    for title, year in (
        ("It", 1927), ("M", 1931), ("D.O.A.", 1949), ("The 39 Steps", 1935), ("Plan 9 from Outer Space", 1957),
        ("Häxan", 1922), ("Die Büchse der Pandora", 1929), ("Стачка", 1925), ("神女", 1934), ("雄呂血", 1925),
        ("The Great Train Robbery", 1903), ("The Impossible Voyage", 1904), ("Cabiria", 1914), ("Intolerance", 1916),
        ("The Immigrant", 1917), ("Broken Blossoms", 1919), ("Way Down East", 1920), ("The Mark of Zorro", 1920),
        ("One Week", 1920), ("The Kid", 1921), ("The Phantom Carriage", 1921), ("The Sheik", 1921),
        ("Nanook of the North", 1922), ("Safety Last!", 1923), ("Our Hospitality", 1923),
        ("The Hunchback of Notre Dame", 1923), ("The Thief of Bagdad", 1924), ("The Last Laugh", 1924),
        ("The Navigator", 1924), ("Aelita", 1924), ("The Phantom of the Opera", 1925), ("The Lost World", 1925),
        ("Seven Chances", 1925), ("The Freshman", 1925), ("Faust", 1926), ("The Son of the Sheik", 1926),
        ("The Jazz Singer", 1927), ("The Lodger", 1927), ("Berlin: Symphony of a Great City", 1927),
        ("College", 1927), ("The Passion of Joan of Arc", 1928), ("Steamboat Bill, Jr.", 1928), ("The Circus", 1928),
        ("The Man Who Laughs", 1928), ("Man with a Movie Camera", 1929), ("Un Chien Andalou", 1929),
        ("Blackmail", 1929), ("Vampyr", 1932), ("White Zombie", 1932), ("The Most Dangerous Game", 1932),
        ("The Vampire Bat", 1933), ("My Man Godfrey", 1936), ("Reefer Madness", 1936), ("Nothing Sacred", 1937),
        ("A Star Is Born", 1937), ("Meet John Doe", 1941), ("Detour", 1945), ("Scarlet Street", 1945),
        ("The Stranger", 1946), ("The Hitch-Hiker", 1953), ("Beat the Devil", 1953), ("House on Haunted Hill", 1959),
        ("The Little Shop of Horrors", 1960), ("Carnival of Souls", 1962), ("The Last Man on Earth", 1964),
        ("Dr. Jekyll and Mr. Hyde", 1920), ("The Golem", 1920), ("Foolish Wives", 1922), ("Robin Hood", 1922),
        ("The Toll of the Sea", 1922), ("A Woman of Paris", 1923), ("Ballet Mécanique", 1924),
        ("The Big Parade", 1925), ("The Merry Widow", 1925), ("Flesh and the Devil", 1926), ("The Black Pirate", 1926),
        ("Napoléon", 1927), ("The Unknown", 1927), ("The Cat and the Canary", 1927), ("Underworld", 1927),
        ("The Cameraman", 1928), ("Lonesome", 1928), ("The Docks of New York", 1928), ("Spione", 1928),
        ("L'Argent", 1928), ("Arsenal", 1929), ("Diary of a Lost Girl", 1929), ("Земля", 1930), ("L'Âge d'or", 1930),
        ("The Man Who Knew Too Much", 1934), ("Of Human Bondage", 1934), ("Sabotage", 1936),
        ("Young and Innocent", 1937), ("The Lady Vanishes", 1938), ("Gulliver's Travels", 1939),
        ("The Little Princess", 1939), ("The Devil Bat", 1940), ("Penny Serenade", 1941), ("The Red House", 1947),
        ("Too Late for Tears", 1949), ("Quicksand", 1950), ("Suddenly", 1954), ("Indestructible Man", 1956),
        ("The Bat", 1959), ("Last Woman on Earth", 1960), ("Dementia 13", 1963), ("Horror Express", 1972),
    )
)  # fmt: skip

INVENTED: Final = tuple(
    Film(title, year)
    for title, year in (
        ("2047", 2021), ("Zeppelin over Lübeck", 2018), ("The Lamplighter's Daughter", 2019), ("Orchard of Glass", 2016),
        ("Twelve Quiet Mondays", 2022), ("Salt & Cinder", 2020), ("Night Ferry to Aalborg", 2014),
        ("Nine Kinds of Rain", 2017), ("The Clockmaker's Alibi", 2012), ("Postcards from Ceres", 2023),
        ("A Small Parliament of Owls", 2015), ("Copper Sun, Tin Moon", 2011), ("Where the Map Ends", 2013),
        ("The Understudy of Prague", 2010), ("Snowfall Protocol", 2024), ("Marzipan Heist", 2021),
        ("Lighthouse Keepers Don't Dance", 2018), ("The Beekeeper's Arithmetic", 2020), ("Eleven Steps Down", 2009),
        ("The Tin Astronomer", 2022), ("Slow Train to Yesterday", 2008), ("Harbour Lights, Out", 2016),
        ("(Almost) Everybody Is Right", 2019), ("Real Paper", 2023), ("1899 Kilometres", 2017),
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Show:
    """An invented series: its seasons' lengths and names for its episodes."""

    title: str
    year: int
    episodes: tuple[int, ...]


SHOWS: Final = (
    Show("The Tram Depot", 2019, (6, 8)),
    Show("Kommissarin Öztürk", 2015, (6, 6, 4)),
    Show("Small Hours", 2021, (8,)),
    Show("Letters to Nobody", 2012, (5, 5)),
    Show("Ganymede Station", 2023, (7,)),
)

EPISODE_TITLES: Final = (
    "Pilot", "The Wrong Platform", "Rain Check", "A Visitor", "Lost Property", "The Night Shift", "Old Friends",
    "One of Us", "The Long Way Home", "Signal Failure", "What the Neighbours Heard", "Ash Wednesday", "Replacement",
    "The Second Key", "Half Past Nothing", "Farewell",
)  # fmt: skip
