"""What every request has to pass before a route sees it, and what every answer says (Q3, U3).

In this order: the name that the server is called by, who is calling, whether a page of others is
behind it, kind and size of the body, and for forms the proof that they are ours. Answers are handed
on piece by piece as they come: a stream of events is not held up.
"""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mas.core.errors import MasError, UserError
from mas.http.access import bodies, csrf
from mas.http.access.door import Door, Visit
from mas.http.access.headers import protecting
from mas.http.access.hosts import is_answered
from mas.http.access.incoming import Incoming
from mas.http.caller import Caller
from mas.http.head_requests import without_body
from mas.http.problems import problem

_PROBES = frozenset({"/health", "/ready"})
"""They have no token, and call a pod by its address; what they hear tells of nobody's work."""
_LOGO = "/logo"
_FILES = "/static/"
_FOR_NOBODY = frozenset({("GET", "/login"), ("POST", "/login"), ("GET", "/preferences")})
_OF_PROXIES = (b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via")
_NOT_OF_FORMS = frozenset({"PUT", "PATCH", "DELETE"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, *, door: Door) -> None:
        """Let into `app` whom `door` knows."""
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer why not."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        incoming = Incoming(scope, self._door.access.trusted_proxies)
        peer = incoming.peer
        cookies: list[str] = []
        send = protecting(send, https=peer.https, keeps=_is_file(incoming), cookies=cookies)
        if scope["method"] == "HEAD":
            send = without_body(send)
        scope = {
            **scope,
            # What the headers say of the body that HEAD leaves out is that of GET.
            "method": "GET" if scope["method"] == "HEAD" else scope["method"],
            "scheme": "https" if peer.https else "http",
            "client": (peer.address, (scope.get("client") or ("", 0))[1]),
            # The same one: what is around the guard sees what it has found.
            "state": scope.setdefault("state", {}),
        }
        try:
            body = await self._admit(incoming, scope["state"], receive, cookies)
        except bodies.Gone:
            return
        except MasError as error:
            if incoming.has_body and not incoming.taken:
                await bodies.drop_body(incoming, receive)
            await _refusal(incoming, error)(scope, receive, send)
            return
        await self._app(scope, receive if body is None else bodies.replayed(body, receive), send)

    async def _admit(
        self, incoming: Incoming, state: dict[str, Any], receive: Receive, cookies: list[str]
    ) -> bytes | None:
        """Let a request in with who sends it; returns its body where it has one.

        Raises:
            MasError: Why not.
        """
        probes = incoming.path in _PROBES
        self._check_host(incoming, anywhere=probes)
        if probes or _is_file(incoming):
            return None
        visit = await self._door.visit(incoming)
        cookies.extend(visit.cookies)
        state["visit"] = visit
        if visit.proof != "nobody":
            state["caller"] = Caller(
                actor=visit.actor, csrf=visit.csrf, session=visit.proof == "session"
            )
        elif (incoming.method.replace("HEAD", "GET"), incoming.path) not in _FOR_NOBODY:
            raise UserError(
                "This needs an access token of the server.",
                hint="Send the header `Authorization: Bearer TOKEN`; `mas token new` makes one.",
                code="no_token",
            )
        proven = visit.proof == "token" or _is_ours(visit)
        bodies.refuse_kind(incoming)
        if not incoming.has_body:
            if not proven:
                raise _no_proof(incoming)
            return None
        incoming.taken = True
        body = await bodies.whole_body(receive)
        if not proven and not csrf.is_proof(csrf.field_of(body), visit.csrf):
            raise _foreign_form()
        return body

    def _check_host(self, incoming: Incoming, *, anywhere: bool) -> None:
        access = self._door.access
        if access.is_open and any(map(incoming.has, _OF_PROXIES)):
            raise UserError(
                "The request comes through a proxy, and this server has no access tokens: whoever "
                "reaches the proxy could do everything here.",
                hint="Set MAS_API_TOKENS; mas token new makes the entry.",
                code="open_behind_proxy",
            )
        # In front of a server without tokens nobody is let in who has not come from this machine.
        fits = not access.is_open or incoming.peer.loopback
        if fits and (
            (anywhere and not access.is_open)
            or is_answered(
                incoming.header(b"host"),
                loopback_only=access.is_open,
                allowed=access.allowed_hosts,
            )
        ):
            return
        raise UserError(
            "The request names a host that this server does not answer for.",
            hint="Use http://localhost or http://127.0.0.1; with MAS_API_TOKENS other names are "
            "answered, and MAS_ALLOWED_HOSTS says which.",
            code="wrong_host",
        )


def _is_file(incoming: Incoming) -> bool:
    """Whether it is for a part of the page for logging in, which is the same for everybody."""
    return not incoming.unsafe and (incoming.path.startswith(_FILES) or incoming.path == _LOGO)


def _refusal(incoming: Incoming, error: MasError) -> ASGIApp:
    if error.code == "no_token" and incoming.wants_page:
        return RedirectResponse(incoming.login_address, 303)
    return problem(error)


def _is_ours(visit: Visit) -> bool:
    """Whether a request that a browser may have sent by itself is known to be meant.

    False: a form still has to prove it with its field.

    Raises:
        UserError: It comes from a page of others (`cross_site`), has a wrong proof (`csrf`), or is
            of a kind that any page could send (`not_json`).
    """
    incoming = visit.incoming
    if incoming.from_elsewhere and not incoming.follows_link:
        raise UserError(
            "A page of another origin has sent this.",
            hint="Open the page of MAS itself, or send an access token.",
            code="cross_site",
        )
    if not incoming.unsafe:
        return True
    if incoming.has(csrf.HEADER):
        if not csrf.is_proof(incoming.header(csrf.HEADER), visit.csrf):
            raise _foreign_form()
        return True
    if incoming.kind == bodies.JSON:
        # No form can say so, and a script of others would have had to ask first.
        return True
    return incoming.method in _NOT_OF_FORMS and not incoming.has_body


def _no_proof(incoming: Incoming) -> UserError:
    return _foreign_form() if incoming.kind == bodies.FORM else bodies.not_json()


def _foreign_form() -> UserError:
    return UserError(
        "This form is older than the session, or of another page.",
        hint="Go back, load the page anew, and send it again.",
        code="csrf",
    )
