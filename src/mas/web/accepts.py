"""Whether a client would rather read a page or a document."""

from __future__ import annotations

from starlette.datastructures import Headers

_PAGE = ("text/html", "application/xhtml+xml")


def prefers_page(headers: Headers) -> bool:
    """Whether `Accept` names HTML, and nothing with JSON before it.

    Programs that name nothing, or take anything, get JSON as ever.
    """
    page, document = 0.0, 0.0
    for one in ",".join(headers.getlist("accept")).split(",")[:50]:
        kind, *parameters = (part.strip().lower() for part in one.split(";"))
        weight = _weight(parameters)
        if kind in _PAGE:
            page = max(page, weight)
        elif kind == "application/json" or kind.endswith("+json"):
            document = max(document, weight)
    return page > 0 and page >= document


def _weight(parameters: list[str]) -> float:
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
