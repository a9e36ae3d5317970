"""The words of releases, and what each of them means.

A *sure* word is never part of a title once a title has begun: ``1080p``, ``BluRay``, ``x264``. The others are release
words only by their place, behind the title: a film may be called "Cam", "Charlotte's Web" or "The Good German".
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple


class Kind(Enum):
    """What a release word is about."""

    RESOLUTION = auto()
    SOURCE = auto()
    VIDEO = auto()
    AUDIO = auto()
    EDITION = auto()
    LANGUAGE = auto()
    FANSUB = auto()
    OTHER = auto()


class Term(NamedTuple):
    """The meaning of a word or of a phrase."""

    kind: Kind
    value: str
    sure: bool


def listed(words: str) -> frozenset[str]:
    """Give the words of a list that is written with commas."""
    return frozenset(words.split(", "))


# Each line: the standard term, then the ways people write it. A space in a way stands for any separator.
_SURE_SOURCES = {
    "Remux": "remux, bdremux, bd remux, bluray remux, blu ray remux, uhdremux, dvdremux",
    "BluRay": "bluray, blu ray, blueray, bdrip, brrip, bd rip, br rip, bdmux, bdmv, bd25, bd50, bd66, bd100, uhdbd, uhdrip, mbluray, bdiso",
    "HDDVD": "hddvd, hd dvd, hddvdrip",
    "WEB-DL": "webdl, web dl, webhd, web hd, dlmux, webmux, amazonhd, ituneshd, netflixhd, webuhd, dlrip",
    "WEBRip": "webrip, web rip, webcap, web cap, vodrip, vod rip",
    "HDTV": "hdtv, hd tv, hdtvrip, hdtv rip, tvhd, ahdtv, uhdtv, hdtvmux",
    "SDTV": "sdtv, pdtv, sd tv, dsrip, dsr rip, dthrip, tvrip, tv rip, satrip, sat rip, dvbrip, dvb rip, ppvrip, dtvrip, iptvrip",
    "DVD": "dvdrip, dvd rip, dvdr, dvd r, dvd5, dvd9, dvd 5, dvd 9, dvdmux, dvdivx, xvidvd, 2xdvd, ntscdvd, paldvd",
    "VHS": "vhsrip, vhs rip",
    "Screener": "dvdscr, dvd scr, dvdscreener, bdscr, bluray scr, webscreener, dvd screener, hdscr",
    "Telecine": "telecine, hdtc, hd tc, tcrip",
    "Telesync": "telesync, hdts, hd ts, tsrip, pdvd, predvd, predvdrip, hqts",
    "CAM": "hdcam, hd cam, camrip, cam rip, hqcam",
    "Workprint": "workprint",
}
_SOURCES = {
    "BluRay": "bd, blu, uhd bd",
    "WEB-DL": "web",
    "SDTV": "dsr, dvb",
    "HDTV": "hdrip, hd rip",
    "DVD": "dvd",
    "VHS": "vhs",
    "Screener": "screener, scr, r5, regional",
    "Telecine": "tc",
    "Telesync": "ts",
    "CAM": "cam",
}
_SURE_VIDEO = {
    "h264": "x264, h264, x 264, h 264, avc, hi10p, hi10",
    "hevc": "x265, h265, x 265, h 265, hevc, hevc10",
    "vvc": "x266, h266, h 266, vvc",
    "av1": "av1",
    "vp9": "vp9",
    "vp8": "vp8",
    "vc1": "vc1, vc 1",
    "mpeg2": "mpeg2, mpeg 2, mpg2, h262, h 262",
    "mpeg4": "mpeg4, mpeg 4",
    "xvid": "xvid, x vid",
    "divx": "divx, divx5, divx6",
}
_VIDEO = {"wmv": "wmv, wmv9", "mpeg2": "m2v"}
_SURE_RESOLUTIONS = {"2160p": "2160p, uhd 4k, 4k uhd, 4k ultrahd, ultrahd, 4k, uhd", "4320p": "8k"}
_RESOLUTIONS = {"2160p": "2160", "1080p": "1080, fhd", "720p": "720", "480p": "480"}
_SURE_EDITIONS = {
    "Director's Cut": "directors cut, director's cut, director s cut, directors edition, director's edition, director s edition",
    "Extended Director's Cut": "extended director's cut, extended directors cut",
    "Extended": "extended cut, extended edition, extended version, extended edit",
    "Theatrical": "theatrical cut, theatrical edition, theatrical version, theatrical release",
    "Unrated": "unrated cut, unrated edition, unrated version",
    "Uncut": "uncut edition, uncut version",
    "Uncensored": "uncensored cut, uncensored edition",
    "Ultimate Edition": "ultimate edition, ultimate cut, ultimate extended edition",
    "Special Edition": "special edition",
    "Collector's Edition": "collectors edition, collector's edition, collector s edition",
    "Anniversary Edition": "anniversary edition, anniversary cut",
    "Criterion": "criterion collection, criterion edition, the criterion collection",
    "IMAX": "imax edition, imax enhanced, imax version",
    "Redux": "redux cut",
    "Remastered": "4k remaster, 4k remastered, remastered edition, digitally remastered",
    "Restored": "4k restored, 4k restoration, restored edition",
    "Open Matte": "open matte",
    "Rogue Cut": "rogue cut",
    "Assembly Cut": "assembly cut",
    "Despecialized": "despecialized, despecialized edition",
    "Fan Edit": "fan edit, fanedit",
    "International": "international cut, international version",
    "Producer's Cut": "producers cut, producer's cut, producer s cut",
    "Workprint": "workprint cut",
    "Alternative Cut": "alternative cut, alternate cut, alternate ending",
    "Limited Edition": "limited edition",
    "Diamond Edition": "diamond edition",
    "Signature Edition": "signature edition",
    "Noir": "black and chrome, black and chrome edition, black chrome",
}
_EDITIONS = {
    "Extended": "extended, ext, langfassung",
    "Theatrical": "theatrical, kinofassung",
    "Unrated": "unrated",
    "Uncut": "uncut, recut",
    "Uncensored": "uncensored",
    "IMAX": "imax",
    "Final Cut": "final cut, the final cut",
    "Remastered": "remastered, remaster",
    "Restored": "restored, restauriert",
    "Criterion": "criterion",
    "Redux": "redux",
    "Special Edition": "se special edition",
}
_AUDIO = (
    "ac3, eac3, e ac3, ac 3, e ac 3, dts, dtsx, dts x, dts hd, dts hd ma, dts ma, dtshd, dtshd ma, dts es, truehd, true hd, aac, aac lc, "
    "heaac, he aac, flac, mp3, ogg, lpcm, pcm, ddp, dd, ddpa, dual audio, dualaudio, dolby digital, dolby atmos, ac3d, ac3md, dtsd, dtshdd, aacd, eac3d, ddpd"
)
_SURE_OTHER = (
    "hdr, hdr10, hdr10plus, hdr10p, dolby vision, dovi, hlg, 10bit, 8bit, 12bit, 10 bit, 8 bit, hi444pp, hsbs, half sbs, h sbs, half ou, h ou, "
    "hou, full sbs, nvenc, qsv, readnfo, read nfo, softsub, softsubs, hardsub, hardsubs, hardcoded, multisub, multisubs, multi subs, "
    "multi sub, esub, esubs, engsub, engsubs, subs eng, vobsub, subbed, dvdfull, bdfull, hdc"
)
_OTHER = (
    "proper, repack, rerip, real, internal, limited, complete, stv, festival, retail, ws, fs, pal, ntsc, hc, 3d, sbs, multi, dual, dl, ml, md, "
    "ld, mic, line, dubbed, subs, sub, dv, sdr, hd, sd, hq, hybrid, atmos, opus, fixed, rip, nfofix, dirfix, mhd, encode, ppv, vod, "
    "uncompressed, colorized, convert, doku, tvshow, remuxed, amzn, nf, dsnp, hmax, max, atvp, hulu, pcok, pmtp, stan, itunes, it, cr, crav, "
    "roku, all4, iplayer, ip, now, tubi, vudu, ma, red, cc, dsny, hbo, netflix, amazon, crunchyroll, funi, hidive, vrv, peacock, untouched, docu, subpack"
)
_SURE_LANGUAGES = "truefrench, subfrench, vostfr, vosta, vostf, vostv, vff, vfq, vof, nlsubs, nlsub, nlsubbed, swesub, plsub, plsubbed, lektor, lektorpl, dubpl, subita, subesp, subforced, legendado, dublado, korsub, engdub"
_LANGUAGES = (
    "german, deutsch, ger, deu, french, francais, fra, fre, fr, vf, vo, vost, italian, italiano, ita, it, spanish, espanol, castellano, latino, esp, spa, english, "
    "eng, russian, rus, polish, pl, pol, dutch, flemish, nl, swedish, swe, danish, dan, norwegian, nor, nordic, finnish, fin, icelandic, "
    "japanese, jap, jpn, korean, kor, chinese, chi, mandarin, cantonese, chs, cht, hindi, hin, tamil, telugu, malayalam, kannada, bengali, punjabi, marathi, "
    "turkish, tur, czech, cze, cz, slovak, hungarian, hun, portuguese, por, ptbr, brazilian, greek, gre, hebrew, heb, arabic, ara, thai, vietnamese, vie, "
    "ukrainian, ukr, bulgarian, bul, romanian, rum, croatian, serbian, persian, lithuanian, latvian, estonian, catalan, dubbing, vlaams"
)
_FANSUB = "vostfr, fansub, fansubs, raw, raws"

# Words that are titles, or ends of titles, far more often than release words: "Johnny English", "Let It", "Turning Red".
ORDINARY_WORDS = listed(
    "english, eng, it, fin, pl, pol, por, fr, nor, dan, fra, spa, max, now, red, real, ma, line, ip"
)
ARTICLES = listed("the, a, an, der, die, das, le, la, les, el, los, il, lo, un, une, ein, eine, de, het")
TV_SOURCES = frozenset({"HDTV", "SDTV"})

_LINES = re.compile(r"([0-9]{3,4})([pi])(?:[0-9]{2,3}(?:fps)?|hd)?$")
_FRAME = re.compile(r"[0-9]{3,4}x([0-9]{3,4})p?$")
_CHANNELS = re.compile(
    r"(?:aac|e?ac3|ddp?a?|dts|dtshd|dtsx|flac|truehd|opus|pcm|lpcm|mp3|ogg|atmos|ma|stereo)[1-9]?$|(?:[1-9]ch|[257]\.1|aacx2|flacx[2-4])$"
)
_MISC = re.compile(
    r"(?:ddp?[257]1|[0-9]{1,2}bits?|[0-9]{2,3}fps|v[0-9]|[1-9][0-9]?(?:mb|gb)|multi[0-9]|hdr10|cd[0-9]|[0-9]{1,2}b)$"
)
_GLUED = re.compile(
    r"(?:hd|pd|sd)tv(?:x|h)26|(?:bd|dvd|web|br|hd)rip(?:x|h)26|web(?:dl)?(?:x|h)26|bluray(?:x|h)26|(?:hdtv|webrip|web|dvdrip|bdrip)xvid"
)
_HEIGHTS = (
    (2000, "2160p"),
    (1300, "1440p"),
    (780, "1080p"),
    (690, "720p"),
    (540, "576p"),
    (440, "480p"),
    (300, "360p"),
    (200, "240p"),
)


def _spread(table: dict[str, str], kind: Kind, sure: bool) -> dict[str, Term]:
    return {way: Term(kind, value, sure) for value, ways in table.items() for way in ways.split(", ")}


def _plain(ways: str, kind: Kind, sure: bool) -> dict[str, Term]:
    return {way: Term(kind, way, sure) for way in ways.split(", ")}


_ALL: dict[str, Term] = (
    _plain(_OTHER, Kind.OTHER, sure=False)
    | _plain(_SURE_OTHER, Kind.OTHER, sure=True)
    | _plain(_LANGUAGES, Kind.LANGUAGE, sure=False)
    | _plain(_SURE_LANGUAGES, Kind.LANGUAGE, sure=True)
    | _plain(_AUDIO, Kind.AUDIO, sure=True)
    | _spread(_EDITIONS, Kind.EDITION, sure=False)
    | _spread(_SURE_EDITIONS, Kind.EDITION, sure=True)
    | _spread(_RESOLUTIONS, Kind.RESOLUTION, sure=False)
    | _spread(_SURE_RESOLUTIONS, Kind.RESOLUTION, sure=True)
    | _spread(_VIDEO, Kind.VIDEO, sure=False)
    | _spread(_SURE_VIDEO, Kind.VIDEO, sure=True)
    | _spread(_SOURCES, Kind.SOURCE, sure=False)
    | _spread(_SURE_SOURCES, Kind.SOURCE, sure=True)
    | {way: Term(Kind.FANSUB, way, way == "vostfr") for way in _FANSUB.split(", ")}
)

WORDS: dict[str, Term] = {way: term for way, term in _ALL.items() if " " not in way}

PHRASES: dict[str, list[tuple[tuple[str, ...], Term]]] = {}
"""By first word, the longest first: the words that must follow it, and the meaning."""
for _way, _term in sorted(_ALL.items(), key=lambda item: -item[0].count(" ")):
    if " " in _way:
        _first, *_rest = _way.split(" ")
        PHRASES.setdefault(_first, []).append((tuple(_rest), _term))


@lru_cache(maxsize=4096)
def term_of(word: str) -> Term | None:
    """Give the meaning of one lower-case word that stands in no list but follows a pattern, such as ``1920x1080``."""
    if lines := _LINES.match(word):
        return Term(Kind.RESOLUTION, _scan(lines[1], lines[2]), sure=True)
    if frame := _FRAME.match(word):
        return Term(Kind.RESOLUTION, _by_height(int(frame[1])), sure=True)
    if _CHANNELS.match(word):
        return Term(Kind.AUDIO, word, sure=True)
    if _MISC.match(word):
        return Term(Kind.OTHER, word, sure=False)
    if _GLUED.match(word):
        return _glued(word)
    return None


def _scan(lines: str, scan: str) -> str:
    return f"{int(lines)}{scan}"


def _by_height(height: int) -> str:
    return next((value for least, value in _HEIGHTS if height >= least), f"{height}p")


def _glued(word: str) -> Term:
    for length in (6, 5, 4, 3):
        term = WORDS.get(word[:length])
        if term is not None and term.kind is Kind.SOURCE:
            return Term(Kind.SOURCE, term.value, sure=True)
    return Term(Kind.OTHER, word, sure=True)
