"""`/doctor`: what works here, what does not, and the command that mends it."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from mas.app.diagnosis import diagnose
from mas.http.caller import Viewer
from mas.http.world import TheWorld
from mas.web.rendering import language_of, page
from mas.web.views.checkup import groups_of, settings_of

router = APIRouter(include_in_schema=False)


@router.get("/doctor", response_class=HTMLResponse)
async def doctor(request: Request, world: TheWorld, _: Viewer) -> HTMLResponse:
    """Look at everything anew."""
    checks = [
        replace(
            check,
            found=world.mask(check.found),
            mend=world.mask(check.mend),
            values={name: world.mask(value) for name, value in check.values.items()},
        )
        for check in await diagnose(world.settings)
    ]
    changed, defaults = settings_of(world.settings.shown)
    return await page(
        request,
        "doctor.html",
        here="doctor",
        groups=groups_of(checks, language_of(request)),
        broken=sum(check.needed and not check.ok for check in checks),
        changed=changed,
        defaults=defaults,
    )
