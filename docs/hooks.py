"""Mends what MkDocs' plugins make of docstrings and of click's options."""

from __future__ import annotations

import re

# Markdown knows no roles of reStructuredText.
ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(?=<code>)")
# mkdocs-click prints what click 8.3 puts where an option has no default.
NO_DEFAULT = re.compile(r"<code>(?:Sentinel\.UNSET|``)</code>|(?<=<td>)(?:Sentinel\.UNSET|``|None)(?=</td>)")


def on_page_content(html: str, **_: object) -> str:
    """Return the HTML of a page without them."""
    return NO_DEFAULT.sub("", ROLE.sub("", html))
