"""The pool of reader processes, with real processes and real files."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from revenge.content.library.demo.video import Sound, Words, make_video
from revenge.content.library.probe import Probe, ProbeFailed, Prober, ProberUnavailable
from revenge.content.library.probe import process as process_module
from revenge.content.library.probe.process import ReaderProcess

GONE_LIMIT_S = 5.0


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("videos") / "film.mkv"
    make_video(
        path, width=64, height=36, seconds=0.25, audio=(Sound(language="eng"),), subtitles=(Words(language="ger"),)
    )
    return os.fsencode(path)


@pytest.fixture
async def prober() -> AsyncIterator[Prober]:
    prober = Prober(processes=2, deadline=timedelta(seconds=10))
    await prober.start()
    yield prober
    await prober.stop()


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    yield
    children = psutil.Process().children(recursive=True)
    readers = [child for child in children if "probe.child" in " ".join(child.cmdline())]
    _, alive = psutil.wait_procs(readers, timeout=GONE_LIMIT_S)
    assert alive == []


def stop_readers(prober: Prober) -> None:
    """Make every reader hang on its next file, as a dead disk would."""
    for pid in prober.pids:
        os.kill(pid, signal.SIGSTOP)


async def under_way(task: asyncio.Task[Probe]) -> None:
    """Give the probe the time to reach its (stopped) reader."""
    done, _ = await asyncio.wait({task}, timeout=0.2)
    assert not done


async def test_probes_run_side_by_side_and_answer_each_its_own_file(prober: Prober, tmp_path: Path) -> None:
    sizes = [(width, width // 2) for width in range(32, 96, 8)]
    for width, height in sizes:
        make_video(tmp_path / f"{width}.mkv", width=width, height=height, seconds=0.1, audio=())

    found = await asyncio.gather(*(prober.probe(os.fsencode(tmp_path / f"{width}.mkv")) for width, _ in sizes))

    assert [(probe.width, probe.height) for probe in found] == sizes
    assert len(prober.pids) == 2


async def test_a_broken_file_fails_with_its_reason_and_costs_no_reader(
    prober: Prober, tmp_path: Path, video: bytes
) -> None:
    (tmp_path / "empty.mkv").touch()
    os.mkfifo(tmp_path / "pipe.mkv")
    before = prober.pids

    for name, reason in (("empty.mkv", "empty file"), ("pipe.mkv", "not a regular file"), ("none.mkv", "no such file")):
        with pytest.raises(ProbeFailed, match=reason):
            await prober.probe(os.fsencode(tmp_path / name))

    assert (await prober.probe(video)).container == "matroska"
    assert prober.pids == before


async def test_what_was_read_of_an_incomplete_file_comes_with_the_failure(
    prober: Prober, tmp_path: Path, video: bytes
) -> None:
    half = tmp_path / "half.mkv"
    make_video(half)
    os.truncate(half, half.stat().st_size * 3 // 4)

    with pytest.raises(ProbeFailed, match="incomplete") as failed:
        await prober.probe(os.fsencode(half))

    assert failed.value.partial is not None
    assert failed.value.partial.video_codec == "h264"


async def test_a_file_that_hangs_is_given_up_at_its_deadline_and_the_next_one_is_read(video: bytes) -> None:
    prober = Prober(processes=1, deadline=timedelta(seconds=0.5))
    await prober.start()
    try:
        [hanging] = prober.pids
        stop_readers(prober)

        with pytest.raises(ProbeFailed, match=r"took longer than 0\.5 s"):
            await prober.probe(video)

        assert (await prober.probe(video)).container == "matroska"
        assert hanging not in prober.pids
    finally:
        await prober.stop()


async def test_a_hanging_file_does_not_hold_up_the_other_reader(video: bytes) -> None:
    prober = Prober(processes=2, deadline=timedelta(seconds=3))
    await prober.start()
    try:
        os.kill(min(prober.pids), signal.SIGSTOP)
        first, second = (asyncio.create_task(prober.probe(video)) for _ in range(2))

        done, pending = await asyncio.wait({first, second}, return_when=asyncio.FIRST_COMPLETED)

        assert [task.result().container for task in done] == ["matroska"]
        assert (await prober.probe(video)).container == "matroska"
        assert len(pending) == 1
        with pytest.raises(ProbeFailed, match="took longer"):
            await pending.pop()
    finally:
        await prober.stop()


async def test_a_file_that_crashes_a_new_reader_is_named_with_the_signal(video: bytes) -> None:
    prober = Prober(processes=1)
    await prober.start()
    try:
        stop_readers(prober)
        probing = asyncio.create_task(prober.probe(video))
        await under_way(probing)
        [pid] = prober.pids
        os.kill(pid, signal.SIGSEGV)
        os.kill(pid, signal.SIGCONT)

        with pytest.raises(ProbeFailed, match=r"crashed the reader \(signal 11\)"):
            await probing

        assert (await prober.probe(video)).container == "matroska"
    finally:
        await prober.stop()


async def test_a_file_is_not_blamed_for_a_reader_that_other_files_used_before(video: bytes) -> None:
    prober = Prober(processes=1)
    await prober.start()
    try:
        await prober.probe(video)
        stop_readers(prober)
        probing = asyncio.create_task(prober.probe(video))
        await under_way(probing)
        for pid in prober.pids:
            os.kill(pid, signal.SIGKILL)

        assert (await probing).container == "matroska"
    finally:
        await prober.stop()


async def test_readers_killed_while_idle_are_replaced_unnoticed(prober: Prober, video: bytes) -> None:
    await asyncio.gather(*(prober.probe(video) for _ in range(8)))
    before = prober.pids
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    found = await asyncio.gather(*(prober.probe(video) for _ in range(8)))

    assert {probe.container for probe in found} == {"matroska"}
    assert not prober.pids & before


async def test_a_cancelled_probe_ends_its_reader_and_frees_its_place(video: bytes) -> None:
    prober = Prober(processes=1)
    await prober.start()
    try:
        [hanging] = prober.pids
        stop_readers(prober)
        probing = asyncio.create_task(prober.probe(video))
        await under_way(probing)
        probing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await probing

        assert (await prober.probe(video)).container == "matroska"
        assert hanging not in prober.pids
    finally:
        await prober.stop()


async def test_a_cancelled_wait_for_a_reader_costs_nothing(video: bytes) -> None:
    prober = Prober(processes=1)
    await prober.start()
    try:
        before = prober.pids
        stop_readers(prober)
        first = asyncio.create_task(prober.probe(video))
        waiting = asyncio.create_task(prober.probe(video))
        await under_way(waiting)
        waiting.cancel()
        for pid in before:
            os.kill(pid, signal.SIGCONT)

        assert (await first).container == "matroska"
        assert prober.pids == before
    finally:
        await prober.stop()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b'{"failed": "ran out of memory", "exhausted": true}', "ran out of memory"),
        (b"not json", "made no sense"),
        (b"[]", "made no sense"),
        (b"{}", "made no sense"),
        (b'{"probe": {"container": 5}}', "made no sense"),
        (b'{"probe": ' + b"[" * 100_000, "made no sense"),
        (b"\xff\xfe", "made no sense"),
    ],
)
async def test_a_reader_that_is_exhausted_or_talks_nonsense_is_replaced(
    prober: Prober, video: bytes, monkeypatch: pytest.MonkeyPatch, answer: bytes, reason: str
) -> None:
    async def reply(_: ReaderProcess, _path: bytes) -> bytes:
        return answer

    before = prober.pids
    with monkeypatch.context() as patch:
        patch.setattr(ReaderProcess, "ask", reply)
        with pytest.raises(ProbeFailed, match=reason):
            await prober.probe(video)

    assert len(prober.pids) == 1
    assert prober.pids < before
    found = await asyncio.gather(*(prober.probe(video) for _ in range(4)))
    assert {probe.container for probe in found} == {"matroska"}
    assert len(prober.pids) == 2


async def test_a_reader_is_replaced_after_its_share_of_files(video: bytes) -> None:
    prober = Prober(processes=1, files_per_process=2)
    await prober.start()
    try:
        seen: set[frozenset[int]] = set()
        for _ in range(6):
            await prober.probe(video)
            seen.add(prober.pids)

        assert len(seen) == 3
        assert all(len(pids) == 1 for pids in seen)
    finally:
        await prober.stop()


async def test_stop_ends_probes_under_way_and_those_that_wait(video: bytes) -> None:
    prober = Prober(processes=1)
    await prober.start()
    stop_readers(prober)
    probing = [asyncio.create_task(prober.probe(video)) for _ in range(3)]
    await under_way(probing[0])

    async with asyncio.timeout(GONE_LIMIT_S):
        await prober.stop()
        ends = await asyncio.gather(*probing, return_exceptions=True)

    assert {type(end) for end in ends} == {ProberUnavailable}
    assert prober.pids == frozenset()


async def test_a_prober_that_does_not_run_says_so(video: bytes) -> None:
    prober = Prober(processes=1)
    with pytest.raises(ProberUnavailable, match="not started"):
        await prober.probe(video)
    await prober.start()
    await prober.stop()
    with pytest.raises(ProberUnavailable, match="stopped"):
        await prober.probe(video)


async def test_start_and_stop_may_come_in_any_number_and_at_any_moment() -> None:
    for _ in range(4):
        prober = Prober(processes=2)
        starting = asyncio.create_task(prober.start())
        await asyncio.wait({starting}, timeout=random.uniform(0, 0.3))
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await prober.stop()
        await prober.stop()
        assert prober.pids == frozenset()


async def test_a_reader_that_cannot_start_is_not_the_files_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ProberUnavailable, match="cannot start a reader process"):
        await Prober(processes=2).start()


async def test_missing_pyav_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "av.py").write_text("raise ImportError('no module named av')")
    environment = {
        **process_module._environment(),
        "PYTHONPATH": f"{tmp_path}:{Path(process_module.__file__).parents[4]}",
    }
    monkeypatch.setattr(process_module, "_environment", lambda: environment)

    with pytest.raises(ProberUnavailable, match=r"PyAV cannot be loaded .*install revenge\[probe\]"):
        await Prober(processes=2).start()


async def test_a_reader_knows_no_secret_holds_no_socket_and_is_polite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:hunter2@h/d")
    prober = Prober(processes=1)
    with socket.socket() as connection:
        connection.set_inheritable(True)
        await prober.start()
        try:
            [pid] = prober.pids
            reader = psutil.Process(pid)

            assert "hunter2" not in str(reader.environ())
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            assert not [link for link in links if link.startswith("socket:")]
            assert reader.nice() == psutil.Process().nice() + 10
            assert reader.rlimit(psutil.RLIMIT_AS) == (1 << 30, 1 << 30)
            assert reader.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
            assert os.getsid(pid) != os.getsid(0)
        finally:
            await prober.stop()


def test_readers_die_with_a_parent_that_is_killed(video: bytes) -> None:
    program = (
        "import asyncio, sys\n"
        "from revenge.content.library.probe import Prober\n"
        "async def main():\n"
        "    prober = Prober(processes=2)\n"
        "    await prober.start()\n"
        "    print(*prober.pids, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=Path(__file__).parents[4])
    with parent:
        assert parent.stdout is not None
        readers = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        readers[0].suspend()
        parent.kill()

    assert len(readers) == 2
    _, alive = psutil.wait_procs(readers, timeout=GONE_LIMIT_S)
    assert alive == []


async def test_two_hundred_damaged_files_are_answered_and_the_pool_lives_on(
    prober: Prober, tmp_path: Path, video: bytes
) -> None:
    chance = random.Random(20261123)
    kinds = {"a.mkv": "h264", "a.mp4": "h264", "a.avi": "mpeg4", "a.ts": "h264", "a.webm": "vp9", "a.mpg": "mpeg2video"}
    originals = []
    for name, codec in kinds.items():
        sound = Sound(codec={"a.webm": "opus", "a.mpg": "mp2", "a.avi": "mp3"}.get(name, "aac"))
        make_video(tmp_path / name, codec=codec, frame_rate=25, width=96, height=64, seconds=0.2, audio=(sound,))
        originals.append((tmp_path / name).read_bytes())

    async def probe_damaged(number: int) -> Probe | str:
        damaged = bytearray(chance.choice(originals))
        if number % 3 == 0:
            del damaged[chance.randrange(len(damaged)) :]
        else:
            reach = min(len(damaged), chance.choice((500, 5000, len(damaged))))
            for _ in range(chance.choice((1, 5, 40))):
                damaged[chance.randrange(reach)] ^= 1 << chance.randrange(8)
        path = tmp_path / f"{number}.mkv"
        path.write_bytes(damaged)
        try:
            return await prober.probe(os.fsencode(path))
        except ProbeFailed as failed:
            return failed.reason

    before = prober.pids
    answers = await asyncio.gather(*(probe_damaged(number) for number in range(200)))

    reasons = [answer for answer in answers if isinstance(answer, str)]
    assert 20 < len(reasons) < 180
    assert [reason for reason in reasons if "did not understand" in reason or "crashed" in reason] == []
    assert (await prober.probe(video)).container == "matroska"
    assert prober.pids == before


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"processes": 0}, "processes must be at least 1, got 0"),
        ({"deadline": timedelta(0)}, "deadline must be positive, got 0:00:00"),
        ({"memory_limit_bytes": 1 << 20}, "memory_limit_bytes must be at least 268435456, got 1048576"),
        ({"files_per_process": 0}, "files_per_process must be at least 1, got 0"),
    ],
)
def test_limits_out_of_range_are_refused_by_name(limits: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Prober(**limits)  # type: ignore[arg-type]  # one limit at a time
