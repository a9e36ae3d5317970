"""The one error that wrong settings lead to."""

from collections.abc import Sequence


class SettingsError(Exception):
    """The settings cannot be used; ``lines`` has one line for each thing that is wrong, fit for people."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)
