"""Finds who is calling, and starts and ends sessions."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NoReturn, Protocol

from mas.app.access_settings import Network
from mas.core.access_tokens import AccessToken
from mas.core.actors import Actor
from mas.core.audit import AuditAction
from mas.core.errors import MasError, Transient, UserError
from mas.core.sessions import Session
from mas.http.access import cookies
from mas.http.access.attempts import Attempts, Seldom, Ticks
from mas.http.access.csrf import proof_for
from mas.http.access.incoming import Incoming
from mas.http.access.tokens import find_token

SESSION_LIFE: Final = timedelta(hours=12)
_BROWSER_LIFE: Final = timedelta(days=365)
_SECRET: Final = "csrf"  # noqa: S105 - the name of one
_log = logging.getLogger(__name__)

Proof = Literal["token", "session", "local", "nobody"]
"""token: a header that no page of others can make a browser send. session: the cookie of a login.
local: none, which is enough on loopback where no tokens are set. nobody: has to log in."""


class Sessions(Protocol):
    """Sessions and secrets that all replicas share."""

    async def add(self, session: Session) -> None: ...

    async def find(self, id_hash: str) -> Session | None: ...

    async def remove(self, id_hash: str) -> None: ...

    async def remove_expired(self) -> None: ...

    async def secret(self, name: str) -> bytes: ...


class Book(Protocol):
    """What the door needs of the service."""

    @property
    def sessions(self) -> Sessions: ...

    def acting_for(self, actor: Actor) -> Book: ...

    async def note(self, action: AuditAction, *, subject: str = "", detail: str = "") -> None: ...


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may use the server, and how it may be called and reached."""

    tokens: tuple[AccessToken, ...] = field(default=(), repr=False)
    """None: nobody needs one, which is for loopback alone."""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether whoever reaches the server may do everything."""
        return not self.tokens


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A request with what is known of who sends it."""

    incoming: Incoming
    actor: Actor
    proof: Proof
    csrf: str = field(default="", repr=False)
    """What its forms have to send back; empty: no form of it can be genuine."""
    session: str | None = field(default=None, repr=False)
    """What the session's cookie holds."""
    cookies: tuple[str, ...] = field(default=(), repr=False)
    """To be set with the answer."""


def _now() -> datetime:
    return datetime.now(UTC)


class Door:
    """One for each application; what has to outlive it is in the journal."""

    def __init__(
        self,
        access: Access,
        book: Book,
        *,
        now: Callable[[], datetime] = _now,
        ticks: Ticks = time.monotonic,
    ) -> None:
        self.access = access
        self._book = book
        self._now = now
        # Apart: a program with an old token must not keep people from the login page.
        self._logins = Attempts(ticks)
        self._bearers = Attempts(ticks)
        self._noted = Seldom(ticks)
        self._key: bytes | None = None

    async def visit(self, incoming: Incoming) -> Visit:
        """Who sends a request.

        Raises:
            UserError: It shows a token that is none (`wrong_token`).
            Transient: Too many wrong tokens came from there (`too_many_attempts`), or the journal
                cannot be read.
        """
        if self.access.is_open:
            return await self._without_login(incoming, "local")
        kind, _, given = incoming.header(b"authorization").partition(" ")
        if kind.lower() == "bearer":
            return await self._by_token(incoming, given.strip())
        session_id = incoming.cookie(cookies.SESSION)
        if session_id is not None:
            found = await self._by_session(incoming, session_id)
            if found is not None:
                return found
        return await self._without_login(incoming, "nobody")

    async def log_in(self, visit: Visit, given: str) -> str:
        """Start a session for a token; returns the `Set-Cookie` of it.

        The session has an id of its own, whatever the browser has sent before.

        Raises:
            UserError: It is no token of this server (`wrong_token`).
            Transient: Too many wrong ones came from there (`too_many_attempts`): this one has not
                been looked at.
        """
        incoming = visit.incoming
        client = incoming.peer.neighbourhood
        _refuse_too_many(self._logins, client)
        token = find_token(self.access.tokens, given.strip())
        if token is None:
            await self._refuse_token(self._logins, incoming, "login")
        self._logins.succeeded(client)
        sessions = self._book.sessions
        await sessions.remove_expired()
        if visit.session is not None:
            await sessions.remove(_hashed(visit.session))
        session_id = cookies.new_value()
        now = self._now()
        await sessions.add(
            Session(
                id_hash=_hashed(session_id),
                name=token.name,
                role=token.role,
                token_hash=token.digest.hex(),
                created_at=now,
                expires_at=now + SESSION_LIFE,
            )
        )
        await self._book.acting_for(_actor_of(token, incoming, "page")).note("session.login")
        return cookies.set_cookie(
            cookies.SESSION, session_id, https=incoming.peer.https, life=SESSION_LIFE
        )

    async def log_out(self, visit: Visit) -> str:
        """End the session of a request; returns the `Set-Cookie` that takes its cookie away."""
        if visit.session is not None:
            await self._book.sessions.remove(_hashed(visit.session))
            await self._book.acting_for(visit.actor).note("session.logout")
        return cookies.set_cookie(
            cookies.SESSION, "", https=visit.incoming.peer.https, life=timedelta()
        )

    async def _by_token(self, incoming: Incoming, given: str) -> Visit:
        token = find_token(self.access.tokens, given)
        if token is None:
            _refuse_too_many(self._bearers, incoming.peer.neighbourhood)
            await self._refuse_token(self._bearers, incoming, "bearer")
        # However many wrong ones came from there: somebody else behind the same proxy must not be
        # able to shut out a program that has a right one, which cannot be guessed.
        face = "mcp" if incoming.path.startswith("/mcp") else "api"
        return Visit(incoming=incoming, actor=_actor_of(token, incoming, face), proof="token")

    async def _by_session(self, incoming: Incoming, session_id: str) -> Visit | None:
        sessions = self._book.sessions
        session = await sessions.find(_hashed(session_id))
        if session is None:
            return None
        token = next((one for one in self.access.tokens if _is_of(session, one)), None)
        if token is None or session.expires_at <= self._now():
            # Its token was taken away or means something else now.
            await sessions.remove(session.id_hash)
            return None
        return Visit(
            incoming=incoming,
            actor=_actor_of(token, incoming, "page"),
            proof="session",
            csrf=proof_for(await self._secret(), cookies.SESSION, session_id),
            session=session_id,
        )

    async def _without_login(self, incoming: Incoming, proof: Proof) -> Visit:
        browser = incoming.cookie(cookies.BROWSER)
        new: tuple[str, ...] = ()
        if browser is None and incoming.wants_page and not incoming.unsafe:
            browser = cookies.new_value()
            new = (
                cookies.set_cookie(
                    cookies.BROWSER, browser, https=incoming.peer.https, life=_BROWSER_LIFE
                ),
            )
        return Visit(
            incoming=incoming,
            actor=_somebody(incoming) if proof == "local" else _nobody(incoming, "page"),
            proof=proof,
            csrf=proof_for(await self._secret(), cookies.BROWSER, browser) if browser else "",
            cookies=new,
        )

    async def _secret(self) -> bytes:
        if self._key is None:
            self._key = await self._book.sessions.secret(_SECRET)
        return self._key

    async def _refuse_token(self, attempts: Attempts, incoming: Incoming, where: str) -> NoReturn:
        client = incoming.peer.neighbourhood
        # Before anything is waited for: a hundred attempts at once are a hundred attempts.
        attempts.failed(client)
        if self._noted.passes(client):
            nobody = _nobody(incoming, "page" if where == "login" else "api")
            try:
                await self._book.acting_for(nobody).note("session.refused", detail=where)
            except MasError:
                _log.exception("a refused token could not be noted in the audit log")
        raise UserError(
            "This is no token of this server.",
            hint="Ask whoever runs it for one; they make it with: mas token new NAME",
            code="wrong_token",
        )


def _refuse_too_many(attempts: Attempts, client: str) -> None:
    wait = attempts.wait(client)
    if wait is not None:
        raise Transient(
            "Too many wrong tokens came from here.",
            hint="Wait, and try again then.",
            code="too_many_attempts",
            retry_after=wait,
        )


def _hashed(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def _is_of(session: Session, token: AccessToken) -> bool:
    return (
        session.token_hash == token.digest.hex()
        and session.name == token.name
        and session.role == token.role
    )


def _actor_of(token: AccessToken, incoming: Incoming, face: str) -> Actor:
    return Actor(name=token.name, role=token.role, origin=f"{face} {incoming.peer.address}")


def _somebody(incoming: Incoming) -> Actor:
    """Whoever sits at this machine, which is all that can be said."""
    if incoming.path.startswith("/mcp"):
        face = "mcp"
    elif incoming.wants_page or incoming.cookie(cookies.BROWSER):
        face = "page"
    else:
        face = "api"
    return Actor(name="local", role="admin", origin=f"{face} {incoming.peer.address}")


def _nobody(incoming: Incoming, face: str) -> Actor:
    return Actor(name="nobody", role="viewer", origin=f"{face} {incoming.peer.address}")
