"""How far numbers and times go, for all who refuse what goes further."""

from datetime import timedelta
from typing import Final

LONGEST: Final = timedelta(days=36_500)
"""A hundred years: far beyond it no date can be told."""
MAX_BIGINT: Final = 2**63 - 1
"""PostgreSQL's largest whole number: no job's id is beyond."""
