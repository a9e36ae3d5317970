"""The tree of the demo's films: every habit of naming and keeping files that people have, at least once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from revenge.content.library.demo import catalogue as films
from revenge.content.library.demo.catalogue import CLASSICS, INVENTED, Film
from revenge.content.library.demo.plan import (
    ACADEMY,
    ENGLISH_GERMAN,
    FULL_HD,
    FULL_HD_HEVC,
    FULL_HD_SCOPE,
    HD,
    HD_VP9,
    LOSSLESS,
    PAL,
    REELS,
    SD,
    STEREO,
    SUBTITLED,
    SURROUND,
    THREE_LANGUAGES,
    UHD_DOLBY,
    UHD_HDR10,
    UHD_HLG,
    DemoFile,
    broken,
    garbage,
    movie_nfo,
    other,
    srt,
    truncated,
    unfinished,
    video,
)
from revenge.content.library.demo.video import Sound

_MP2 = (Sound(codec="mp2", language="eng"),)
_MP3 = (Sound(codec="mp3"),)
_AC3 = (Sound(codec="ac3", channels=6, language="eng"), Sound(codec="ac3", language="ger"))


def movie_files() -> Iterator[DemoFile]:
    """Yield the files of the library without end: the showpieces, the plain films, then newsreels."""
    yield from _versions_and_ids()
    yield from _broken()
    yield from _stacks_and_discs()
    yield from _extras()
    yield from _hidden_and_unfinished()
    yield from _uhd()
    for number, film in enumerate(INVENTED[5:]):
        yield from _release(number, film)
    for number, film in enumerate(CLASSICS):
        yield from _classic(number, film)
    for number in count(1):
        name = f"Newsreel No. {number} ({1920 + number % 30})"
        yield video(f"Newsreels/{name}.avi", SD, audio=_MP3, title=name)


def _versions_and_ids() -> Iterator[DemoFile]:
    folder = films.NOSFERATU.named
    yield video(
        f"{folder}/{folder} - 1080p.mkv", ACADEMY, audio=LOSSLESS, subtitles=SUBTITLED, chapters=REELS, cover=True
    )
    yield video(f"{folder}/{folder} - 720p.mp4", HD, audio=ENGLISH_GERMAN, title="Nosferatu")
    yield video(f"{folder}/{folder} - 4K.mkv", UHD_HDR10, audio=THREE_LANGUAGES, subtitles=SUBTITLED, fonts=2)
    yield movie_nfo(f"{folder}/movie.nfo", films.NOSFERATU)

    folder = f"{films.METROPOLIS.named} {{tmdb-{films.METROPOLIS.tmdb_id}}}"
    yield video(
        f"{folder}/{folder} {{edition-Restored}}.mkv", FULL_HD, audio=SURROUND, subtitles=SUBTITLED, chapters=REELS
    )
    yield video(f"{folder}/{folder} {{edition-Theatrical Cut}}.mp4", HD, audio=ENGLISH_GERMAN)

    folder = f"{films.THE_GENERAL.named} [imdbid-{films.THE_GENERAL.imdb_id}]"
    yield video(f"{folder}/{films.THE_GENERAL.named}.mkv", ACADEMY, audio=SURROUND)
    yield srt(f"{folder}/{films.THE_GENERAL.named}.en.srt")
    yield srt(f"{folder}/{films.THE_GENERAL.named}.de.forced.srt")

    folder = f"{films.CALIGARI.named} [tmdbid={films.CALIGARI.tmdb_id}]"
    yield video(f"{folder}/{films.CALIGARI.named}.m4v", HD, audio=(Sound(codec="eac3", channels=6, language="ger"),))

    folder = films.MOON.named
    yield video(f"{folder}/{folder}.mkv", ACADEMY, subtitles=SUBTITLED[:1])
    yield movie_nfo(f"{folder}/{folder}.nfo", films.MOON)
    yield video(f"{films.POTEMKIN.named}/{films.POTEMKIN.named}.mkv", HD, audio=(Sound(language="rus", default=True),))
    yield other(
        f"{films.POTEMKIN.named}/{films.POTEMKIN.named}.nfo",
        f"https://www.themoviedb.org/movie/{films.POTEMKIN.tmdb_id}-battleship-potemkin\n",
    )


def _broken() -> Iterator[DemoFile]:
    yield truncated(f"{films.GREED.named}/{films.GREED.named}.mkv", FULL_HD, kept=0.4)
    yield truncated(f"{films.WINGS.named}/{films.WINGS.named}.mp4", HD, kept=0.6)
    yield broken("Downloads/The.Sheik.1921.480p.DVDRip.XviD-DEMO.avi", b"")
    yield garbage("Downloads/Orphans of the Storm (1921).mkv", 40_000)
    yield broken("Downloads/Seventh Heaven (1927).mp4", b"This is a text that somebody gave the wrong name.\n" * 40)
    yield broken("Downloads/The Crowd (1928).mkv", b"\0" * 30_000)
    yield broken("Downloads/The Wind (1928).avi", b"<!DOCTYPE html><html><body>404: no such file</body></html>\n")


def _stacks_and_discs() -> Iterator[DemoFile]:
    folder = films.MABUSE.named
    for number in (1, 2):
        yield video(f"{folder}/{folder} cd{number}.avi", SD, audio=_MP3)
    folder = films.NIBELUNGEN.named
    for number in (1, 2):
        yield video(f"{folder}/{folder} - part{number}.mkv", HD, audio=(Sound(language="ger"),))

    folder = f"{films.SUNRISE.named}/BDMV"
    yield other(f"{folder}/index.bdmv", b"INDX0200" + bytes(112))
    yield other(f"{folder}/MovieObject.bdmv", b"MOBJ0200" + bytes(112))
    yield other(f"{folder}/PLAYLIST/00000.mpls", b"MPLS0200" + bytes(112))
    yield video(f"{folder}/STREAM/00000.m2ts", FULL_HD, audio=_AC3)
    yield video(f"{folder}/STREAM/00001.m2ts", FULL_HD, audio=_AC3[:1])

    folder = f"{films.GOLD_RUSH.named}/VIDEO_TS"
    yield other(f"{folder}/VIDEO_TS.IFO", b"DVDVIDEO-VMG" + bytes(500))
    yield other(f"{folder}/VTS_01_0.IFO", b"DVDVIDEO-VTS" + bytes(500))
    for number in (1, 2):
        yield video(f"{folder}/VTS_01_{number}.VOB", PAL, audio=_AC3)


def _extras() -> Iterator[DemoFile]:
    folder = films.HIS_GIRL_FRIDAY.named
    yield video(f"{folder}/{folder}.mkv", ACADEMY, audio=SURROUND, subtitles=SUBTITLED, chapters=REELS)
    yield video(f"{folder}/{folder}-trailer.mp4", SD)
    yield video(f"{folder}/Featurettes/Fast Talk.mkv", HD)
    yield video(f"{folder}/Behind The Scenes/On the Set.mkv", HD)

    folder = films.CHARADE.named
    yield video(f"{folder}/{folder}.mkv", FULL_HD, audio=ENGLISH_GERMAN, chapters=REELS)
    yield video(f"{folder}/trailers/Theatrical Trailer.mp4", SD)
    yield video(f"{folder}/extras/Paris Then and Now.mkv", HD)
    yield movie_nfo(f"{folder}/{folder}.nfo", films.CHARADE)

    folder = f"{films.LIVING_DEAD.dotted}.1080p.BluRay.x264-DEMO"
    yield video(f"{folder}/{folder}.mkv", FULL_HD, audio=SURROUND)
    yield video(f"{folder}/Sample/{folder.lower()}-sample.mkv", FULL_HD)
    yield other(f"{folder}/{folder.lower()}.nfo", f"iMDB: https://www.imdb.com/title/{films.LIVING_DEAD.imdb_id}/\r\n")


def _hidden_and_unfinished() -> Iterator[DemoFile]:
    yield other("Private/.nomedia", "")
    yield video("Private/Birthday 2023.mp4", HD)
    yield video(".Trash-1000/files/The Bat (1926).mkv", HD)
    yield video(".preview.mp4", SD)
    yield unfinished("Downloads/Faust.1926.1080p.WEB-DL.H264-DEMO.mkv.part", FULL_HD)
    yield unfinished("Downloads/The Lodger (1927).mp4.crdownload", HD)
    yield unfinished("Downloads/Blackmail (1929).mkv.!qB", HD)


def _uhd() -> Iterator[DemoFile]:
    hdr, dolby, hlg, hevc, scope = INVENTED[:5]
    name = f"{hdr.dotted}.2160p.UHD.BluRay.HDR10.x265-DEMO"
    yield video(f"{name}/{name}.mkv", UHD_HDR10, audio=LOSSLESS, subtitles=SUBTITLED, chapters=REELS)
    name = f"{dolby.dotted}.2160p.WEB-DL.DV.HEVC-DEMO"
    yield video(f"{name}/{name}.mp4", UHD_DOLBY, audio=SURROUND)
    yield video(f"{hlg.named}/{hlg.named} - 2160p HLG.mkv", UHD_HLG, audio=THREE_LANGUAGES)
    yield video(f"{hevc.named}/{hevc.named} - 1080p.mkv", FULL_HD_HEVC, audio=THREE_LANGUAGES)
    yield video(f"{hevc.named}/{hevc.named} - 4K.mkv", UHD_DOLBY, audio=LOSSLESS, subtitles=SUBTITLED)
    yield video(f"{scope.named}/{scope.named}.mkv", FULL_HD_SCOPE, audio=ENGLISH_GERMAN, subtitles=SUBTITLED)


def _classic(number: int, film: Film) -> Iterator[DemoFile]:
    """Keep an old film as one of its owners would; the number chooses the owner."""
    name, decade = film.named, f"{film.year // 10}0s"
    match number % 10:
        case 0 | 5:
            yield video(f"{name}/{name}.mkv", ACADEMY, audio=STEREO if number % 2 else (), subtitles=SUBTITLED[:2])
        case 1:
            yield video(f"{name}.avi", SD, audio=_MP3, title=film.title)
        case 2:
            yield video(f"{name}/{name}.mp4", HD, audio=ENGLISH_GERMAN, title=film.title)
            yield srt(f"{name}/{name}.srt")
        case 3:
            release = f"{film.dotted}.720p.BluRay.x264-DEMO"
            yield video(f"{release}/{release}.mkv", HD, audio=SURROUND)
        case 4:
            yield video(f"{decade}/{name}.mpg", PAL, audio=_MP2)
        case 6:
            yield video(f"{decade}/{name}/{name}.webm", HD_VP9, audio=(Sound(codec="opus", language="eng"),))
        case 7:
            yield video(f"{name}/{name} - 1080p.mkv", FULL_HD, audio=SURROUND, chapters=REELS)
            yield video(f"{name}/{name} - 480p.avi", SD, audio=_MP3)
        case 8:
            yield video(f"{film.file_title} [{film.year}]/{film.file_title}.mkv", ACADEMY, cover=True)
        case _:
            yield video(f"{film.dotted.replace('.', '_')}_DVDRip_XviD.avi", SD, audio=_MP3)


def _release(number: int, film: Film) -> Iterator[DemoFile]:
    """Keep a new film as it was released; the number chooses the release."""
    match number % 4:
        case 0:
            name = f"{film.dotted}.1080p.WEB-DL.H264-DEMO"
            yield video(f"{name}.mkv", FULL_HD, audio=SURROUND, subtitles=SUBTITLED)
        case 1:
            name = f"{film.dotted}.1080p.BluRay.x265-DEMO"
            yield video(f"{name}/{name}.mkv", FULL_HD_HEVC, audio=LOSSLESS, chapters=REELS)
        case 2:
            yield video(f"{film.named}/{film.named}.mkv", FULL_HD_SCOPE, audio=ENGLISH_GERMAN, subtitles=SUBTITLED)
            yield video(f"{film.named}/{film.named} - 2160p HDR10.mkv", UHD_HDR10, audio=SURROUND)
        case _:
            yield video(f"{film.named}/{film.named}.mov", HD, title=film.title)
