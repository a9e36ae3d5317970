"""The house's own rules: floors that bite, small modules, docstrings, locks that name no host."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "revenge"
MAX_LINES = 400

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts)


def _lint(tree: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree with our rules and our packages, but without their content."""
    tree = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", tree)
    for path in MODULES:
        if path.name == "__init__.py":
            copy = tree / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.touch()
    return tree


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("infra/telemetry/intruder.py", "import revenge.app", "app over content"),
        ("infra/database/intruder.py", "import revenge.content.library", "app over content"),
        ("content/movie/intruder.py", "import revenge.app.cli", "app over content"),
        ("content/movie/intruder.py", "import revenge.integration", "app over content"),
        ("integration/intruder.py", "import revenge.service", "app over content"),
        ("service/intruder.py", "import revenge.content", "app over content"),
        ("infra/jobs/intruder.py", "import revenge.infra.database", "the engine imports nothing"),
        ("infra/jobs/maintenance/intruder.py", "import revenge.infra.telemetry", "the engine imports nothing"),
        ("infra/jobs/intruder.py", "import revenge.content", "the engine imports nothing"),
        ("content/library/intruder.py", "import dependency_injector", "dependency-injector is known"),
        ("infra/jobs/intruder.py", "from dependency_injector import providers", "dependency-injector is known"),
    ],
)
def test_each_import_contract_bites(house: Path, module: str, line: str, contract: str) -> None:
    intruder = house / "revenge" / module
    intruder.write_text(line + "\n")
    try:
        done = _lint(house)
    finally:
        intruder.unlink()
    broken = [text for text in done.stdout.splitlines() if "BROKEN" in text]
    assert done.returncode == 1, done.stdout + done.stderr
    assert any(contract in text for text in broken), done.stdout


def test_a_house_without_intruders_keeps_every_contract(house: Path) -> None:
    done = _lint(house)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_dependency_injector_is_imported_by_the_container_alone() -> None:
    importers = {
        path.relative_to(PACKAGE).as_posix()
        for path in MODULES
        if re.search(r"^\s*(?:from|import) dependency_injector\b", path.read_text(), re.MULTILINE)
    }
    assert importers == {"app/injector.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_module_begins_by_saying_what_it_is(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text()))
    assert told, f"{path.relative_to(ROOT)} has no docstring"
    assert told.splitlines()[0].endswith((".", ":")), f"{path.relative_to(ROOT)}: the first line is no sentence"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_module_is_longer_than_a_person_reads_at_once(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= MAX_LINES, f"{path.relative_to(ROOT)} has {lines} lines: give its second noun a module of its own"


@pytest.mark.parametrize("path", sorted((ROOT / "locks").glob("*.txt")), ids=lambda path: path.name)
def test_locks_pin_by_hash_and_name_no_host(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"://|--(?:extra-)?index-url|--find-links|--trusted-host", text)
    pinned = re.findall(r"^[A-Za-z0-9][^\s;]*==", text, re.MULTILINE)
    assert pinned, "the lock pins nothing"
    assert text.count("--hash=sha256:") >= len(pinned)


def test_locks_that_carry_hosts_are_not_tracked() -> None:
    git = shutil.which("git")
    listed = git and subprocess.run([git, "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if not listed or listed.returncode:
        pytest.skip("no git, or no repository here")
    names = {Path(name).name for name in listed.stdout.splitlines()}
    assert not names & {"uv.lock", "pylock.toml"}


def test_no_statement_hides_in_python() -> None:
    """SQL lives in ``sql/*.sql`` and in migrations; what asks the server about itself may stand in code."""
    statement = re.compile(
        r"^\s*(?:WITH\b.*\bAS\b|INSERT INTO|UPDATE \S+ SET|DELETE FROM|SELECT\b.+\bFROM)\s(?!pg_)", re.DOTALL
    )
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and statement.match(node.value)
    ]
    assert not found
