"""Changes in what pydantic has made of a class, its core schema: for rows are read and written a little otherwise."""

from collections.abc import Callable
from typing import Any

_SCHEMAS = frozenset(
    {
        "schema",
        "items_schema",
        "keys_schema",
        "values_schema",
        "json_schema",
        "python_schema",
        "lax_schema",
        "strict_schema",
        "extras_schema",
        "extras_keys_schema",
        "arguments_schema",
        "var_args_schema",
        "var_kwargs_schema",
        "return_schema",
        "computed_fields",
        "steps",
        "definitions",
    }
)
"""Where a node of a core schema holds others, or a list of them; defaults and the like may look the same."""
_NAMED_SCHEMAS = frozenset({"fields", "choices"})
"""Where it holds them in a list, or by names of the user's."""


Change = Callable[[dict[str, Any], bool], dict[str, Any]]


def change_schema(node: Any, change: Change, *, stays: Callable[[dict[str, Any]], bool] = lambda _: False) -> Any:
    """Return a core schema with what ``change`` makes of each node in it, innermost first; ``node`` itself where nothing differs.

    ``change`` is also told whether something inside of the node differs already, and returns the node itself where all is well.
    A node that ``stays`` is left as it is with all that it holds.
    """
    match node:
        case list() | tuple():
            items = [change_schema(item, change, stays=stays) for item in node]
            same = all(item is before for item, before in zip(items, node, strict=True))
            return node if same else type(node)(items)
        case dict() if not stays(node):
            changed = {name: change_schema(node[name], change, stays=stays) for name in _SCHEMAS & node.keys()}
            changed |= {name: _change_named(node[name], change, stays) for name in _NAMED_SCHEMAS & node.keys()}
            same = all(changed[name] is node[name] for name in changed)
            return change(node if same else node | changed, not same)
    return node


def _change_named(nodes: Any, change: Change, stays: Callable[[dict[str, Any]], bool]) -> Any:
    if not isinstance(nodes, dict):
        return change_schema(nodes, change, stays=stays)
    changed = {name: change_schema(node, change, stays=stays) for name, node in nodes.items()}
    return nodes if all(changed[name] is nodes[name] for name in changed) else changed
