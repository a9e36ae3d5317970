"""What the server holds, then and now."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from revenge.app.http.activity_schemas import HistoryOut, HistoryQuery, StatsOut
from revenge.app.http.problems import documented, unknown_cursor
from revenge.app.http.responses import json_response
from revenge.app.http.telling_services import Statistics


def statistics_router(statistics: Statistics) -> APIRouter:
    """Return the routes under ``/admin/stats``."""
    router = APIRouter(prefix="/admin/stats", tags=["statistics"], responses=documented(400, 401, 422, 503))

    @router.get("", response_model=StatsOut)
    async def get_stats() -> Response:
        """Return what was counted last; the job ``stats_aggregation`` counts every hour."""
        snapshot = await statistics.latest()
        return json_response({"at": snapshot.at, "stats": snapshot.values})

    @router.get("/history", response_model=HistoryOut, responses=documented(404))
    async def get_stats_history(query: Annotated[HistoryQuery, Query()]) -> Response:
        """Return how one thing went, newest first: each hour, and each day of what is long past."""
        try:
            history = await statistics.history(
                query.key, start=query.start_time, end=query.end_time, limit=query.limit, cursor=query.cursor
            )
        except ValueError as error:
            raise unknown_cursor() from error
        points = [asdict(point) for point in history.points]
        return json_response({"key": query.key, "points": points, "next_cursor": history.next_cursor})

    return router
