"""The documented tests that have a database pass on one."""

from pathlib import Path

from tests.fakes.stranger import move_in, run


async def test_the_documented_tests_pass_on_a_database(database: str, tmp_path: Path) -> None:
    project = move_in(tmp_path, "welcome.py", "test_welcome.py", "test_welcome_database.py")
    done = run(project, "pytest", "-q", "-p", "no:cacheprovider", "test_welcome_database.py", DATABASE_URL=database)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
