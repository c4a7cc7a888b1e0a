"""Secrets out of text: by value, and by shapes that are secret whatever their value (Q3).

Text is gone through with plain searches for short anchors first, so that ten megabytes without
a secret cost little, and text made to be slow costs no more than other text.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus, unquote

from mas.core.secret_objects import mask_secret_objects, mask_secret_value
from mas.core.values import JsonValue, encode_json

MASK: Final = "***"
SHORTEST_VALUE: Final = 6
"""Characters; shorter values would mask ordinary words."""
_SHORTEST_PIECE: Final = 8
"""Characters of a base64 form that stands inside a longer one."""

_SECRET_WORDS = frozenset(
    {"KEY", "KEYS", "APIKEY", "TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWD", "PASS"}
    | {"PASSPHRASE", "CREDENTIAL", "CREDENTIALS", "PAT", "PWD", "AUTH", "COOKIE", "DSN"}
)
_NOT_SECRET_NAMES = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK"})
_NOT_SECRET_ENDINGS = ("_FILE", "_PATH", "_DIR", "_SOCK", "_URL_SCHEME")
_PLAIN_WORDS = frozenset({"enabled", "disabled", "default", "required", "optional", "unlimited"})
_FLAG = re.compile(r"-{0,2}(?P<name>[A-Za-z][\w.-]{0,100})(?:(?P<given>=)|$)")
_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|\S)+""")
_URL_PASSWORD = re.compile(r"://[^/\s:@]*:([^/\s]+)@")
# As libpq takes it, behind the question mark of an address or between spaces.
_PASSWORD_FIELD = re.compile(
    r"(?:^|[?&\s])(?:ssl)?passw(?:or)?d\s*=\s*(?:'([^']*)'|([^&\s']+))", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """Text that is secret by its form: searched by `anchor`, from where `pattern` must match.

    The group `secret` is what is masked; `before` says how far before the anchor the pattern
    begins.
    """

    anchor: str
    pattern: re.Pattern[str]
    before: int = 0


def _token(anchor: str, rest: str) -> _Shape:
    """A token that begins with `anchor` and stands at the beginning of a word."""
    return _Shape(
        anchor=anchor, pattern=re.compile(rf"(?<![A-Za-z0-9_-])(?P<secret>{anchor}{rest})")
    )


_HEADER = re.compile(
    r"authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:(?:bearer|basic|token|digest)\s{1,4})?"
    r"(?P<secret>[^\s\"',;]{6,})",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?<!\w)bearer\s{1,4}(?P<secret>[A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)
# Long, without spaces and with a digit: `token: str` in a program stays readable.
_VALUE_SHAPE = r"(?P<secret>(?=[^\s\"']{0,400}\d)[A-Za-z0-9._~+/=:-]{16,})"
_NAMED = re.compile(rf"[\"']?\s{{0,4}}[:=]\s{{0,4}}(?:[|>]-?\s{{0,200}})?[\"']?{_VALUE_SHAPE}")


def _named(name: str) -> _Shape:
    """A field of this name whose value looks secret."""
    return _Shape(anchor=name, pattern=re.compile(re.escape(name) + _NAMED.pattern, _NAMED.flags))


_SHAPES: Final = (
    _Shape(
        anchor="-----BEGIN ",
        pattern=re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?P<secret>.*?)(?:-----END |\Z)",
            re.DOTALL,
        ),
    ),
    _token("AKIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _token("ASIA", r"[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _token("eyJ", r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{5,}"),
    *(_token(f"gh{kind}_", "[A-Za-z0-9]{30,}") for kind in "pousr"),
    _token("github_pat_", "[A-Za-z0-9_]{22,}"),
    _token("glpat-", "[A-Za-z0-9_-]{20,}"),
    _token("sk-", "[A-Za-z0-9_-]{16,}"),
    _token("gsk_", "[A-Za-z0-9]{20,}"),
    _token("AIza", "[A-Za-z0-9_-]{35}"),
    _token("npm_", "[A-Za-z0-9]{36}"),
    _token("xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
    *(_Shape(anchor=text, pattern=_HEADER) for text in ("Authorization", "authorization")),
    _Shape(anchor="AUTHORIZATION", pattern=_HEADER),
    *(_Shape(anchor=text, pattern=_BEARER) for text in ("Bearer", "bearer", "BEARER")),
    *(
        _named(name)
        for name in (
            "client-key-data",
            "token",
            "Token",
            "TOKEN",
            "secret_access_key",
            "SecretAccessKey",
            "SECRET_ACCESS_KEY",
            "password",
            "PASSWORD",
            "client_secret",
            "api_key",
            "API_KEY",
        )
    ),
    _Shape(
        anchor="://", pattern=re.compile(r"://[^/\s:@\"']{0,200}:(?P<secret>[^/\s@\"']{3,200})@")
    ),
)
_AFTER_ID = re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_ACCESS_KEY = re.compile(r"A[KS]IA[A-Z0-9]{16}")
_NEAR: Final = 300
"""Characters after an access key's id in which its secret is looked for."""


class Masker:
    """Takes secrets out of text. Values, their base64 and URL forms, and known shapes become `***`.

    Values shorter than six characters are left alone: they would mask ordinary words.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for value in secrets for form in _forms(value)}
        # The longest first: a value may hold another one.
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def mask(self, text: str) -> str:
        """The text without secrets. Masking what has been masked changes nothing."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        text = mask_secret_objects(text, MASK)
        if "AKIA" in text or "ASIA" in text:
            text = _mask_access_keys(text)
        for shape in _SHAPES:
            text = _mask_shape(text, shape)
        return text

    def mask_value(self, value: JsonValue) -> JsonValue:
        """A JSON value with all its texts masked; names of fields too."""
        return _mapped(mask_secret_value(value, MASK), self.mask)


def secret_values(environment: Mapping[str, str]) -> frozenset[str]:
    """Values of variables whose names say that they are secret, and passwords inside of URLs.

    Variables that name a file or socket, and words like `enabled`, are left out.
    """
    found: set[str] = set()
    for name, value in environment.items():
        found.update(_passwords_in(value))
        if _is_secret_name(name.upper()) and value.lower() not in _PLAIN_WORDS:
            if name.upper().endswith("CREDENTIALS") and value.startswith(("/", "~", ".")):
                continue
            found.update({value, value.strip()})
    return frozenset(value for value in found if len(value) >= SHORTEST_VALUE)


def _passwords_in(value: str) -> Iterator[str]:
    """Passwords in an address or connection string, as they stand there and as they are meant."""
    for match in _URL_PASSWORD.finditer(value):
        yield from (match[1], unquote(match[1]))
    for match in _PASSWORD_FIELD.finditer(value):
        password = match[1] or match[2] or ""
        yield from (password, unquote(password))


def secret_arguments(words: Sequence[str]) -> frozenset[str]:
    """Values that an argument list gives to flags with a secret's name, and passwords in URLs."""
    found = {words[at][begin:] for at, begin in _secret_parts(words)}
    for word in words:
        found.update(match[1] for match in _URL_PASSWORD.finditer(word))
    return frozenset(value for value in found if len(value) >= SHORTEST_VALUE)


def mask_arguments(words: Sequence[str], mask: str = MASK) -> list[str]:
    """The words with the values of flags that have a secret's name taken out (`--token X`)."""
    masked = list(words)
    for at, begin in _secret_parts(words):
        masked[at] = words[at][:begin] + mask
    return masked


def command_words(line: str) -> list[str]:
    """The words of a command line as a shell takes them; one that none takes, as they stand."""
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def mask_command(line: str, mask: str = MASK) -> str:
    """`mask_arguments` for a command line, whose white space stays as it is."""
    words = iter(mask_arguments(_WORD.findall(line), mask))
    return _WORD.sub(lambda _: next(words), line)


def _secret_parts(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Which word holds a secret value, and from which character on.

    The last part of a flag's name says what it takes: `--auth-mode` takes no secret.
    """
    for at, word in enumerate(words):
        found = _FLAG.match(word)
        if found is None:
            continue
        name = found["name"].upper().replace("-", "_").replace(".", "_")
        if not _is_secret_name(name) or not _is_secret_name(name.rpartition("_")[2]):
            continue
        if found["given"]:
            yield at, found.end()
        elif word.startswith("-") and at + 1 < len(words) and not words[at + 1].startswith("-"):
            yield at + 1, 0


def _is_secret_name(name: str) -> bool:
    if name in _NOT_SECRET_NAMES or name.endswith(_NOT_SECRET_ENDINGS):
        return False
    words = re.split(r"[^A-Z0-9]+", name)
    return any(
        word in _SECRET_WORDS or word.endswith(("PASSWORD", "TOKEN", "SECRET", "APIKEY"))
        for word in words
    )


def _forms(value: str) -> set[str]:
    """How a value may be written: as it is, in URLs, in JSON, in base64 alone or inside more."""
    if len(value.strip()) < SHORTEST_VALUE:
        return set()
    data = value.encode("utf-8", "surrogateescape")
    forms = {
        value,
        value.strip(),
        quote(data, safe=""),
        quote(data),
        quote_plus(data),
        encode_json(value.encode("utf-8", "replace").decode()).decode()[1:-1],
    }
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.update({encode(data).decode(), encode(data).decode().rstrip("=")})
        for offset in range(3):
            text = encode(b"\0" * offset + data).decode()
            # The first and last characters depend on what stands around the value.
            begin = (0, 2, 3)[offset]
            whole = (offset + len(data)) // 3 * 4
            if whole - begin >= _SHORTEST_PIECE:
                forms.add(text[begin + (1 if offset else 0) : whole])
    return {form for form in forms if len(form) >= SHORTEST_VALUE}


def _mask_shape(text: str, shape: _Shape) -> str:
    at = text.find(shape.anchor)
    if at < 0:
        return text
    pieces = []
    done = 0
    while at >= 0:
        match = shape.pattern.match(text, at)
        if match is None:
            at = text.find(shape.anchor, at + 1)
            continue
        begin, end = match.span("secret")
        pieces += [text[done:begin], MASK]
        done = end
        at = text.find(shape.anchor, max(end, at + 1))
    pieces.append(text[done:])
    return "".join(pieces)


def _mask_access_keys(text: str) -> str:
    """Mask the secret that stands close after the id of an access key; the id comes later."""
    pieces = []
    done = 0
    for match in _ACCESS_KEY.finditer(text):
        near = _AFTER_ID.search(text, max(match.end(), done), match.end() + _NEAR + 40)
        if near is not None:
            pieces += [text[done : near.start()], MASK]
            done = near.end()
    pieces.append(text[done:])
    return "".join(pieces)


def _mapped(value: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {change(str(key)): _mapped(item, change) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in value]
    return value
