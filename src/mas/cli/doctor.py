"""`mas doctor`: what works here and what does not."""

from __future__ import annotations

from mas.app.diagnosis import diagnose
from mas.app.settings import Settings
from mas.cli import exits
from mas.cli.output import print_json
from mas.core.language import plain


async def doctor(settings: Settings, *, as_json: bool) -> int:
    """Print every check; exit 1 when something that is needed does not work."""
    checks = await diagnose(settings)
    broken = [check for check in checks if check.needed and not check.ok]
    if as_json:
        print_json({"ok": not broken, "checks": list(checks)})
        return exits.FAILED if broken else exits.DONE
    wide = max(len(check.name) for check in checks)
    for check in checks:
        sign = "ok" if check.ok else ("FAIL" if check.needed else "--")
        print(f"{sign:<4}  {check.name:<{wide}}  {plain(check.found)}")
        if not check.ok and check.mend:
            print(f"{'':<{wide + 8}}{plain(check.mend)}")
    return exits.FAILED if broken else exits.DONE
