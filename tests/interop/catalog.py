"""What a schema is, read from the catalog: as a dump, but free of how the DDL was written."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncpg

_PARTS = {
    "table": """
        SELECT c.relname, c.relkind, c.relpersistence, c.reloptions
        FROM pg_class c WHERE c.relnamespace = $1 AND c.relkind IN ('r', 'p', 'v', 'm')""",
    "column": """
        SELECT c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
            format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity,
            a.attgenerated, a.attstorage, a.attcompression, a.attstattarget, a.attoptions
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = $1 AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraint": """
        SELECT c.relname, k.conname, k.contype, k.convalidated, pg_get_constraintdef(k.oid)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = $1""",
    "index": """
        SELECT c.relname, i.indisvalid, i.indisunique, i.indisprimary, pg_get_indexdef(i.indexrelid, 0, true), c.reloptions
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = $1""",
    "enum": """
        SELECT t.typname, array_agg(e.enumlabel ORDER BY e.enumsortorder)
        FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = $1 GROUP BY t.typname""",
    "function": """
        SELECT p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname, p.provolatile,
            p.proisstrict, p.prosecdef, p.proparallel, p.proconfig
        FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = $1""",
    "trigger": """
        SELECT c.relname, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid, true)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE c.relnamespace = $1 AND NOT t.tgisinternal""",
    "sequence": """
        SELECT c.relname, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache,
            s.seqcycle, c.relpersistence, o.relname, a.attname
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        LEFT JOIN pg_depend d ON d.objid = c.oid AND d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass
        LEFT JOIN pg_class o ON o.oid = d.refobjid
        LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE c.relnamespace = $1""",
}
"""Bodies of functions are left out: ours are written by us. What they do is tested by calling them."""


async def snapshot(conn: "asyncpg.Connection[asyncpg.Record]", schema: str, *, without: str = "\0") -> list[str]:
    """Return a sorted line for each object of ``schema`` whose name does not begin with ``without``."""
    lines: list[str] = []
    async with conn.transaction():
        # Definitions then come without the schema's name, so that two schemas compare equal.
        await conn.execute(f'SET LOCAL search_path TO "{schema}"')
        oid = await conn.fetchval("SELECT oid FROM pg_namespace WHERE nspname = $1", schema)
        for part, query in _PARTS.items():
            lines += [
                f"{part}: " + " | ".join(_text(value) for value in row)
                for row in await conn.fetch(query, oid)
                if not str(row[0]).startswith(without)
            ]
    return sorted(lines)


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
