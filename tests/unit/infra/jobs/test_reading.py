"""A row's arguments are read as they were written: spans of time and bytes too, wherever they are."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import (
    AfterValidator,
    Base64Bytes,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    field_serializer,
    field_validator,
)
from typing_extensions import TypeAliasType, TypedDict

from revenge.infra.jobs import InvalidJob, JobArgs
from revenge.infra.jobs.reading import row_reader
from tests.fakes.engine import ActArgs

SPAN = timedelta(seconds=5, microseconds=1)
Pause = TypeAliasType("Pause", timedelta)


class Inner(BaseModel):
    type: timedelta = SPAN
    default: dict[str, Any] = {"type": "timedelta"}
    more: "list[Inner]" = []


class Sub(Inner):
    blob: bytes = b"\xff\x00"


class Waits(BaseModel):
    what: Literal["waits"] = "waits"
    span: timedelta = SPAN


class Holds(BaseModel):
    what: Literal["holds"] = "holds"
    blob: bytes = b"abc"


@dataclass
class Plain:
    spans: list[timedelta] = field(default_factory=lambda: [SPAN])


class Keyed(TypedDict):
    blob: bytes


class Pair(NamedTuple):
    name: str
    span: timedelta


class Everything(JobArgs, kind="everything"):
    span: timedelta = Field(SPAN, alias="spanOf", le=timedelta(days=1))
    blob: Annotated[bytes, Field(max_length=3)] = b"abc"
    spans: list[timedelta] = Field([SPAN, -SPAN])
    blobs: tuple[bytes, ...] = (b"", b"\xff")
    mapped: dict[str, frozenset[bytes]] = Field({"a": frozenset({b"x"})})
    keyed: dict[timedelta, int] = Field({SPAN: 1, timedelta(days=1): 2})
    perhaps: timedelta | None = SPAN
    nothing: bytes | None = None
    either: timedelta | str = SPAN
    text: timedelta | str = "PT5S is a text"
    chosen: Annotated[Waits | Holds, Field(discriminator="what")] = Holds()
    inner: Inner = Inner(more=[Inner(type=timedelta(0))])
    sub: Sub = Sub(blob=b"\x00")
    plain: Plain = Field(default_factory=Plain)
    typed: Keyed = Keyed(blob=b"abc")
    pair: Pair = Pair("a", SPAN)
    pauses: list[Pause] = Field([SPAN])
    twice: Base64Bytes = b"YWJj"
    again: "Everything | None" = None


def whole_seconds(span: timedelta) -> int:
    return int(span.total_seconds())


class WritesItself(JobArgs, kind="writes_itself"):
    wait: Annotated[timedelta, PlainSerializer(whole_seconds)]
    pause: timedelta = timedelta(seconds=7)
    data: Annotated[bytes, PlainSerializer(bytes.decode)]
    span: timedelta = SPAN

    @field_serializer("pause")
    def _pause(self, value: timedelta) -> int:
        return whole_seconds(value)


class Mixed(JobArgs, kind="mixed"):
    text: str | bytes
    perhaps: bytes | str | None
    number: float | timedelta
    count: timedelta | int | None
    span: timedelta = SPAN


@pytest.mark.parametrize(
    "args",
    [
        WritesItself(wait=timedelta(seconds=5), data=b"abcd"),
        Mixed(text="data", perhaps="YWJj", number=30.0, count=30),
        Mixed(text="data", perhaps=None, number=0.5, count=None),
    ],
)
def test_what_a_class_writes_itself_and_what_json_does_not_tell_apart_is_read_as_it_was(args: JobArgs) -> None:
    assert row_reader(type(args))(args.wire_text()) == args


class Hidden(JobArgs, kind="hidden"):
    model_config = ConfigDict(hide_input_in_errors=True)

    span: timedelta
    number: int


def test_a_class_that_hides_what_it_was_given_does_so() -> None:
    with pytest.raises(ValidationError) as refused:
        row_reader(Hidden)('{"span":1,"number":"hunter2"}')
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "args",
    [
        Everything(),
        Everything(spanOf=timedelta(0), either="x", chosen=Waits(), again=Everything(blob=b"\xff\x00\n")),
    ],
)
def test_spans_and_bytes_come_back_as_they_were_wherever_they_are(args: Everything) -> None:
    assert row_reader(Everything)(args.wire_text()) == args


def test_a_class_without_any_is_read_by_its_own_validator() -> None:
    assert row_reader(ActArgs) == ActArgs.__pydantic_validator__.validate_json


class Spans(JobArgs, kind="spans"):
    span: timedelta = timedelta(0)
    blob: bytes = b""


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1999", timedelta(microseconds=1)),
        ("-1999", timedelta(microseconds=-1)),
        ("9223372036854775807", timedelta(microseconds=2**63 // 1000)),
        ('"PT5S"', timedelta(seconds=5)),
        ('"00:00:05"', timedelta(seconds=5)),
    ],
)
def test_of_nanoseconds_whole_microseconds_are_kept_and_texts_are_as_pydantic_has_them(
    text: str, span: timedelta
) -> None:
    assert row_reader(Spans)(f'{{"span":{text}}}') == Spans(span=span)


@pytest.mark.parametrize("text", ['{"span":1' + "0" * 30 + "}", '{"blob":"no base64"}', '{"blob":"YQ"}'])
def test_what_is_no_span_and_no_base64_does_not_fit(text: str) -> None:
    with pytest.raises(ValidationError):
        row_reader(Spans)(text)


def test_what_a_validator_of_the_class_has_made_stays() -> None:
    class Own(JobArgs, kind="own"):
        span: Annotated[timedelta, BeforeValidator(lambda seconds: timedelta(seconds=seconds))]
        blob: bytes
        twice: Annotated[timedelta, AfterValidator(lambda span: span * 2)]

        @field_validator("blob", mode="before")
        @classmethod
        def of_hex(cls, text: str) -> bytes:
            return bytes.fromhex(text)

    read = row_reader(Own)('{"span":5,"blob":"ff00","twice":1000}')
    assert read == Own.model_construct(span=timedelta(seconds=5), blob=b"\xff\x00", twice=timedelta(microseconds=2))


class Early(JobArgs, kind="early"):
    late: "Late"


class Late(BaseModel):
    span: timedelta


def test_a_class_that_waits_for_a_name_is_completed() -> None:
    assert row_reader(Early)('{"late":{"span":1000}}') == Early(late=Late(span=timedelta(microseconds=1)))


def test_an_init_of_its_own_that_would_read_seconds_is_refused() -> None:
    class Made(JobArgs, kind="made"):
        span: timedelta

        def __init__(self, **fields: Any) -> None:
            super().__init__(**fields)

    with pytest.raises(InvalidJob, match="Made has an __init__ of its own"):
        row_reader(Made)
