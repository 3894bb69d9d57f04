"""The error that a person can do something about, told in one sentence."""

from __future__ import annotations


class UserError(Exception):
    """A file, folder or value that cannot be used as it is.

    The message is one sentence: ``subject: reason``, and after a semicolon the ``way_on`` where there is one.

    Attributes
    ----------
    subject : str
        The file, folder, option or value.
    reason : str
        Why it cannot be used.
    way_on : str
        What to do instead; may be empty.
    """

    def __init__(self, subject: str, reason: str, way_on: str = "") -> None:
        super().__init__(f"{subject}: {reason}" + (f"; {way_on}" if way_on else ""))
        self.subject = subject
        self.reason = reason
        self.way_on = way_on

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str, str]]:
        """Rebuild from its parts when the error crosses a process border."""
        return type(self), (self.subject, self.reason, self.way_on)
