"""Everything else that the HTTP side needs, in memory."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from revenge.app.http.services import Check, ServerView
from tests.fakes.jobs import START


class FakeReadiness:
    """All is well until a test says otherwise."""

    def __init__(self) -> None:
        self.checks: dict[str, Check] = {
            "database": Check(ok=True),
            "schema": Check(ok=True),
            "workers": Check(ok=True),
        }

    async def check(self) -> Mapping[str, Check]:
        return self.checks


class FakeMetrics:
    """One metric."""

    async def render(self) -> bytes:
        return b'revenge_jobs_enqueued_total{kind="count",queue="default"} 1.0\n'


class StoppedClock:
    """Time that moves when a test moves it; sleeping ends at once."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    async def sleep(self, duration: timedelta) -> None:
        return

    def advance(self, duration: timedelta) -> None:
        self.moment += duration


VIEW = ServerView(version="0.1.0", started_at=START, client_id="node-1", works=True)
