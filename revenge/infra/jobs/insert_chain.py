"""What plugins do around the inserts of a client, in River's order; the order is in ``plugins.py``."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from revenge.infra.jobs.args import JobArgs
from revenge.infra.jobs.encoding import decode, encode
from revenge.infra.jobs.errors import InvalidJob
from revenge.infra.jobs.insertion import NewJob, Shape
from revenge.infra.jobs.models import InsertResult
from revenge.infra.jobs.plugins import JobInsertParams, PluginSet, look_up_args


class InsertChain:
    """The calls around the inserts of one client."""

    def __init__(self, plugins: PluginSet) -> None:
        self._plugins = plugins
        self._of_type: dict[type[JobArgs], PluginSet] = {}

    def applies(self, args_types: Iterable[type[JobArgs]]) -> bool:
        """Whether jobs with such arguments are inserted through any plugin.

        Raises:
            InvalidPlugin: a class has a plugin that is none.
        """
        return self._plugins.extends_insert or any(self._of(args_type).extends_insert for args_type in args_types)

    async def run(
        self,
        rows: Sequence[NewJob],
        args: Sequence[JobArgs],
        insert: Callable[[Sequence[NewJob]], Awaitable[Sequence[InsertResult]]],
    ) -> Sequence[InsertResult]:
        """Let plugins have their say about ``rows``, made of ``args``, then ``insert`` them; return what they return.

        Raises:
            InvalidJob: what a plugin put into a job has no JSON form.
        """
        jobs = tuple(_params(row, one) for row, one in zip(rows, args, strict=True))

        async def inner() -> Sequence[InsertResult]:
            for job, one in zip(jobs, args, strict=True):
                for begin in (*self._plugins.insert_begin, *self._of(type(one)).insert_begin):
                    await begin(job)
            return await insert([_row(job, row, one) for job, row, one in zip(jobs, rows, args, strict=True)])

        call: Callable[[], Awaitable[Sequence[InsertResult]]] = inner
        kinds = dict.fromkeys(map(type, args))
        arounds = [*self._plugins.around_insert, *(around for kind in kinds for around in self._of(kind).around_insert)]
        for around in reversed(arounds):
            call = partial(around, jobs, call)
        return await call()

    def _of(self, args_type: type[JobArgs]) -> PluginSet:
        found = self._of_type.get(args_type)
        if found is None:
            found = self._of_type[args_type] = look_up_args(args_type)
        return found


def _params(row: NewJob, args: JobArgs) -> JobInsertParams:
    shape = row.shape
    return JobInsertParams(
        args=args,
        kind=shape.kind,
        queue=shape.queue,
        state=shape.state,
        priority=shape.priority,
        max_attempts=shape.max_attempts,
        scheduled_at=shape.scheduled_at,
        metadata=decode(shape.metadata),
        tags=list(shape.tags),
    )


def _row(job: JobInsertParams, row: NewJob, args: JobArgs) -> NewJob:
    try:
        metadata = encode(job.metadata)
        text = row.args if job.args is args else job.args.wire_text()
    except (TypeError, ValueError, RecursionError) as error:
        message = f"what a plugin put into a job of kind {job.kind!r} has no JSON form: {error}"
        raise InvalidJob(message) from error
    shape = Shape(
        kind=job.kind,
        queue=job.queue,
        state=job.state,
        priority=job.priority,
        max_attempts=job.max_attempts,
        scheduled_at=job.scheduled_at,
        metadata=metadata,
        tags=job.tags,
    )
    return NewJob(shape, text, row.unique)
