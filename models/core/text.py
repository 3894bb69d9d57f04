"""Text from outside, such as names in files: made fit to be shown in one line, on a terminal or in a window."""

from __future__ import annotations

import re

# Control characters of both sets, the marks that turn the direction of writing, and halves of surrogate pairs.
UNSHOWN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LONGEST = 300


def printable(text: str) -> str:
    """Return ``text`` with what a terminal would obey, or cannot show, written as escapes of Python."""
    return UNSHOWN.sub(_escape, text)


def shortened(text: object) -> str:
    """Return what is said of something foreign, cut where it becomes too long to be read."""
    words = str(text)
    return words if len(words) <= LONGEST else f"{words[:LONGEST]} …"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
