"""The command line: one module a command, and what they share in ``shell``.

Command modules import only typer and their neighbours; what a command runs is imported when it runs, so that
``revenge parse`` and ``revenge -h`` do not wait for a database driver or a web framework.
"""
