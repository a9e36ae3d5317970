"""Print ``config/revenge.yaml``."""

import sys

from revenge.app.settings.document import render

if __name__ == "__main__":
    sys.stdout.write(render())
