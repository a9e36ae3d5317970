"""Where pictures come from: the configured addresses, and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from revenge.content.image.errors import ImageRefused
from revenge.infra.http.caller import Caller

TMDB = "tmdb"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHost:
    """An address below which pictures are."""

    provider: str
    base_url: str
    caller: Caller


class ImageHosts:
    """Tells whom to ask for a picture."""

    def __init__(self, hosts: Sequence[ImageHost]) -> None:
        self._hosts = tuple(hosts)

    def place(self, source: str, size: str) -> tuple[ImageHost, str]:
        """Return whom to ask for ``source``, and for which path.

        TMDb's sources are paths, which it has in each size; others are whole addresses.

        Raises:
            ImageRefused: it is at no configured address.
        """
        if source.startswith("/"):
            if ".." in source.split("/"):
                raise ImageRefused("a path that climbs leads to no picture")
            for host in self._hosts:
                if host.provider == TMDB:
                    return host, f"/{size}{source}"
            raise ImageRefused("TMDb's pictures are switched off")
        for host in self._hosts:
            if (path := _below(source, host.base_url)) is not None:
                return host, path
        raise ImageRefused(f"{_host(source)} is no configured address of pictures: see metadata.images.hosts")

    async def close(self) -> None:
        """Close all connections."""
        for host in self._hosts:
            await host.caller.close()


def _below(source: str, base: str) -> str | None:
    """Return the path of ``source`` below ``base``; None where it is elsewhere.

    Both are split, and compared part by part: ``http://good@evil/`` and ``http://good.evil/`` begin like ``http://good``.
    """
    try:
        asked, known = urlsplit(source), urlsplit(base)
        same = (asked.scheme, asked.hostname, asked.port) == (known.scheme, known.hostname, known.port)
    except ValueError:
        return None
    prefix = known.path.rstrip("/") + "/"
    path = unquote(asked.path)
    if not same or asked.username or asked.query or not path.startswith(prefix) or ".." in path.split("/"):
        return None
    return path[len(prefix) - 1 :]


def _host(source: str) -> str:
    try:
        return urlsplit(source).hostname or "what was given"
    except ValueError:
        return "what was given"
