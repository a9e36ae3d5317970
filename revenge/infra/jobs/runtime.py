"""What runs inside a started client: put together, started in order, stopped in order."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from revenge.infra.jobs.attempt import Attempt
from revenge.infra.jobs.clock import Clock
from revenge.infra.jobs.completer import Completer
from revenge.infra.jobs.config import ClientConfig
from revenge.infra.jobs.executor import Executor
from revenge.infra.jobs.fetcher import Fetcher
from revenge.infra.jobs.job_store import JobStore
from revenge.infra.jobs.models import Claim, JobRow, JobState
from revenge.infra.jobs.notifier import Connect, Notifier
from revenge.infra.jobs.outcome import Settlement
from revenge.infra.jobs.processes import ProcessWorkers
from revenge.infra.jobs.registry import Workers
from revenge.infra.jobs.service import Service
from revenge.infra.jobs.store import DirectConnection, Store
from revenge.infra.jobs.threads import ThreadWorkers
from revenge.infra.jobs.verdict import Verdicts

CONTROL_POLL = timedelta(minutes=1)
"""Cancel requests and pauses are looked up this often while notifications arrive (River 0.51)."""
CONTROL_POLL_ONLY = timedelta(seconds=1)
"""The same while none can arrive."""
SETTLE_TIME = timedelta(seconds=10)
"""How long a stop waits for the last results to be written."""

logger = logging.getLogger("revenge.jobs")

OnEnd = Callable[[str, str, str, float], None]
"""Called with kind, queue, status and seconds of each attempt that ended here."""
