"""From arguments and options to a new row: what is not said falls back, once for all jobs of one kind."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import (
    BaseModel,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    computed_field,
    field_serializer,
    model_serializer,
)

from revenge.infra.jobs import ClientConfig, InsertOpts, InvalidJob, JobArgs, JobState, UniqueOpts
from revenge.infra.jobs.encoding import decode
from revenge.infra.jobs.insertion import Builder
from revenge.infra.jobs.unique import unique_key
from tests.fakes.engine import NOW, ActArgs


class Daily(JobArgs, kind="daily"):
    insert_opts = InsertOpts(queue="low", unique=UniqueOpts(by_period=timedelta(days=1)))
    number: int = 0


@pytest.fixture
def builder() -> Builder:
    return Builder(config=ClientConfig(max_attempts=9), now=NOW)


def test_what_nobody_says_is_rivers_and_the_clients(builder: Builder) -> None:
    row = builder.build(ActArgs(), None)
    shape = row.shape
    assert (shape.queue, shape.priority, shape.max_attempts, shape.state) == ("default", 1, 9, JobState.AVAILABLE)
    assert (shape.scheduled_at, shape.metadata, shape.tags, row.unique) == (NOW, "{}", (), None)


def test_a_time_of_another_zone_is_stored_in_utc(builder: Builder) -> None:
    at = datetime(2026, 5, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    row = builder.build(ActArgs(), InsertOpts(scheduled_at=at)).shape
    assert (row.scheduled_at, row.scheduled_at.tzinfo, row.state) == (at, UTC, JobState.SCHEDULED)


def test_gos_zero_time_is_now(builder: Builder) -> None:
    row = builder.build(ActArgs(), InsertOpts(scheduled_at=datetime.min.replace(tzinfo=UTC))).shape
    assert (row.scheduled_at, row.state) == (NOW, JobState.AVAILABLE)


def test_empty_unique_options_leave_the_classs_own(builder: Builder) -> None:
    of_class = builder.build(Daily(), InsertOpts(unique=UniqueOpts())).unique
    assert of_class == builder.build(Daily(), None).unique
    assert of_class is not None
    assert of_class != builder.build(Daily(), InsertOpts(unique=UniqueOpts(by_args=True))).unique


def test_a_period_is_that_of_the_time_it_is_scheduled_for(builder: Builder) -> None:
    today, tomorrow = NOW.replace(hour=23), NOW.replace(hour=23) + timedelta(days=1)
    keys = [builder.build(Daily(), InsertOpts(scheduled_at=at)).unique for at in (today, tomorrow)]
    assert keys[0] == builder.build(Daily(), None).unique != keys[1]


def test_arguments_are_each_jobs_own_though_options_are_shared(builder: Builder) -> None:
    opts = InsertOpts(tags=["a_tag"])
    rows = [builder.build(ActArgs(number=number), opts) for number in range(3)]
    assert [row.args for row in rows] == [f'{{"what":"","number":{number}}}' for number in range(3)]


def test_arguments_of_no_kind_say_how_to_name_one(builder: Builder) -> None:
    class Nameless(JobArgs):
        pass

    with pytest.raises(InvalidJob, match=r"class Nameless\(JobArgs, kind=\.\.\.\)"):
        builder.build(Nameless(), None)


class Careful(JobArgs, kind="careful"):
    insert_opts = InsertOpts(
        queue="low", priority=3, max_attempts=7, tags=["of_class"], scheduled_at=NOW, metadata={"a": 1}, pending=True
    )


def test_the_call_beats_the_class_and_the_class_the_client(builder: Builder) -> None:
    shape = builder.build(Careful(), None).shape
    assert (shape.queue, shape.priority, shape.max_attempts, shape.tags) == ("low", 3, 7, ["of_class"])
    assert (shape.scheduled_at, shape.state) == (NOW, JobState.SCHEDULED)
    later = NOW + timedelta(days=1)
    given = InsertOpts(queue="high", priority=1, max_attempts=1, tags=[], scheduled_at=later)
    shape = builder.build(Careful(), given).shape
    assert (shape.queue, shape.priority, shape.max_attempts, shape.tags) == ("high", 1, 1, [])
    assert shape.scheduled_at == later


def test_metadata_and_pending_are_the_calls_alone(builder: Builder) -> None:
    shape = builder.build(Careful(), None).shape
    assert (shape.metadata, shape.state) == ("{}", JobState.SCHEDULED)
    shape = builder.build(Careful(), InsertOpts(metadata={"b": [1]}, pending=True)).shape
    assert (shape.metadata, shape.state) == ('{"b":[1]}', JobState.PENDING)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"queue": ""}, "queue name must be 1 to 64 lower-case letters and digits.*got ''"),
        ({"queue": "x" * 65}, "queue name must be 1 to 64"),
        ({"queue": "Upper"}, "queue name must be"),
        ({"queue": "a__b"}, "separated by single"),
        ({"queue": "a_"}, "queue name must be"),
        ({"queue": "a\n"}, "queue name must be"),
        ({"queue": 7}, "queue name must be.*got 7"),
        ({"priority": 0}, "priority must be 1 to 4, got 0"),
        ({"priority": 5}, "priority must be 1 to 4, got 5"),
        ({"priority": "2"}, "priority must be 1 to 4, got '2'"),
        ({"priority": True}, "priority must be 1 to 4, got True"),
        ({"max_attempts": 0}, "max_attempts must be 1 to 32767, got 0"),
        ({"max_attempts": 32_768}, "max_attempts must be 1 to 32767, got 32768"),
        ({"max_attempts": 1.5}, "max_attempts must be 1 to 32767, got 1.5"),
        ({"scheduled_at": NOW.replace(tzinfo=None)}, "scheduled_at must be a datetime and needs a time zone"),
        ({"scheduled_at": "2026-01-01"}, "scheduled_at must be a datetime"),
        ({"scheduled_at": NOW.date()}, "scheduled_at must be a datetime"),
        (
            {"scheduled_at": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12)))},
            "scheduled_at must be within the years 1 to 9999 in UTC",
        ),
        (
            {"scheduled_at": datetime.min.replace(tzinfo=timezone(timedelta(hours=12)))},
            "scheduled_at must be within the years 1 to 9999 in UTC",
        ),
        ({"tags": "text"}, "tags must be a list of texts, got 'text'"),
        ({"tags": 7}, "tags must be a list of texts, got 7"),
        ({"tags": [7]}, "a tag has 3 to 255.*got 7"),
        ({"tags": ["ab"]}, "a tag has 3 to 255"),
        ({"tags": ["x" * 256]}, "a tag has 3 to 255"),
        ({"tags": ["a,b,c"]}, "a tag has 3 to 255"),
        ({"tags": ["-ab"]}, "neither begins nor ends with -"),
        ({"tags": ["ab-"]}, "neither begins nor ends with -"),
        ({"tags": ["abc\n"]}, "a tag has 3 to 255"),
        ({"tags": ["ünd"]}, "a tag has 3 to 255"),
        ({"queue": "a\ud800"}, "queue name must be"),
        ({"tags": ["a\ud800b"]}, "a tag has 3 to 255"),
        ({"unique": True}, r"unique must be UniqueOpts\(\.\.\.\), as UniqueOpts\(by_args=True\), got True"),
        ({"unique": UniqueOpts(by_state=5)}, "by_state must be a list of states, got 5"),  # type: ignore[arg-type]
        ({"metadata": [1]}, "metadata must be an object, got list"),
        ({"metadata": "{}"}, "metadata must be an object, got str"),
        ({"metadata": {"x": object()}}, "metadata has no JSON form"),
        ({"unique": UniqueOpts(by_period=timedelta(milliseconds=999))}, "less than 1 second"),
        ({"unique": UniqueOpts(exclude_kind=True, by_state=list(JobState))}, "exclude_kind requires"),
        ({"unique": UniqueOpts(by_args=True, by_state=[JobState.RUNNING])}, "missing: available, pending, scheduled"),
    ],
)
def test_an_option_beyond_its_limit_says_so(builder: Builder, fields: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidJob, match=says):
        builder.build(ActArgs(), InsertOpts(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"queue": "x" * 64},
        {"queue": "a-b_c|d9"},
        {"priority": 4},
        {"max_attempts": 32_767},
        {"tags": ["abc", "a-_9", "x" * 255, "_a_"]},
        {"tags": ("abc",)},
        {"metadata": {}},
        {"unique": UniqueOpts(by_period=timedelta(seconds=1))},
    ],
)
def test_an_option_at_its_limit_is_taken(builder: Builder, fields: dict[str, Any]) -> None:
    assert builder.build(ActArgs(), InsertOpts(**fields)).kind == "act"


def test_a_kind_has_rivers_length(builder: Builder) -> None:
    class Longest(JobArgs, kind="k" * 127):
        pass

    class TooLong(JobArgs, kind="k" * 128):
        pass

    assert builder.build(Longest(), None).kind == "k" * 127
    with pytest.raises(InvalidJob, match="a kind has at most 127 characters, got 128"):
        builder.build(TooLong(), None)


@pytest.mark.parametrize("kind", ["a\ud800b", "a\0b", 5])
def test_a_kind_that_the_database_can_not_hold_is_refused(builder: Builder, kind: Any) -> None:
    class Odd(JobArgs, kind=kind):
        pass

    with pytest.raises(InvalidJob, match="a kind is a text that the database can hold, got"):
        builder.build(Odd(), None)


def test_a_class_s_own_unique_is_checked_too(builder: Builder) -> None:
    class Wrong(JobArgs, kind="wrong"):
        insert_opts = InsertOpts(unique=True)  # type: ignore[arg-type]

    with pytest.raises(InvalidJob, match="unique must be UniqueOpts"):
        builder.build(Wrong(), None)


class Named(JobArgs, kind="named"):
    library_id: int = Field(default=1, alias="libraryId")
    where: dict[str, int] = Field(default_factory=dict)
    secret: str = Field(default="", exclude=True)
    dotted: int = Field(default=0, alias="a.b")


class Free(JobArgs, kind="free", extra="allow"):
    ratio: float = 0.5


class Counted(JobArgs, kind="counted"):
    @computed_field
    def twice(self) -> int:
        return 2


@pytest.mark.parametrize(
    ("by_args", "says"),
    [
        ("libraryId", "by_args must be True or a list of JSON names, got 'libraryId'"),
        (7, "by_args must be True or a list of JSON names, got 7"),
        ([7], r"by_args must be True or a list of JSON names, got \[7\]"),
        (["libary"], "Named has no argument 'libary' by its JSON name; it has a.b, libraryId, where"),
        (["library_id"], "no argument 'library_id' by its JSON name"),
        (["where.x", "were.x"], "no argument 'were.x'"),
        (["secret"], "no argument 'secret'"),
        ([""], "no argument ''"),
        (["where", "where.x"], "'where.x' is within 'where', which counts whole: leave one of them out"),
        (["where.x.y.z", "libraryId", "where.x"], "'where.x.y.z' is within 'where.x'"),
    ],
)
def test_a_misspelt_argument_of_a_unique_key_is_refused(builder: Builder, by_args: Any, says: str) -> None:
    with pytest.raises(InvalidJob, match=says):
        builder.build(Named(), InsertOpts(unique=UniqueOpts(by_args=by_args)))


@pytest.mark.parametrize(
    ("args", "by_args"),
    [
        (Named(), ["libraryId"]),
        (Named(), ("where.x",)),
        (Named(), {"a.b", "where"}),
        (Named(), ["where.x", "where.xy", "where.y.x", "where.x"]),
        (Named(), ["a.b", "where"]),
        (Free(), ["whatever"]),
        (Counted(), ["twice"]),
    ],
)
def test_an_argument_of_a_unique_key_is_known_by_its_json_name(builder: Builder, args: JobArgs, by_args: Any) -> None:
    assert builder.build(args, InsertOpts(unique=UniqueOpts(by_args=by_args))).unique is not None


def test_arguments_beyond_the_fields_are_written_as_go_would(builder: Builder) -> None:
    row = builder.build(Free.model_validate({"ratio": 1.0, "size": 2.0}), None)
    assert row.args == '{"ratio":1,"size":2}'


InJson = Annotated[int | None, PlainSerializer(lambda number: f"n{number}", when_used="json-unless-none")]


class OnlyInJson(JobArgs, kind="only_in_json"):
    number: int = 5

    @field_serializer("number", when_used="json")
    def in_json(self, number: int) -> str:
        return f"n{number}"


class Inside(BaseModel):
    number: int = 5

    @model_serializer(mode="wrap", when_used="json")
    def in_json(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {**write(self), "more": timedelta(seconds=1)}


class InJsonInside(JobArgs, kind="in_json_inside"):
    inner: Inside = Inside()
    plain: InJson = 5
    numbers: list[InJson] = Field([5, None])
    ratio: float = 2.0
    path: Path = Path("/x")

    @computed_field
    def counted(self) -> InJson:
        return 5


class Always(JobArgs, kind="always"):
    number: int = 5
    plain: Annotated[int, PlainSerializer(float)] = 5

    @field_serializer("number")
    def always(self, number: int) -> timedelta:
        return timedelta(seconds=number)


class Half(JobArgs, kind="half"):
    @computed_field
    def half(self) -> float:
        return 2.0


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (OnlyInJson(), '{"number":"n5"}'),
        (
            InJsonInside(),
            '{"inner":{"number":5,"more":1000000000},"plain":"n5","numbers":["n5",null],"ratio":2,"path":"/x","counted":"n5"}',
        ),
        (Always(), '{"number":5000000000,"plain":5}'),
        (Half(), '{"half":2}'),
    ],
)
def test_what_arguments_write_themselves_is_written_with_a_unique_key_and_without(
    builder: Builder, args: JobArgs, text: str
) -> None:
    unique = builder.build(args, InsertOpts(unique=UniqueOpts(by_args=True)))
    assert (builder.build(args, None).args, unique.args) == (text, text)
    assert unique.unique == unique_key(
        UniqueOpts(by_args=True), kind=args.kind, args=decode(text), queue="", scheduled_at=None, now=NOW
    )
