"""Reads `mcp.json`: MCP servers in the shape that other clients use too (`mcpServers`) (O2).

A mistake names the file and the server, and takes away that server alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from mas.adapters.mcp.references import BadReference, resolve
from mas.adapters.small_file import UnusableFile, read_small_file
from mas.core.language import plain
from mas.core.masking import secret_arguments, secret_values
from mas.core.plan import Risk

BUILT_IN_FAMILIES: Final = frozenset(
    {"command", "files", "git", "kubernetes", "messages", "outputs"}
)
"""Families of tools that come with MAS: a server of that name gets `mcp-` before it."""

ServerKind = Literal["stdio", "http"]
_LARGEST_FILE: Final = 1_000_000
_LONGEST_ALIAS: Final = 24
_HTTP_TYPES: Final = frozenset({"http", "streamable-http", "streamableHttp", "streamable_http"})
_SECRET_NAME: Final = re.compile(r"(?i)key|token|secret|pass|credential|auth|cookie")

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


@dataclass(frozen=True, kw_only=True)
class ServerConfig:
    """One MCP server that can be started. Values are resolved and may hold secrets."""

    name: str
    """As it stands in the file."""
    alias: str
    """What its tools are called by: `ALIAS.tool`."""
    kind: ServerKind
    shown: str
    """Command line or address for people, without anything secret."""
    command: str = ""
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The whole environment of a stdio server."""
    folder: Path = Path()
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    call_limit: timedelta = timedelta(seconds=60)
    start_limit: timedelta = timedelta(seconds=60)
    tools: tuple[str, ...] | None = None
    """Patterns of the tools that are offered; None: all."""
    read_only: tuple[str, ...] = ()
    """Patterns of tools that count as reading, whatever the server says."""
    risks: Mapping[str, Risk] = field(default_factory=dict)
    """Patterns of tools with the risk that holds, whatever else says something."""
    trust: bool = True
    """False: a tool does not count as reading because its server says so."""


@dataclass(frozen=True, kw_only=True)
class ConfigProblem:
    """What is wrong in the file; `server` is empty when the whole file cannot be used."""

    server: str
    text: str


@dataclass(frozen=True, kw_only=True)
class McpConfig:
    """What `mcp.json` says."""

    file: Path
    servers: tuple[ServerConfig, ...] = ()
    disabled: tuple[str, ...] = ()
    problems: tuple[ConfigProblem, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    """Values of variables, words, headers and address that have a secret's name: masked."""


class _Extras(msgspec.Struct, forbid_unknown_fields=True):
    seconds: Seconds = 60.0
    start_seconds: Seconds = 60.0
    tools: tuple[str, ...] | None = None
    read_only: tuple[str, ...] = ()
    risk: dict[str, Risk] = msgspec.field(default_factory=dict)
    trust: bool = True


class _Entry(msgspec.Struct):
    """A server as written. Fields of other clients are left alone."""

    type: str | None = None
    command: str | None = None
    args: tuple[str, ...] = ()
    env: dict[str, str] = msgspec.field(default_factory=dict)
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    disabled: bool = False
    mas: _Extras = msgspec.field(default_factory=_Extras)


class _File(msgspec.Struct):
    mcpServers: dict[str, msgspec.Raw]  # noqa: N815 - the name that every client uses


class _Unusable(Exception):
    """One server cannot be used; the text says why."""


def load_mcp_config(
    file: Path,
    environment: Mapping[str, str],
    *,
    reserved: Collection[str] = BUILT_IN_FAMILIES,
) -> McpConfig:
    """Read the file; without one there are no servers. Never raises: see `problems`.

    `environment` resolves `${VAR}` and `${VAR:-default}`, and gives stdio servers PATH, HOME and
    LANG; nothing else of it reaches them.
    """
    try:
        entries = _entries(file)
    except _Unusable as exc:
        return McpConfig(file=file, problems=(ConfigProblem(server="", text=f"{file}: {exc}"),))
    servers: dict[str, ServerConfig] = {}
    disabled: list[str] = []
    problems: list[ConfigProblem] = []
    secrets: set[str] = set()
    for name, raw in entries.items():
        try:
            entry = _entry(raw)
            if entry.disabled:
                disabled.append(name)
                continue
            server = _server(name, entry, file.parent, environment, reserved)
            if (other := servers.get(server.alias)) is not None:
                raise _Unusable(
                    f"its tools would be called {server.alias}.* like those of "
                    f"{other.name!r}; rename one of the two."
                )
        except _Unusable as exc:
            text = f"{file}: server {plain(name, limit=60)!r}: {exc}"
            problems.append(ConfigProblem(server=name, text=text))
            continue
        servers[server.alias] = server
        secrets |= _secrets(server, entry)
    return McpConfig(
        file=file,
        servers=tuple(servers.values()),
        disabled=tuple(disabled),
        problems=tuple(problems),
        secrets=frozenset(secrets),
    )


def _entries(file: Path) -> dict[str, msgspec.Raw]:
    try:
        content = read_small_file(file, limit_bytes=_LARGEST_FILE)
    except FileNotFoundError:
        return {}
    except UnusableFile as exc:
        raise _Unusable(f"{exc.reason}.") from exc
    try:
        return msgspec.json.decode(content, type=_File).mcpServers
    except msgspec.ValidationError as exc:
        raise _Unusable(
            f'it should look like {{"mcpServers": {{"name": {{...}}}}}} ({exc}).'
        ) from exc
    except (msgspec.DecodeError, RecursionError) as exc:
        raise _Unusable(_place(content)) from exc


def _place(content: str) -> str:
    """Where JSON is broken, with the line: msgspec says only the byte."""
    try:
        json.loads(content)
    except json.JSONDecodeError as exc:
        return f"line {exc.lineno}, column {exc.colno}: this is no JSON ({exc.msg})."
    except RecursionError:
        return "this is no JSON that can be read: it is nested too deep."
    return "this is no JSON."


def _entry(raw: msgspec.Raw) -> _Entry:
    try:
        return msgspec.json.decode(raw, type=_Entry)
    except (msgspec.DecodeError, RecursionError) as exc:
        raise _Unusable(f"it has an unknown shape ({exc}).") from exc


def _server(
    name: str,
    entry: _Entry,
    home: Path,
    environment: Mapping[str, str],
    reserved: Collection[str],
) -> ServerConfig:
    kind = _kind(entry)
    try:
        if kind == "stdio":
            return _stdio(name, entry, home, environment, reserved)
        return _http(name, entry, environment, reserved)
    except BadReference as exc:
        raise _Unusable(str(exc)) from exc


def _kind(entry: _Entry) -> ServerKind:
    if entry.type == "sse":
        raise _Unusable("the old SSE transport is not supported; use streamable HTTP.")
    if entry.type not in (None, "stdio", *_HTTP_TYPES):
        raise _Unusable(f"type {plain(entry.type or '', limit=40)!r} is neither stdio nor http.")
    if entry.command and entry.url:
        raise _Unusable("it has both command and url; one of them decides how it is reached.")
    if entry.command and entry.type in (None, "stdio"):
        return "stdio"
    if entry.url and entry.type != "stdio":
        return "http"
    wanted = "url" if entry.type in _HTTP_TYPES else "command"
    raise _Unusable(f"it has no {wanted}." if entry.type else "it has neither command nor url.")


def _stdio(
    name: str,
    entry: _Entry,
    home: Path,
    environment: Mapping[str, str],
    reserved: Collection[str],
) -> ServerConfig:
    given = {key: resolve(value, environment) for key, value in entry.env.items()}
    command = resolve(entry.command or "", environment)
    args = tuple(resolve(word, environment) for word in entry.args)
    cwd = resolve(entry.cwd, environment) if entry.cwd else ""
    if any("\0" in text for text in (command, *args, cwd, *given, *given.values())):
        raise _Unusable("a word or variable holds a NUL character.")
    if not command:
        raise _Unusable("its command is empty.")
    if bad := [key for key in given if not key or "=" in key]:
        raise _Unusable(f"env has a name that no variable can have: {bad[0]!r}.")
    base = {
        "PATH": environment.get("PATH") or "/usr/local/bin:/usr/bin:/bin",
        "HOME": environment.get("HOME") or str(home),
        "LANG": environment.get("LANG") or "C.UTF-8",
    }
    return ServerConfig(
        name=name,
        alias=_alias(name, reserved),
        kind="stdio",
        shown=_shown(entry),
        command=command,
        args=args,
        env=base | given,
        folder=home / _expanded(cwd, base["HOME"]),
        call_limit=timedelta(seconds=entry.mas.seconds),
        start_limit=timedelta(seconds=entry.mas.start_seconds),
        tools=entry.mas.tools,
        read_only=entry.mas.read_only,
        risks=entry.mas.risk,
        trust=entry.mas.trust,
    )


def _http(
    name: str, entry: _Entry, environment: Mapping[str, str], reserved: Collection[str]
) -> ServerConfig:
    url = resolve(entry.url or "", environment)
    headers = {key: resolve(value, environment) for key, value in entry.headers.items()}
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or not url.isprintable():
        raise _Unusable("its url is no http or https address.")
    for key, value in headers.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", key) or not (
            value.isprintable() and value.isascii()
        ):
            raise _Unusable(f"header {plain(key, limit=40)!r} holds what no header may hold.")
    return ServerConfig(
        name=name,
        alias=_alias(name, reserved),
        kind="http",
        shown=_without_secrets(url),
        url=url,
        headers=headers,
        call_limit=timedelta(seconds=entry.mas.seconds),
        start_limit=timedelta(seconds=entry.mas.start_seconds),
        tools=entry.mas.tools,
        read_only=entry.mas.read_only,
        risks=entry.mas.risk,
        trust=entry.mas.trust,
    )


def _alias(name: str, reserved: Collection[str]) -> str:
    """A name that goes before a dot and, for providers, before two underscores."""
    alias = re.sub(r"[^A-Za-z0-9_-]+", "-", name)
    alias = re.sub(r"_{2,}", "_", alias).strip("-_")[:_LONGEST_ALIAS].rstrip("-_")
    if not alias:
        raise _Unusable("its name has no letter or digit (a-z, 0-9) to call its tools by.")
    return f"mcp-{alias}" if alias in reserved else alias


def _expanded(cwd: str, home: str) -> str:
    return home + cwd[1:] if cwd == "~" or cwd.startswith("~/") else cwd


def _shown(entry: _Entry) -> str:
    """The command line as written; what follows a flag such as --api-key is left out."""
    words = [entry.command or ""]
    hide = False
    for word in entry.args:
        flag, sign, _ = word.partition("=")
        secret = bool(_SECRET_NAME.search(flag)) and word.startswith("-")
        words.append("***" if hide else f"{flag}=***" if secret and sign else word)
        hide = secret and not sign
    return plain(" ".join(words), limit=160)


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return plain(f"{parts.scheme}://{host}{port}{parts.path}", limit=160)


def _secrets(server: ServerConfig, entry: _Entry) -> set[str]:
    """What must not be shown: of variables, words, headers and the address, by their names."""
    values = {server.env[key] for key in entry.env if _is_secret(key)}
    values |= secret_values({key: server.env[key] for key in entry.env})
    values |= secret_arguments(server.args)
    for key, value in server.headers.items():
        if _is_secret(key):
            values |= {value, value.rpartition(" ")[2]}
    if server.url:
        parts = urlsplit(server.url)
        values |= {value for key, value in parse_qsl(parts.query) if _is_secret(key)}
        values.add(parts.password or "")
    return {line.strip() for value in values for line in value.splitlines() if line.strip()}


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None
