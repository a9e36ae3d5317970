"""``revenge account``: who may use the server; the first account is made here."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from revenge.app.cli.session import use
from revenge.app.cli.shell import EVERYWHERE, HELP, Failed, Shell, shell_of

if TYPE_CHECKING:
    from revenge.app.container import Container

app = typer.Typer(help="Who may use the server.", context_settings=HELP)

PAGE = 1000

Name = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="Read the password there instead of from stdin.")
]


@app.command("list", epilog=EVERYWHERE)
def list_accounts(context: typer.Context) -> None:
    """Show the accounts."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        from revenge.app.http.account_presenter import account_json

        accounts = container.accounts()
        page = await accounts.list(limit=PAGE)
        found = page.accounts
        while page.next_cursor:
            page = await accounts.list(limit=PAGE, cursor=page.next_cursor)
            found += page.accounts
        if shell.json:
            shell.document({"users": [account_json(account) for account in found]})
            return
        shell.table(
            ["name", "administrator", "active", "last login", "id"],
            [[each.username, each.is_admin, each.is_active, each.last_login_at, each.id] for each in found],
            empty="There are no accounts yet: revenge account add NAME --admin",
        )

    use(shell, act)


@app.command("add", epilog=EVERYWHERE)
def add(
    context: typer.Context,
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="It may do everything.")] = False,
    email: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Its mail address.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Make an account; its password is asked for, or read from stdin."""
    shell = shell_of(context)
    password = _password(shell, password_file)

    async def act(container: "Container") -> None:
        from revenge.app.http.account_presenter import account_json
        from revenge.service.auth.models import Actor, NewAccount

        wanted = NewAccount(username=name, password=password, email=email, is_admin=admin)
        account = await container.accounts().create(wanted, actor=Actor(username="command line"))
        if shell.json:
            shell.document(account_json(account))
        else:
            shell.say(f"Added {account.username}{', an administrator' if account.is_admin else ''}.")

    use(shell, act)


@app.command("password", epilog=EVERYWHERE)
def password(context: typer.Context, name: Name, password_file: PasswordFile = None) -> None:
    """Set an account's password; every login of it ends."""
    shell = shell_of(context)
    wanted = _password(shell, password_file)

    async def act(container: "Container") -> None:
        from revenge.service.auth.models import Actor

        accounts = container.accounts()
        account = await accounts.find(name)
        await accounts.set_password(account.id, wanted, actor=Actor(username="command line"))
        shell.say(f"{account.username} has a new password.")

    use(shell, act)


@app.command("remove", epilog=EVERYWHERE)
def remove(context: typer.Context, name: Name) -> None:
    """Delete an account, with all that is its own."""
    shell = shell_of(context)

    async def act(container: "Container") -> None:
        from revenge.service.auth.models import Actor

        accounts = container.accounts()
        account = await accounts.find(name)
        await accounts.delete(account.id, actor=Actor(username="command line"))
        shell.say(f"Removed {account.username}.")

    use(shell, act)


def _password(shell: Shell, file: Path | None) -> str:
    """Return the password; never from the command line, where everybody on the machine could read it.

    Raises:
        Failed: there is none.
    """
    if file is not None:
        given = file.read_text(encoding="utf-8")
    elif sys.stdin.isatty():
        given = str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        given = sys.stdin.readline()
    # A file that an editor wrote, or echo, ends with a new line that is no part of it.
    password = given.removesuffix("\n").removesuffix("\r")
    if not password:
        raise Failed("a password is wanted: give it on stdin, or in --password-file FILE")
    return password
