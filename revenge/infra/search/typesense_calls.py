"""Calls to a Typesense server by its own client, and what their failures mean."""

import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import orjson

from revenge.infra.search.errors import SearchError, SearchRefused, SearchUnavailable

if TYPE_CHECKING:
    from typesense import AsyncClient

T = TypeVar("T")

_BUSY = timedelta(seconds=30)


class Missing(SearchError):
    """The server has no such collection or alias."""


class Taken(SearchError):
    """The server has one of that name already."""


class TypesenseCalls:
    """One server; made without calling it."""

    def __init__(self, *, url: str, api_key: str, timeout: timedelta) -> None:
        """``url`` is ``http(s)://host:port``; ``api_key`` may do everything there."""
        self.url = url.rstrip("/")
        self.api_key = api_key
        self._timeout_s = timeout.total_seconds()
        self._http: httpx2.AsyncClient | None = None
        self._made: AsyncClient | None = None

    async def open(self) -> None:
        """Make the client before it is needed, since loading it takes half a second; nobody is called."""
        self._client()

    async def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        if self._http is not None:
            await self._http.aclose()
        self._http = self._made = None

    async def healthy(self) -> None:
        """Return when the server says that it is well.

        Raises:
            SearchUnavailable: it is not, or says nothing.
        """
        if not await self._do(lambda client: client.operations.is_healthy()):
            message = f"Typesense at {self.url} is not ready"
            raise SearchUnavailable(message)

    async def create(self, definition: Mapping[str, Any]) -> None:
        """Make a collection.

        Raises:
            Taken: it is there already.
        """
        made: Any = dict(definition)
        await self._do(lambda client: client.collections.create(made))

    async def describe(self, name: str) -> Mapping[str, Any]:
        """Return a collection by its name or its alias.

        Raises:
            Missing: there is none.
        """
        found = await self._do(lambda client: client.api_call.get(_at(name), _Json, True))
        if not isinstance(found, dict) or not isinstance(found.get("num_documents"), int):
            raise self._nonsense()
        return found

    async def names(self) -> Sequence[str]:
        """Return the names of all collections."""
        found = await self._do(lambda client: client.collections.retrieve())
        try:
            return [collection["name"] for collection in found]
        except (KeyError, TypeError) as error:
            raise self._nonsense() from error

    async def point(self, alias: str, name: str) -> None:
        """Let an alias mean a collection, whatever it meant before."""
        await self._do(lambda client: client.aliases.upsert(alias, {"collection_name": name}))

    async def drop(self, name: str) -> None:
        """Delete a collection; one that is gone already is as good."""
        try:
            await self._do(lambda client: client.api_call.delete(_at(name), _Json))
        except Missing:
            return

    async def store(self, name: str, documents: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Store documents in one request; return what the server says of each.

        Raises:
            Missing: there is no such collection.
            SearchUnavailable: it says less than it was given: what is left has to be sent again.
        """
        lines = b"\n".join(map(orjson.dumps, documents))
        path = f"{_at(name)}/documents/import"
        answer = await self._do(lambda client: client.api_call.post(path, str, False, params=_UPSERT, body=lines))
        try:
            answers = [orjson.loads(line) for line in answer.split("\n") if line]
        except orjson.JSONDecodeError as error:
            raise self._nonsense() from error
        if len(answers) != len(documents) or not all(
            isinstance(one, dict) and isinstance(one.get("success"), bool) for one in answers
        ):
            raise self._nonsense()
        return answers

    async def remove(self, name: str, filter_by: str) -> None:
        """Delete the documents that a filter lets through.

        Raises:
            Missing: there is no such collection.
        """
        path, params = f"{_at(name)}/documents", {"filter_by": filter_by}
        await self._do(lambda client: client.api_call.delete(path, _Json, params=params))

    async def ids(self, name: str, filter_by: str) -> Sequence[str]:
        """Return the ids of all documents that a filter lets through.

        Raises:
            Missing: there is no such collection.
        """
        path, params = f"{_at(name)}/documents/export", {"filter_by": filter_by, "include_fields": "id"}
        answer = await self._do(lambda client: client.api_call.get(path, str, False, params=params))
        try:
            return [orjson.loads(line)["id"] for line in answer.split("\n") if line]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise self._nonsense() from error

    async def search(self, name: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask a collection; as a body, since filters may be longer than an address can be.

        Raises:
            Missing: there is no such collection.
        """
        searches: Any = {"searches": [{**asked, "collection": name}]}
        answer: Any = await self._do(lambda client: client.multi_search.perform(searches, {}))
        try:
            found: dict[str, Any] = {**answer["results"][0]}
        except (KeyError, IndexError, TypeError) as error:
            raise self._nonsense() from error
        match found.get("code"):
            case None if isinstance(found.get("hits"), list) and isinstance(found.get("found"), int):
                return found
            case None:
                raise self._nonsense()
            case 404:
                raise Missing(name)
            case int(code) if code >= 500:
                raise self._unavailable(f"answered {code}")
            case code:
                message = f"Typesense refuses a search: {code} {found.get('error')}"
                raise SearchRefused(message)

    async def allow_search(self, value: str, collections: str) -> None:
        """Make a key of this value that can only search; one that is there already is as good."""
        key: Any = {
            "description": "Revenge: search only",
            "actions": ["documents:search"],
            "collections": [collections],
            "value": value,
        }
        try:
            await self._do(lambda client: client.keys.create(key))
        except Taken:
            return

    def scoped_key(self, parent: str, bounds: Mapping[str, Any]) -> str:
        """Return a key that searches as ``parent`` does, within ``bounds``."""
        scoped: Any = dict(bounds)
        return self._client().keys.generate_scoped_search_key(parent, scoped).decode()

    def _client(self) -> "AsyncClient":
        if self._made is None:
            # Half a second of CPU: only where there is a Typesense.
            from typesense import AsyncClient

            address = urlsplit(self.url)
            secure = address.scheme == "https"
            # Nobody is followed elsewhere, and no proxy of the environment hears of it.
            self._http = httpx2.AsyncClient(timeout=self._timeout_s, follow_redirects=False, trust_env=False)
            with warnings.catch_warnings():
                # It makes parts of itself that newer servers do not have, and says so.
                warnings.simplefilter("ignore", DeprecationWarning)
                self._made = AsyncClient(
                    {
                        "nodes": [
                            {
                                "host": address.hostname or "",
                                "port": address.port or (443 if secure else 80),
                                "protocol": "https" if secure else "http",
                                "path": address.path,
                            }
                        ],
                        "api_key": self.api_key,
                        "connection_timeout_seconds": self._timeout_s,
                        "num_retries": 1,
                        "retry_interval_seconds": 0.1,
                    },
                    http_client=self._http,
                )
        return self._made

    async def _do(self, call: "Callable[[AsyncClient], Awaitable[T]]") -> T:
        """Call the server, and say in our words what went wrong.

        Raises:
            Missing, Taken: 404, 409.
            SearchRefused: 400, 401, 403, 422.
            SearchUnavailable: anything else.
        """
        client = self._client()
        from typesense import exceptions

        try:
            return await call(client)
        except exceptions.ObjectNotFound as error:
            message = f"Typesense does not have it: {_short(error)}"
            raise Missing(message) from error
        except exceptions.ObjectAlreadyExists as error:
            message = f"Typesense has it already: {_short(error)}"
            raise Taken(message) from error
        except (exceptions.RequestUnauthorized, exceptions.RequestForbidden) as error:
            message = f"Typesense at {self.url} refuses the key: set search.api_key"
            raise SearchRefused(message) from error
        except (exceptions.RequestMalformed, exceptions.ObjectUnprocessable) as error:
            message = f"Typesense refuses a request: {_short(error)}"
            raise SearchRefused(message) from error
        except (exceptions.TypesenseClientError, httpx2.HTTPError, ValueError) as error:
            raise self._unavailable(type(error).__name__) from error

    def _unavailable(self, reason: str) -> SearchUnavailable:
        return SearchUnavailable(f"Typesense at {self.url} cannot be used now: {reason}", retry_after=_BUSY)

    def _nonsense(self) -> SearchUnavailable:
        return self._unavailable("its answer is not what it promises")


_Json = dict[str, Any]
_UPSERT = {"action": "upsert"}


def _at(name: str) -> str:
    """Return where a collection is: the client's own object for one warns of what newer servers do not have."""
    return f"/collections/{name}"


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
