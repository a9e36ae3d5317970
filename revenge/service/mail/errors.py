"""What may become of a mail; the texts never hold an address, a link or a password."""


class MailError(Exception):
    """Root of what this package raises."""


class MailRefused(MailError):
    """It will be refused again: a wrong address or login, or a server that answered 5xx."""


class MailNotTaken(MailError):
    """The server could not be reached, or answered 4xx: another attempt may do."""


class SecretInMail(MailError):
    """Data of a mail would put a secret into the row of its job."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name!r} looks like a secret: whoever sends the mail asks for its link when it is sent")
