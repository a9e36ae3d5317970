"""What is measured, of whom, and with which command."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench.tools import Tools, Unavailable

PEERS = Path(__file__).with_name("peers")
NODE = Path(__file__).with_name("node")
Command = Callable[[Tools], list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One program, run once a round on a database of its own."""

    label: str
    command: Command
    needs_river: bool = False
    """River's tables are to be there before."""
    is_lean: bool = False
    """Without the indexes that no engine reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Runs that are compared with each other."""

    key: str
    title: str
    figures: dict[str, str]
    """The JSON's keys with their headings, in order."""
    runs: list[Run] = field(default_factory=list)
    ratio: str = ""
    """The figure whose ratios to the first run are shown."""


def revenge(*words: str) -> Command:
    """Return our own command."""
    return lambda tools: [str(tools.revenge), "--json", "bench", *words]


def river(*words: str) -> Command:
    """Return River's in Go, built when that is new."""
    return lambda tools: [str(tools.go_program()), *words]


def python(program: str, *words: str) -> Command:
    """Return a Python peer's, in the peers' own environment."""
    return lambda tools: [str(tools.peers_python()), str(PEERS / program), *words]


def graphile(*words: str) -> Command:
    """Return graphile-worker's, in Node."""
    return lambda tools: [*tools.node(NODE), str(NODE / "graphile.js"), *words]


def limit(label: str, *words: str, is_lean: bool = False) -> Run:
    """Return River's statements without an engine."""
    return Run(label=label, command=python("limit_run.py", *words), needs_river=True, is_lean=is_lean)


def sections(n: int) -> list[Section]:
    """Return everything, with ``n`` jobs where many are drained."""
    many, few, slow = str(n), str(n // 5), str(max(n // 50, 500))
    drain = {"settled_per_s": "settled/s", "client_cpus": "client CPUs", "insert_per_s": "inserted/s", "rss_mb": "MB"}
    waits = {"p50_ms": "p50 ms", "p95_ms": "p95 ms", "p99_ms": "p99 ms"}
    commit = {f"commit_{key}": title for key, title in waits.items()}
    lat = {f"lat_{key}": title for key, title in waits.items()}
    return [
        Section(
            key="drain-2000",
            title=f"{n:,} jobs that do nothing, one process, 2,000 at once",
            figures=drain,
            ratio="settled_per_s",
            runs=[
                Run(label="Revenge", command=revenge("drain", "--n", many, "--workers", "2000")),
                Run(label="River in Go", command=river("-mode", "drain", "-n", many, "-workers", "2000")),
                limit("the SQL alone", "drain", "--n", many, "--workers", "1000"),
            ],
        ),
        Section(
            key="drain-100",
            title=f"{n:,} jobs, one process, 100 at once",
            figures=drain,
            ratio="settled_per_s",
            runs=[
                Run(label="Revenge", command=revenge("drain", "--n", many, "--workers", "100")),
                Run(label="River in Go", command=river("-mode", "drain", "-n", many, "-workers", "100")),
                limit("the SQL alone, 2 x 50 rows", "drain", "--n", many, "--workers", "50", "--pairs", "2"),
            ],
        ),
        Section(
            key="drain-lean",
            title=f"{n:,} jobs, lean, 2,000 at once",
            figures=drain,
            ratio="settled_per_s",
            runs=[
                Run(label="Revenge", command=revenge("drain", "--lean", "--n", many, "--workers", "2000")),
                Run(label="River in Go", command=river("-mode", "drain", "-lean", "-n", many, "-workers", "2000")),
                limit("the SQL alone", "drain", "--n", many, "--workers", "1000", is_lean=True),
            ],
        ),
        Section(
            key="drain-50",
            title=f"{int(few):,} jobs ({int(slow):,} with Procrastinate), 50 at once",
            figures=drain,
            ratio="settled_per_s",
            runs=[
                Run(label="Revenge", command=revenge("drain", "--n", few, "--workers", "50")),
                Run(label="PgQueuer", command=python("pgqueuer_run.py", "drain", "--n", few, "--workers", "50")),
                limit("the SQL alone, 2 x 25 rows", "drain", "--n", few, "--workers", "25", "--pairs", "2"),
                Run(label="graphile-worker", command=graphile("drain", few, "50")),
                Run(
                    label="Procrastinate",
                    command=python("procrastinate_run.py", "drain", "--n", slow, "--workers", "50"),
                ),
            ],
        ),
        Section(
            key="default5",
            title="five queues of 20, 15, 10, 5 and 3 workers, defaults (5,000 jobs, 1,000 with River)",
            figures=drain,
            ratio="settled_per_s",
            runs=[
                Run(label="Revenge", command=revenge("default5", "--n", "5000")),
                Run(label="River in Go", command=river("-mode", "default5", "-n", "1000")),
            ],
        ),
        Section(
            key="latency",
            title="from commit to start at 300 single inserts a second",
            figures=commit,
            runs=[
                Run(label="Revenge, defaults", command=revenge("latency", "--n", "2400")),
                Run(label="River in Go, defaults", command=river("-mode", "latency", "-n", "2400", "-workers", "50")),
                Run(
                    label="River in Go, cooldown 1 ms",
                    command=river("-mode", "latency", "-n", "2400", "-workers", "50", "-cooldown", "1ms"),
                ),
            ],
        ),
        Section(
            key="idle",
            title="one job alone, from before its insert to its start",
            figures=lat,
            runs=[
                Run(label="Revenge, defaults", command=revenge("idle")),
                limit("the SQL alone", "idle", "--n", "100"),
                Run(label="River in Go, defaults", command=river("-mode", "idle", "-n", "100", "-workers", "50")),
                Run(
                    label="River in Go, cooldown 1 ms",
                    command=river("-mode", "idle", "-n", "100", "-workers", "50", "-cooldown", "1ms"),
                ),
                Run(label="PgQueuer", command=python("pgqueuer_run.py", "idle", "--n", "100")),
                Run(label="graphile-worker", command=graphile("idle", "100", "50")),
                Run(label="Procrastinate", command=python("procrastinate_run.py", "idle", "--n", "100")),
            ],
        ),
        Section(
            key="steady",
            title="single inserts as fast as they are worked, then from commit to start at 80 % of that",
            figures={"most_per_s": "most/s", **commit},
            runs=[
                Run(label="Revenge", command=revenge("steady")),
                Run(label="River in Go, defaults", command=river("-mode", "steady", "-workers", "100")),
                Run(
                    label="River in Go, cooldown 1 ms",
                    command=river("-mode", "steady", "-workers", "100", "-cooldown", "1ms"),
                ),
            ],
        ),
        Section(
            key="insert",
            title="inserts of typed arguments in batches of 1,000",
            figures={
                "insert_many_per_s": "many/s",
                "insert_many_read_per_s": "many, each looked at/s",
                "insert_fast_per_s": "fast (COPY)/s",
                "raw_copy_per_s": "raw COPY/s",
            },
            runs=[
                Run(label="Revenge", command=revenge("insert", "--n", many)),
                Run(label="River in Go", command=river("-mode", "insert", "-n", many)),
            ],
        ),
    ]


def once(n: int) -> list[Section]:
    """Return what is ours alone and measured once."""
    return [
        Section(
            key="quiet",
            title="a started node that has nothing to do",
            figures={"transactions_per_s": "transactions/s", "rss_mb": "MB"},
            runs=[Run(label="Revenge", command=revenge("quiet", "--seconds", "30"))],
        ),
        Section(
            key="bigtable",
            title=f"{n * 10:,} finished and {n:,} waiting rows beside the jobs, against an empty table",
            figures={
                "ratio": "ratio",
                "big_settled_per_s": "settled/s, large",
                "empty_settled_per_s": "settled/s, empty",
                "list_ms": "list ms",
                "queues_ms": "queues ms",
            },
            runs=[Run(label="Revenge", command=revenge("bigtable", "--n", str(n * 10)))],
        ),
        Section(
            key="names",
            title="reading file names, one core",
            figures={"names_per_s": "names/s"},
            runs=[Run(label="Revenge", command=revenge("parse"))],
        ),
        Section(
            key="walk",
            title=f"walking a tree of {n:,} files, beside `find -printf`",
            figures={"walk_files_per_s": "files/s", "find_files_per_s": "find, files/s", "walk_to_find": "ratio"},
            runs=[Run(label="Revenge", command=revenge("walk", "--files", str(n)))],
        ),
        Section(
            key="scan",
            title="scanning a library of sparse files, probing off",
            figures={"first_files_per_s": "first time, files/s", "again_files_per_s": "again, files/s", "rss_mb": "MB"},
            runs=[Run(label="Revenge", command=revenge("scan", "--files", str(n)))],
        ),
        Section(
            key="probe",
            title="probing small real files, two readers",
            figures={"probed_files_per_s": "files/s"},
            runs=[Run(label="Revenge", command=revenge("probe"))],
        ),
    ]


__all__ = ["Run", "Section", "Unavailable", "once", "sections"]
