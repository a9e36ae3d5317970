"""A node in a process of its own, to be killed: ``python -m tests.fakes.node DSN CLIENT_ID [OPTION]...``.

Options: ``poll_only``, ``timeout=SECONDS``, ``rescue_after=SECONDS``.

It says ``ready`` when it works and ``held ID`` when it has a job to hold. Every job leaves a row in ``effects`` when it is
begun; some fail once, some snooze once, some ask to be held for ever.
"""

import asyncio
import logging
import signal
import sys
from datetime import timedelta

import asyncpg

from revenge.infra.jobs import Client, ClientConfig, Job, LinearRetry, Snooze, Workers
from tests.fakes.engine import ActArgs, Actor

TABLES = """
CREATE TABLE effects (job_id bigint, attempted_at timestamptz, node text, PRIMARY KEY (job_id, attempted_at));
CREATE TABLE ends (job_id bigint, state text);
CREATE FUNCTION note_end() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO ends VALUES (NEW.id, NEW.state); RETURN NULL; END $$;
CREATE TRIGGER note_end AFTER UPDATE ON river_job FOR EACH ROW
    WHEN (NEW.finalized_at IS NOT NULL AND OLD.finalized_at IS NULL) EXECUTE FUNCTION note_end();
"""
"""What the test makes before the first node starts."""


async def main(dsn: str, client_id: str, *options: str) -> None:
    """Work until told to stop."""
    given = dict(option.partition("=")[::2] for option in options)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=6, server_settings={"application_name": client_id})
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def behave(job: Job[ActArgs]) -> object:
        await pool.execute("INSERT INTO effects VALUES ($1, $2, $3)", job.id, job.attempted_at, client_id)
        match job.args.what:
            case "hold":
                print(f"held {job.id}", flush=True)  # noqa: T201 - what the test waits for
                await asyncio.Event().wait()
            case "fail once" if job.attempt == 1:
                raise ValueError("once")
            case "snooze once" if not job.metadata.get("snoozes"):
                return Snooze(timedelta(milliseconds=50))
        return None

    config = ClientConfig(
        client_id=client_id,
        queues={"default": 20},
        retry_policy=LinearRetry(step=timedelta(milliseconds=50)),
        poll_only="poll_only" in given,
        timeout=timedelta(seconds=float(given.get("timeout", 300))),
        rescue_after=timedelta(seconds=float(given.get("rescue_after", 3600))),
    )
    client = Client(
        pool, config=config, workers=Workers([Actor(behave)]), schema="public", listen=lambda: asyncpg.connect(dsn)
    )
    await client.start()
    print("ready", flush=True)  # noqa: T201 - as above
    await stop.wait()
    await client.stop()
    await pool.close()


if __name__ == "__main__":
    # That jobs fail once is what they are for.
    logging.getLogger("revenge.jobs").setLevel(logging.ERROR)
    asyncio.run(main(*sys.argv[1:]))
