"""Workers that a user brings: found in modules and files, and the documentation's own one really works."""

import hashlib
import sys
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from revenge.app.user_workers import WorkersNotFound, load_registry, load_workers
from revenge.infra.jobs import ClientConfig, JobState
from revenge.infra.jobs.client import Client

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "checksums.py"


@pytest.fixture(autouse=True)
def _forgotten_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each test import anew, and leave nothing behind."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("checksums", "mine", "empty", "wanting", "declared", "broken"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def _write(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.py"
    path.write_text(text)
    return str(path)


PREFIX = """
from revenge.infra.jobs import Job, JobArgs, Worker, Workers
class A(JobArgs, kind="a_kind"): ...
class AWorker(Worker[A]):
    def __init__(self, greeting): self.greeting = greeting
    async def work(self, job: Job[A]) -> None: ...
"""


async def test_the_documentation_s_worker_does_what_it_says(pool: asyncpg.Pool, tmp_path: Path) -> None:
    registry = load_registry([str(EXAMPLE)])
    args = registry.args_type("checksum")
    (tmp_path / "film.mkv").write_bytes(b"not really a film")
    client = Client(pool, config=ClientConfig(queues={"low": 1}), workers=registry)
    there = await client.insert(args.model_validate({"path": str(tmp_path / "film.mkv")}))
    again = await client.insert(args.model_validate({"path": str(tmp_path / "film.mkv")}))
    gone = await client.insert(args.model_validate({"path": str(tmp_path / "gone.mkv")}))
    await client.start()
    try:
        done = await client.wait(there.job.id, timeout=timedelta(seconds=20))
        failed = await client.wait(gone.job.id, timeout=timedelta(seconds=20))
    finally:
        await client.stop()
    assert done.state is JobState.COMPLETED
    assert done.output == {"sha256": hashlib.sha256(b"not really a film").hexdigest(), "size_bytes": 17}
    assert again.duplicate
    assert failed.state is JobState.CANCELLED
    assert "there is no file" in failed.errors[-1].error


def test_documentation_shows_the_example_as_it_is() -> None:
    page = (EXAMPLE.parents[1] / "writing-a-worker.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    said = [line.strip() for line in code.splitlines() if line.strip()]
    real = EXAMPLE.read_text()
    assert [line for line in said if line not in real] == []


def test_module_may_declare_workers_that_want_arguments(tmp_path: Path) -> None:
    path = _write(tmp_path, "declared", PREFIX + "workers = Workers([AWorker('hello')])")
    (worker,) = load_workers(path)
    assert worker.greeting == "hello"  # type: ignore[attr-defined]  # the class is the module's


def test_importable_module_of_the_working_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, "mine", PREFIX.replace("def __init__(self, greeting): self.greeting = greeting", "pass"))
    monkeypatch.chdir(tmp_path)
    assert load_registry(["mine"]).kinds == ["a_kind"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("empty", "", "defines no workers"),
        ("wanting", PREFIX, "cannot be made without arguments"),
        ("broken", "import nonsense_that_is_not_there", "cannot be imported"),
        ("misspelt", "x = 1\ndef f(:\n", r"misspelt\.py line 2: .*SyntaxError: invalid syntax"),
        ("raising", "x = 1\ny = x / 0\n", r"raising\.py line 2: .*ZeroDivisionError: division by zero"),
    ],
)
def test_module_without_usable_workers_is_told_in_words(tmp_path: Path, name: str, text: str, told: str) -> None:
    with pytest.raises(WorkersNotFound, match=told):
        load_workers(_write(tmp_path, name, text))


def test_file_that_is_not_there_is_told_in_words() -> None:
    with pytest.raises(WorkersNotFound, match="there is no file"):
        load_workers("nowhere.py")
