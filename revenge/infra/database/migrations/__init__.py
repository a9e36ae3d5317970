"""The application's own tables, in the schema ``revenge``: the migration line of the same name."""

from importlib.resources import files

from revenge.infra.jobs.migrations import Line

REVENGE = Line.from_folder("revenge", files(__name__), schema="revenge")
