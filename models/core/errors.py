"""What a person did that cannot be done, told in one sentence."""

from __future__ import annotations


class UserError(Exception):
    """A file, folder or value from outside that cannot be used; the message is one sentence that names it and why."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str]]:
        """Rebuild from both parts when the error crosses a process border."""
        return type(self), (self.subject, self.reason)
