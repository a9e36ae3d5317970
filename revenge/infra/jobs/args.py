"""The arguments of a kind of job, and the JSON that they are stored as."""

from collections.abc import Callable, Sequence
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticSerializationError

from revenge.infra.jobs.encoding import encode
from revenge.infra.jobs.models import InsertOpts

if TYPE_CHECKING:
    from revenge.infra.jobs.plugins import Plugin


_NO_UUID = UUID(int=0)


def omitempty(default: Any = None, *, factory: Callable[[], Any] | None = None) -> Any:
    """Return a field that JSON leaves out when it is empty, as Go does with its tag ``omitempty``."""
    if factory is not None:
        return Field(default_factory=factory, exclude_if=_is_empty)
    return Field(default=default, exclude_if=_is_empty)


def _is_empty(value: object) -> bool:
    return value is None or value is False or value in (0, "", (), [], {})


def _no_uuid(value: object) -> object:
    return None if value in ("", str(_NO_UUID), _NO_UUID) else value


OptionalUuid = Annotated[UUID | None, BeforeValidator(_no_uuid)]
"""A UUID or none; Go writes one of zeros where it has none, since arrays are never empty to its JSON."""


class JobArgs(BaseModel):
    """The arguments of one kind of job: ``class ScanArgs(JobArgs, kind="movie_library_scan")`` and typed fields.

    Fields are stored under their aliases, so that Go's JSON names can be kept. Unknown keys are ignored when a row is
    read, as Go does; the HTTP API and the command line refuse them.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True, extra="ignore")

    kind: ClassVar[str]
    insert_opts: ClassVar[InsertOpts] = InsertOpts()
    """How jobs of this kind are inserted when the call does not say."""
    plugins: "ClassVar[Sequence[Plugin]]" = ()
    """What happens around inserting and working jobs of this kind; after the client's own plugins."""

    _is_plain: ClassVar[bool] = False
    wire_names: ClassVar[frozenset[str] | None] = None
    """The JSON names of the fields; None: they follow from the values, as with ``extra="allow"``."""

    def __init_subclass__(cls, *, kind: str | None = None, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        if kind is not None:
            cls.kind = kind

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        takes_all = cls.model_config.get("extra") == "allow"
        cls._is_plain = not takes_all and all(_is_plain(field.annotation) for field in cls.model_fields.values())
        made = cls.__pydantic_decorators__
        cls.wire_names = (
            None
            if takes_all or made.computed_fields or made.model_serializers or not cls.__pydantic_complete__
            else frozenset(
                field.serialization_alias or name for name, field in cls.model_fields.items() if not field.exclude
            )
        )

    def why_never(self) -> str | None:
        """Return why a job with these can never be done, None where it may be.

        Asked when one is inserted, which is refused with that text (``InvalidJob``; 422 over HTTP). Rows that others write
        are not asked for: a worker that may meet them asks itself, and returns ``Cancel``.
        """
        return None

    def wire_text(self) -> str:
        """Return the arguments as the JSON text that is stored, with the values that Go would write."""
        # pydantic's own writer is five times as fast, and writes these types as Go does but for escapes, which
        # PostgreSQL's jsonb undoes.
        if self._is_plain:
            try:
                return self.model_dump_json(by_alias=True)
            except PydanticSerializationError:
                # Text that is no UTF-8: Go writes U+FFFD, and so does `encode`.
                pass
        return encode(self.model_dump(by_alias=True))


def _is_plain(annotation: Any) -> bool:
    """Whether JSON has one spelling for such values: not for floats, times, durations and bytes."""
    if annotation in (str, int, bool, UUID, None, type(None)):
        return True
    arguments = get_args(annotation)
    return get_origin(annotation) in (list, tuple, dict, Union, UnionType) and all(
        argument is Ellipsis or _is_plain(argument) for argument in arguments
    )
