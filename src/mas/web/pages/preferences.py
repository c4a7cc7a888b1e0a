"""`/preferences`: language and theme, kept in cookies; `/logo`: the picture of the installation."""

from __future__ import annotations

from fastapi import APIRouter, Request, status
from fastapi.responses import RedirectResponse, Response

from mas.http.access.incoming import local_path
from mas.http.problems import not_found
from mas.web.page_site import logo_of
from mas.web.rendering import keep_choices

router = APIRouter(include_in_schema=False)

_LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""An SVG is a document: whoever opens it alone gets a picture and no script."""


@router.get("/preferences")
async def preferences(request: Request) -> Response:
    """Remember `lang` and `theme`, and go back to the page `next`. Changes nothing but cookies."""
    answer = RedirectResponse(
        local_path(request.query_params.get("next", "")), status.HTTP_303_SEE_OTHER
    )
    keep_choices(request, answer)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/logo")
async def logo(request: Request) -> Response:
    """The logo of the settings."""
    found = logo_of(request.app)
    if found is None:
        raise not_found("There is no logo.", hint="Set page.logo in mas.toml.")
    headers = {
        "Cache-Control": "public, max-age=86400",
        "Content-Security-Policy": _LOGO_POLICY,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(found.content, 200, headers, found.kind)
