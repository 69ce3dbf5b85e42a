"""Reads tables in HTML."""

import re


def cells(html: str) -> list[list[str]]:
    """Return the texts of the rows of all tables, the headings among them."""
    rows = re.findall(r"<tr>(.*?)</tr>", html, flags=re.DOTALL)
    plain = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, flags=re.DOTALL) for row in rows]
    return [[re.sub("<.*?>", "", cell).strip() for cell in row] for row in plain]
