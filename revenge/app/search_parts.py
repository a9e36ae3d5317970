"""Search as parts of the process: what of the container has to do with it."""

from typing import Any

from revenge.app.injector import containers, providers
from revenge.app.search import SearchService, make_calls, make_engine, make_index, make_queue, make_sink
from revenge.content.search.jobs import MovieSearchIndexWorker, SearchCheckWorker, TVShowSearchIndexWorker


class SearchParts(containers.DeclarativeContainer):
    """Search, on parts of the whole container."""

    settings: providers.Dependency[Any] = providers.Dependency()
    clock: providers.Dependency[Any] = providers.Dependency()
    database: providers.Dependency[Any] = providers.Dependency()
    inserts: providers.Dependency[Any] = providers.Dependency()

    calls = providers.Singleton(make_calls, settings)
    engine = providers.Singleton(make_engine, settings, database, calls)
    index = providers.Singleton(make_index, database, engine, clock)
    service = providers.Singleton(
        SearchService, engine, clock=clock, token_lifetime=settings.provided.search.token_lifetime
    )
    queue = providers.Singleton(make_queue, database, inserts)
    changes = providers.Singleton(make_sink, settings, queue)
    """The sink of all features: where they say what has changed."""
    movie_worker = providers.Singleton(MovieSearchIndexWorker, index)
    tvshow_worker = providers.Singleton(TVShowSearchIndexWorker, index)
    check_worker = providers.Singleton(SearchCheckWorker, index, queue)
