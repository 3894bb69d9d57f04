"""Fixes for the output of MkDocs' plugins: docstring roles and click options."""

from __future__ import annotations

import re

# Markdown has no reStructuredText roles.
ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):(?=<code>)")
# mkdocs-click prints click 8.3's placeholder for options without a default.
NO_DEFAULT = re.compile(r"<code>(?:Sentinel\.UNSET|``)</code>|(?<=<td>)(?:Sentinel\.UNSET|``|None)(?=</td>)")


def on_page_content(html: str, **_: object) -> str:
    """Return the HTML of a page without these artefacts."""
    return NO_DEFAULT.sub("", ROLE.sub("", html))
