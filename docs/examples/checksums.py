"""A worker of one's own: the SHA-256 of a file. Run it with ``revenge worker --workers docs/examples/checksums.py``."""

import hashlib
from datetime import timedelta
from pathlib import Path

from revenge.infra.jobs import UNFINISHED, Cancel, InsertOpts, Job, JobArgs, Queue, UniqueOpts, Worker

BLOCK_BYTES = 1 << 20


class ChecksumArgs(JobArgs, kind="checksum"):
    """The file to read."""

    path: str
    insert_opts = InsertOpts(
        queue=Queue.LOW,
        max_attempts=3,
        unique=UniqueOpts(by_args=True, by_state=UNFINISHED),  # one at a time for each file
    )


class ChecksumWorker(Worker[ChecksumArgs]):
    """Reads a file in a thread, since ``work`` is no coroutine."""

    timeout = timedelta(minutes=10)

    def work(self, job: Job[ChecksumArgs]) -> object:
        """Return the checksum, which becomes the job's output; whatever is raised is retried."""
        path = Path(job.args.path)
        if not path.is_file():
            return Cancel(f"there is no file {path}")
        total, done, digest = path.stat().st_size, 0, hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
                done += len(block)
                job.report_progress(phase="reading", current=done, total=total, message=path.name)
        return {"sha256": digest.hexdigest(), "size_bytes": done}
