"""What may become of a picture."""

from revenge.infra.failures import Final


class ImageError(Exception):
    """Root of what pictures raise."""


class UnknownImage(ImageError, Final):
    """There is no such picture, or nothing that it shows. Final."""


class ImageRefused(ImageError, Final):
    """It cannot be had: whoever has it is not configured, it is gone, or too large. Final."""


class NoPicture(ImageError):
    """What came is no picture that can be shown: garbage, half a file. Worth another attempt."""
