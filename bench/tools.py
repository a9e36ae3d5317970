"""The programs that a measurement needs, made when first asked for; what can't be had says why."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.interop.peer import NoGo, build

HERE = Path(__file__).parent
CACHE = HERE.parent / ".cache" / "bench"


class Unavailable(Exception):
    """A peer can't be had on this machine; the text says why."""


class Tools:
    """Where the programs are."""

    revenge = Path(sys.executable).with_name("revenge")

    @cache  # noqa: B019 - there is one for the whole run
    def go_program(self) -> Path:
        """Return River's program.

        Raises:
            Unavailable: it can't be built.
        """
        try:
            return build(HERE / "go", name="bench")
        except NoGo as error:
            raise Unavailable(str(error)) from error

    @cache  # noqa: B019 - as above
    def peers_python(self) -> Path:
        """Return the Python of the peers' own environment.

        Raises:
            Unavailable: their packages can't be had.
        """
        home, locked = CACHE / "venv", HERE / "peers" / "locked.txt"
        uv = HERE.parent / ".cache" / "uv" / "bin" / "uv"
        python = home / "bin" / "python"
        mark = home / ".locked"
        if not (mark.is_file() and mark.read_text() == locked.read_text()):
            _run([str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(home)])
            _run([str(uv), "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(locked)])
            mark.write_text(locked.read_text())
        return python

    @cache  # noqa: B019 - as above
    def node(self, folder: Path) -> list[str]:
        """Return how Node runs a program in ``folder``, whose packages are installed.

        Raises:
            Unavailable: there is no Node, or its packages can't be had.
        """
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            message = "no node and npm on the path"
            raise Unavailable(message)
        home = CACHE / "node"
        locked = (folder / "package-lock.json").read_text()
        mark = home / ".locked"
        if not (mark.is_file() and mark.read_text() == locked):
            home.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(folder / name, home / name)
            _run([npm, "ci", "--prefix", str(home), "--no-audit", "--no-fund", "--loglevel", "error"])
            mark.write_text(locked)
        return ["/usr/bin/env", f"NODE_PATH={home / 'node_modules'}", node]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-500:]}"
        raise Unavailable(message)
