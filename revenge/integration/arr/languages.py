"""Languages by the names that Radarr and Sonarr give them, and by the codes that files do, as ISO 639-1."""

import re
from collections.abc import Iterable, Mapping

_NAMES: Mapping[str, str] = {
    "afrikaans": "af",
    "albanian": "sq",
    "arabic": "ar",
    "bengali": "bn",
    "bosnian": "bs",
    "bulgarian": "bg",
    "catalan": "ca",
    "chinese": "zh",
    "croatian": "hr",
    "czech": "cs",
    "danish": "da",
    "dutch": "nl",
    "english": "en",
    "estonian": "et",
    "finnish": "fi",
    "flemish": "nl",
    "french": "fr",
    "georgian": "ka",
    "german": "de",
    "greek": "el",
    "hebrew": "he",
    "hindi": "hi",
    "hungarian": "hu",
    "icelandic": "is",
    "indonesian": "id",
    "italian": "it",
    "japanese": "ja",
    "kannada": "kn",
    "korean": "ko",
    "latvian": "lv",
    "lithuanian": "lt",
    "macedonian": "mk",
    "malay": "ms",
    "malayalam": "ml",
    "marathi": "mr",
    "mongolian": "mn",
    "norwegian": "no",
    "persian": "fa",
    "polish": "pl",
    "portuguese": "pt",
    "portuguese (brazil)": "pt",
    "romanian": "ro",
    "romansh": "rm",
    "russian": "ru",
    "serbian": "sr",
    "slovak": "sk",
    "slovenian": "sl",
    "spanish": "es",
    "spanish (latino)": "es",
    "swedish": "sv",
    "tagalog": "tl",
    "tamil": "ta",
    "telugu": "te",
    "thai": "th",
    "turkish": "tr",
    "ukrainian": "uk",
    "urdu": "ur",
    "vietnamese": "vi",
}
"""The names of both programs' lists; Original, Any and Unknown are no languages."""

_CODES: Mapping[str, str] = {
    "afr": "af", "alb": "sq", "sqi": "sq", "ara": "ar", "ben": "bn", "bos": "bs", "bul": "bg", "cat": "ca",
    "chi": "zh", "zho": "zh", "hrv": "hr", "cze": "cs", "ces": "cs", "dan": "da", "dut": "nl", "nld": "nl",
    "eng": "en", "est": "et", "fin": "fi", "fre": "fr", "fra": "fr", "geo": "ka", "kat": "ka", "ger": "de",
    "deu": "de", "gre": "el", "ell": "el", "heb": "he", "hin": "hi", "hun": "hu", "ice": "is", "isl": "is",
    "ind": "id", "ita": "it", "jpn": "ja", "kan": "kn", "kor": "ko", "lav": "lv", "lit": "lt", "mac": "mk",
    "mkd": "mk", "may": "ms", "msa": "ms", "mal": "ml", "mar": "mr", "mon": "mn", "nor": "no", "nob": "no",
    "nno": "no", "per": "fa", "fas": "fa", "pol": "pl", "por": "pt", "rum": "ro", "ron": "ro", "roh": "rm",
    "rus": "ru", "srp": "sr", "slo": "sk", "slk": "sk", "slv": "sl", "spa": "es", "swe": "sv", "tgl": "tl",
    "fil": "tl", "tam": "ta", "tel": "te", "tha": "th", "tur": "tr", "ukr": "uk", "urd": "ur", "vie": "vi",
    "baq": "eu", "eus": "eu", "glg": "gl", "gle": "ga", "wel": "cy", "cym": "cy", "lat": "la", "pan": "pa",
}  # fmt: skip
"""ISO 639-2, in both its forms."""

_NONE = frozenset({"und", "zxx", "mul", "mis", "unknown", "any", "original"})
_CODE = re.compile(r"[a-z]{2,3}")


def language_code(said: str | None) -> str | None:
    """Return the ISO 639-1 code of a name or a code; None for what names no language that is known here.

    A code of three letters without one of two is kept as it is, and a country behind a code is left out.
    """
    if not said:
        return None
    text = said.strip().lower()
    if text in _NONE:
        return None
    if text in _NAMES:
        return _NAMES[text]
    code = re.split(r"[-_]", text, maxsplit=1)[0]
    if not _CODE.fullmatch(code):
        return None
    return _CODES.get(code, code)


def language_codes(said: Iterable[str | None]) -> tuple[str, ...]:
    """Return the codes of several, each once, in their order."""
    return tuple(dict.fromkeys(code for one in said if (code := language_code(one))))


def split_languages(said: str | None) -> tuple[str, ...]:
    """Return the codes of a text such as ``eng/deu`` or ``English / German``."""
    return language_codes(re.split(r"\s*[/,]\s*", said)) if said else ()
