"""Arguments that a kind cannot read end a job; a worker that meets bad data does not."""

from pydantic import ValidationError

from revenge.app.bad_args import BadArgs
from revenge.infra.jobs import Cancel, Job
from tests.fakes.engine import ActArgs, claim


def wrong() -> ValidationError:
    try:
        ActArgs.model_validate({"number": "many"})
    except ValidationError as error:
        return error
    raise AssertionError


async def test_arguments_of_another_shape_are_not_tried_again() -> None:
    assert isinstance(await BadArgs().handle_error(Job.undecoded(claim()), wrong()), Cancel)


async def test_what_fails_in_the_work_is_left_to_the_retries() -> None:
    assert await BadArgs().handle_error(Job(claim(), ActArgs()), wrong()) is None
    assert await BadArgs().handle_error(Job.undecoded(claim()), ValueError()) is None
