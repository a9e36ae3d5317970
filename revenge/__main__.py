"""``python -m revenge`` and the ``revenge`` script."""

import os
import sys
from typing import NoReturn

INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        # Imported here, so that Ctrl-C is understood from the first moment on.
        from revenge.app.cli.main import main as run

        code = run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    _leave(code)


def _leave(code: int) -> NoReturn:
    runner = sys.modules.get("revenge.app.runner")
    if runner is not None and runner.Leftovers.found:
        # A thread or a task that would not end must not keep the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
