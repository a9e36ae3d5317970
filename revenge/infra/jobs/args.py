"""The arguments of a kind of job, and the JSON that they are stored as."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WrapSerializer
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, SchemaSerializer

from revenge.infra.jobs.core_schemas import change_schema
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
        made = cls.__pydantic_decorators__
        writes_itself = bool(made.field_serializers or made.model_serializers or made.computed_fields)
        cls._is_plain = not (takes_all or writes_itself) and all(map(_is_plain_field, cls.model_fields.values()))
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
        return encode(self.wire_values())

    def wire_values(self) -> dict[str, Any]:
        """Return the values of that text by their JSON names; what the class says of JSON alone (``when_used="json"``) holds."""
        dump = _json_dump(type(self))
        return self.model_dump(by_alias=True) if dump is None else dump(self, by_alias=True)


@lru_cache(maxsize=256)
def _json_dump(args_type: type[JobArgs]) -> Callable[..., Any] | None:
    """Return what dumps values as ``model_dump`` does, with the serializers that are for JSON alone; None where there are none."""
    # pydantic's own dump for JSON would write timedeltas and floats in its form instead of Go's.
    schema: Any = args_type.__pydantic_core_schema__
    changed = change_schema(schema, _always)
    return None if changed is schema else SchemaSerializer(changed, _use_prebuilt=False).to_python


def _always(node: dict[str, Any], _: bool) -> dict[str, Any]:
    match node.get("serialization"):
        case {"type": "function-plain" | "function-wrap", "when_used": "json" | "json-unless-none" as used}:
            return node | {
                "serialization": node["serialization"] | {"when_used": "always" if used == "json" else "unless-none"}
            }
    return node


def _is_plain_field(field: FieldInfo) -> bool:
    writes_itself = any(isinstance(each, (PlainSerializer, WrapSerializer)) for each in field.metadata)
    return not writes_itself and _is_plain(field.annotation)


def _is_plain(annotation: Any) -> bool:
    """Whether JSON has one spelling for such values: not for floats, times, durations and bytes."""
    if annotation in (str, int, bool, UUID, None, type(None)):
        return True
    arguments = get_args(annotation)
    return get_origin(annotation) in (list, tuple, dict, Union, UnionType) and all(
        argument is Ellipsis or _is_plain(argument) for argument in arguments
    )
