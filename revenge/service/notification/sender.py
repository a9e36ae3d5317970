"""Tells agents through apprise: Discord, Gotify, ntfy, mail, webhooks and 170 others.

apprise blocks, so each call has a thread and a deadline. It says of a failure only that there was one; what the other
side answered is read off the one place that all its HTTP goes through.
"""

import asyncio
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from revenge.infra.http.answers import failure_of
from revenge.infra.http.errors import CallFailed, LedAway, Unavailable
from revenge.infra.jobs.clock import Clock
from revenge.infra.threads import in_thread
from revenge.service.notification.errors import AgentNotFound, InvalidAgent
from revenge.service.notification.messages import Message

if TYPE_CHECKING:
    from apprise.plugins import NotifyBase


@dataclass(slots=True)
class _Answer:
    """What the other side said in one call, as far as it is known."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    broke: str | None = None


class _Heard(threading.local):
    """Where the answers of this thread's call go; None outside of calls."""

    answer: _Answer | None = None


_heard = _Heard()


class AppriseSender:
    """Sends messages to agents by their names; the addresses are known here and nowhere else."""

    def __init__(self, addresses: Mapping[str, str], *, clock: Clock, deadline: timedelta) -> None:
        self._addresses = addresses
        self._clock = clock
        self._deadline = deadline

    async def check(self) -> None:
        """Find out whether every address can be used; nobody is called.

        Raises:
            InvalidAgent: one cannot.
        """
        if self._addresses:
            await in_thread(self._check)

    async def send(self, agent: str, message: Message) -> None:
        """Tell ``agent``; once this returns, the other side has said that it has the message.

        Cancelled or too late, the call goes on in its thread until its sockets give up: the message may still arrive.

        Raises:
            AgentNotFound: the settings name none.
            NotThere, Refused, LedAway: it will be refused again.
            TooMany: not before ``retry_after``.
            Unavailable: it cannot be reached, was too slow or failed; another attempt may do.
        """
        if agent not in self._addresses:
            raise AgentNotFound(agent)
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                failure = await in_thread(partial(self._call, agent, message))
        except TimeoutError as error:
            raise Unavailable(agent, f"took longer than {self._deadline.total_seconds():g} s") from error
        if failure is not None:
            raise failure

    def _check(self) -> None:
        for name, address in self._addresses.items():
            plugin = _open(name, address)
            if (targets := len(plugin)) > 1:
                reason = f"it names {targets} receivers: make an agent of each, so that each has its own retry"
                raise InvalidAgent(name, reason)

    def _call(self, agent: str, message: Message) -> CallFailed | None:
        from apprise import NotifyFormat, NotifyType

        # A new one each time: they are not made for several threads, and sleep between messages.
        plugin = _open(agent, self._addresses[agent])
        _mark(plugin, message)
        self._wait_long(plugin)
        answer = _heard.answer = _Answer()
        try:
            is_sent = plugin.notify(
                body=message.body,
                title=message.title,
                notify_type=NotifyType(message.urgency.value),
                body_format=NotifyFormat.TEXT,
            )
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and its text may hold the address
            return Unavailable(agent, f"{plugin.service_name} failed with {type(error).__name__}")
        finally:
            _heard.answer = None
        return None if is_sent else self._failure(agent, str(plugin.service_name), answer)

    def _wait_long(self, plugin: Any) -> None:
        """Wait for an answer until the deadline, unless the address says how long: apprise gives up after four seconds."""
        if plugin.socket_read_timeout == type(plugin).socket_read_timeout:
            plugin.socket_read_timeout = self._deadline.total_seconds()

    def _failure(self, agent: str, service: str, answer: _Answer) -> CallFailed:
        if answer.broke is not None:
            return Unavailable(agent, f"{service} {answer.broke}")
        if answer.status is None:
            return Unavailable(agent, f"{service} could not be reached, or refused the message without saying why")
        if 300 <= answer.status < 400:
            return LedAway(
                agent, f"{service} answered {answer.status}: it sends us to another address, which is not followed"
            )
        known = failure_of(agent, service, answer.status, answer.headers, now=self._clock.now())
        return known or Unavailable(agent, f"{service} answered {answer.status} and did not take the message")


def _open(agent: str, address: str) -> "NotifyBase":
    from apprise import Apprise, AppriseAsset

    _listen_in()
    asset = AppriseAsset(
        app_id="Revenge",
        app_desc="Revenge media server",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        secure_logging=True,
    )
    try:
        plugin = Apprise.instantiate(address, asset=asset, suppress_exceptions=False)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises, its text may hold the address
        raise InvalidAgent(
            agent, f"apprise refuses it ({type(error).__name__}): see its page on this service"
        ) from None
    if plugin is None:
        raise InvalidAgent(agent, "no service of apprise reads it: see its page on this service for what it looks like")
    return plugin


def _mark(plugin: Any, message: Message) -> None:
    """Put the events' ids where the receiver is a program: it can tell a message that came twice."""
    if isinstance(getattr(plugin, "payload_extras", None), dict):
        plugin.payload_extras = {**plugin.payload_extras, "event_ids": ",".join(message.ids)}


@cache
def _listen_in() -> None:
    """Hear what is answered to apprise's requests, once for the process; other threads' requests are not looked at.

    Its plugins make a session for each request and return a boolean: nothing that they offer tells a 429 from a 404.
    """
    import requests
    from requests.adapters import HTTPAdapter

    for name in ("apprise", "urllib3"):  # both write addresses, which hold keys, into what they log
        logging.getLogger(name).setLevel(logging.CRITICAL)
    plain = HTTPAdapter.send

    def send(adapter: HTTPAdapter, request: Any, *args: Any, **kwargs: Any) -> Any:
        answer = _heard.answer
        if answer is None:
            return plain(adapter, request, *args, **kwargs)
        try:
            response = plain(adapter, request, *args, **kwargs)
            # Read here, as the session would next: half a body is to be told as one.
            _ = response.content
        except requests.exceptions.ConnectTimeout:
            answer.broke = "could not be reached in time"
            raise
        except requests.exceptions.ReadTimeout:
            answer.broke = "took the message and did not answer in time: it may have it"
            raise
        except requests.exceptions.RequestException as error:
            answer.broke = f"broke off ({type(error).__name__})"
            raise
        answer.broke = None
        answer.status, answer.headers = response.status_code, response.headers
        if response.status_code == 429:
            # Some plugins would wait here and try again, in a thread that nobody waits for by then.
            response.close()
            raise requests.exceptions.RequestException
        return response

    HTTPAdapter.send = send  # type: ignore[method-assign, assignment]  # the only place that sees every answer
