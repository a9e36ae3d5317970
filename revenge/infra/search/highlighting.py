"""Where in a document the words are that were sought: the same for every engine. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from revenge.infra.search.folding import mark
from revenge.infra.search.models import Highlight, Query
from revenge.infra.search.schema import SCHEMAS


def highlights(query: Query, document: Mapping[str, Any], sought: Sequence[str]) -> Sequence[Highlight]:
    """Return a piece of each field that has one of the words."""
    found: list[Highlight] = []
    for field in SCHEMAS[query.collection].searched if sought else ():
        value = document.get(field.name)
        for text in value if isinstance(value, list) else [value or ""]:
            if (snippet := mark(text, sought)) is not None:
                found.append(Highlight(field=field.name, snippet=snippet))
                break
    return found
