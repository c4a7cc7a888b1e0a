"""Tokens as they are set and known again, and where a request comes from (Q3, U3)."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import pwd
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.app.access_settings import refuse_former, tokens_of
from mas.app.accounts import local_actor
from mas.app.settings import load_settings
from mas.core.access_tokens import digest_of, new_access_token, read_entries
from mas.core.errors import UserError
from mas.http.access import tokens as knowing
from mas.http.access.attempts import MOST_CLIENTS, OF_ALL, OF_ONE, Attempts, Seldom
from mas.http.access.hosts import is_answered, is_origin_of
from mas.http.access.incoming import local_path
from mas.http.access.peers import peer_of
from mas.http.access.tokens import find_token
from support.access_book import ManualTime

PLAIN = "mas_" + "k" * 43
HEX = hashlib.sha256(PLAIN.encode()).hexdigest()
ENTRY = f"alice:operator:sha256-{HEX}"
PROXY = (ipaddress.ip_network("10.0.0.0/8"),)


def test_u3_an_entry_keeps_a_digest_and_no_token() -> None:
    made = new_access_token("alice", "operator", PLAIN)
    assert made.entry == ENTRY
    assert PLAIN not in repr(made)
    assert HEX not in repr(made)
    assert read_entries([ENTRY], place="X") == (made,)


@pytest.mark.parametrize("name", ["local", "Nobody"])
def test_u3_no_token_has_a_name_that_the_audit_log_uses_for_strangers(name: str) -> None:
    with pytest.raises(UserError) as caught:
        new_access_token(name, "operator", PLAIN)
    assert caught.value.code == "bad_token_name"


def test_u3_the_account_is_the_one_of_the_process_whatever_variables_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(variable, "somebody-else")
    assert local_actor().name == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([PLAIN], "is a token itself"),
        (["secret-secret"], "is a token itself"),
        ([f"alice:operator:{PLAIN}"], "NAME:ROLE:sha256-HEX"),
        ([f"alice:root:sha256-{HEX}"], "viewer, operator, admin"),
        ([f"alice:operator:sha256-{HEX[:-1]}"], "NAME:ROLE:sha256-HEX"),
        ([f"alice:operator:md5-{HEX}"], "NAME:ROLE:sha256-HEX"),
        ([f"al\nice:operator:sha256-{HEX}"], "NAME:ROLE:sha256-HEX"),
        ([f":operator:sha256-{HEX}"], "NAME:ROLE:sha256-HEX"),
        ([f"nobody:operator:sha256-{HEX}"], "other than local and nobody"),
        ([ENTRY, f"alice:viewer:sha256-{'0' * 64}"], "two entries with the name alice"),
        ([ENTRY, f"bob:viewer:sha256-{HEX}"], "the same token"),
    ],
)
def test_u3_an_entry_that_is_none_is_refused_without_being_shown(
    entries: list[str], said: str
) -> None:
    with pytest.raises(UserError) as caught:
        read_entries(entries, place="MAS_API_TOKENS")
    assert said in str(caught.value)
    assert caught.value.hint
    assert caught.value.code == "bad_tokens"
    for secret in (PLAIN, HEX, HEX[:20], "secret-secret"):
        assert secret not in str(caught.value)


def test_u3_every_entry_is_compared_whichever_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def counting(one: bytes, other: bytes) -> bool:
        seen.append((one, other))
        return hmac.compare_digest(one, other)

    class Watched:
        compare_digest = staticmethod(counting)

    monkeypatch.setattr(knowing, "hmac", Watched)
    known = [new_access_token(f"n{number}", "viewer", f"token-{number}") for number in range(5)]
    for number in range(5):
        found = find_token(known, f"token-{number}")
        assert found is known[number]
    assert find_token(known, "x" * 10_000) is None
    assert find_token(known, "\ud800") is None
    assert find_token(known, "") is None
    assert len(seen) == 8 * 5
    assert {(len(one), len(other)) for one, other in seen} == {(32, 32)}, "always digests"


def settings_of(tmp_path: Path, toml: str = "", **environment: str):
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    (home / "mas.toml").write_text(toml)
    return load_settings({"MAS_HOME": str(home), **environment})


def test_u3_tokens_come_from_a_variable_a_file_or_mas_toml(tmp_path: Path) -> None:
    other = f"bob:viewer:sha256-{'1' * 64}"
    (tmp_path / "tokens").write_text(f"# people\n{ENTRY}\n\n  {other}\n")
    places = (
        settings_of(tmp_path, MAS_API_TOKENS=f"{ENTRY},\n {other} "),
        settings_of(tmp_path, MAS_API_TOKENS_FILE=str(tmp_path / "tokens")),
        settings_of(tmp_path, f'[access]\ntokens = ["{ENTRY}", "{other}"]'),
        settings_of(tmp_path, f'[access]\ntokens_file = "{tmp_path / "tokens"}"'),
    )
    for settings in places:
        assert [one.name for one in tokens_of(settings.access)] == ["alice", "bob"]
        assert not settings.access.is_open
        assert HEX not in repr(settings.shown)
        assert HEX not in repr(settings.access)
    over = settings_of(tmp_path, f'[access]\ntokens = ["{ENTRY}"]', MAS_API_TOKENS=other)
    assert [one.name for one in tokens_of(over.access)] == ["bob"]
    assert settings_of(tmp_path).access.is_open
    assert settings_of(tmp_path, MAS_API_TOKENS=" , ").access.is_open


def test_u3_a_file_of_tokens_that_is_empty_or_gone_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# nobody\n")
    for name in ("empty", "gone", "."):
        settings = settings_of(tmp_path, MAS_API_TOKENS_FILE=str(tmp_path / name))
        assert not settings.access.is_open
        with pytest.raises(UserError) as caught:
            tokens_of(settings.access)
        assert caught.value.code == "bad_tokens"
        assert caught.value.hint


def test_u3_two_places_for_tokens_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        settings_of(tmp_path, MAS_API_TOKENS=ENTRY, MAS_API_TOKENS_FILE="x")
    assert caught.value.code == "bad_setting"
    with pytest.raises(UserError):
        settings_of(tmp_path, f'[access]\ntokens = ["{ENTRY}"]\ntokens_file = "x"')


def test_u3_the_former_variable_says_what_to_do() -> None:
    with pytest.raises(UserError) as caught:
        refuse_former({"MAS_API_TOKEN": "very-secret-value"})
    assert str(caught.value).startswith("MAS_API_TOKEN is not used any more")
    assert "mas token new" in caught.value.hint
    assert "very-secret" not in str(caught.value)
    refuse_former({"MAS_API_TOKEN": " ", "MAS_API_TOKENS": ENTRY})


@pytest.mark.parametrize(
    "setting",
    [
        {"MAS_ALLOWED_HOSTS": "https://mas.example"},
        {"MAS_ALLOWED_HOSTS": "mas.example:80"},
        {"MAS_TRUSTED_PROXIES": "proxy.example"},
        {"MAS_TRUSTED_PROXIES": "10.0.0.0/99"},
    ],
)
def test_u3_hosts_and_proxies_are_checked(tmp_path: Path, setting: dict[str, str]) -> None:
    with pytest.raises(UserError) as caught:
        settings_of(tmp_path, **setting)
    assert caught.value.code == "bad_setting"


def test_u3_only_a_trusted_proxy_speaks_for_others() -> None:
    def seen(address: str, forwarded: str, proto: str = "", *, trusted=PROXY):
        return peer_of(address, https=False, forwarded_for=forwarded, proto=proto, trusted=trusted)

    assert seen("192.0.2.9", "127.0.0.1", "https").address == "192.0.2.9"
    assert not seen("192.0.2.9", "127.0.0.1", "https").https
    assert seen("10.0.0.1", "192.0.2.7", "https").address == "192.0.2.7"
    assert seen("10.0.0.1", "192.0.2.7", "https").https
    assert not seen("10.0.0.1", "192.0.2.7", "https, http").https
    assert seen("10.0.0.1", "1.2.3.4, 192.0.2.7, 10.0.0.2").address == "192.0.2.7"
    assert seen("10.0.0.1", "").address == "10.0.0.1"
    assert seen("10.0.0.1", "evil<script>, 192.0.2.7").address == "192.0.2.7"
    assert seen("10.0.0.1", "192.0.2.7, evil\r\n").address == "10.0.0.1"
    assert seen("10.0.0.1", "192.0.2.7", trusted=()).address == "10.0.0.1"
    assert seen("::ffff:10.0.0.1", "192.0.2.7").address == "192.0.2.7"
    assert seen("somewhere", "192.0.2.7").address == "unknown"
    one = seen("2001:db8::1", "", trusted=()).neighbourhood
    assert one == seen("2001:db8::ffff", "", trusted=()).neighbourhood


@given(st.text(max_size=60))
def test_u3_no_next_address_leads_to_another_host(wanted: str) -> None:
    for one in (wanted, "/" + wanted):
        path = local_path(one)
        assert path.startswith("/")
        assert not path.startswith(("//", "/\\"))
        assert path.isascii()
        assert path.isprintable()
        assert "\\" not in path


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x=y",
        "/\t/evil.example",
        " /runs",
        "",
        "runs",
        "/x" * 2000,
        "/login?next=/login",
        "/logout",
    ],
)
def test_u3_an_address_that_could_lead_away_becomes_the_start(wanted: str) -> None:
    assert local_path(wanted) == "/"


def test_u3_addresses_of_this_server_are_kept() -> None:
    for wanted in ("/", "/runs/run_1?tab=diff&a=%2F#x", "/runs?text=%EB%8F%84"):
        assert local_path(wanted) == wanted


def test_u3_hosts_are_compared_whole() -> None:
    allowed = ("mas.example", "2001:db8::1")
    for host in ("mas.example", "MAS.example:8443", "mas.example.", "localhost", "[2001:db8::1]:1"):
        assert is_answered(host, loopback_only=False, allowed=allowed), host
    for host in ("evil.example", "mas.example.evil", "xmas.example", "", "mas.example, x", "a b"):
        assert not is_answered(host, loopback_only=False, allowed=allowed), host
    assert is_answered("any.example", loopback_only=False, allowed=())
    assert not is_answered("a, b", loopback_only=False, allowed=())


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:8000", "localhost:8000", True),
        ("https://mas.example", "mas.example", True),
        ("https://mas.example", "mas.example:443", True),
        ("http://mas.example:80", "mas.example", True),
        ("https://MAS.example", "mas.example", True),
        ("http://localhost:3000", "localhost:8000", False),
        ("http://127.0.0.1:8000", "localhost:8000", False),
        ("null", "localhost", False),
        ("", "", False),
        ("file://", "", False),
        ("https://mas.example.evil", "mas.example", False),
        ("https://evil.example, https://mas.example", "mas.example", False),
        ("chrome-extension://localhost", "localhost", False),
    ],
)
def test_u3_an_origin_is_the_same_host_and_port(origin: str, host: str, same: bool) -> None:
    assert is_origin_of(origin, host) is same


def test_u3_guessing_gets_slow_by_client_and_in_all() -> None:
    time = ManualTime()
    attempts = Attempts(time.ticks)
    for _ in range(OF_ONE.free):
        attempts.failed("a")
        assert attempts.wait("a") is None
    waits = []
    for _ in range(14):
        attempts.failed("a")
        wait = attempts.wait("a")
        assert wait is not None
        waits.append(wait.total_seconds())
        time.seconds += waits[-1]
        assert attempts.wait("a") is None
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert waits[-1] == OF_ONE.longest.total_seconds()
    assert attempts.wait("b") is None
    attempts.succeeded("a")
    attempts.failed("a")
    assert attempts.wait("a") is None
    for number in range(OF_ALL.free):
        attempts.failed(f"c{number}")
    wait = attempts.wait("c0")
    assert wait is not None
    assert wait <= OF_ALL.longest
    assert attempts.wait("never seen") is None, "strangers shut nobody out"
    time.seconds += 10_000
    attempts.failed("d")
    assert attempts.wait("c0") is None, "a quiet time is forgiven"


def test_u3_what_is_kept_of_clients_is_bounded() -> None:
    time = ManualTime()
    attempts, seldom = Attempts(time.ticks), Seldom(time.ticks, most=100)
    passed = 0
    for number in range(MOST_CLIENTS + 500):
        attempts.failed(str(number))
        passed += seldom.passes(str(number))
    assert len(attempts._clients) == MOST_CLIENTS
    assert passed == 100
    time.seconds += 61
    assert seldom.passes("1")
    assert not seldom.passes("1")
    assert len(seldom._passed) == 1


def test_u3_digests_are_those_of_plain_sha256() -> None:
    assert digest_of(PLAIN).hex() == HEX
