"""Secrets out of text, by value and by shape (Q3)."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.core.masking import MASK, Masker, secret_values

VALUE = "hunter2/correct horse+battery"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"
KEY_TEXT = "MIIEpAIBAAKCAQEA7bq\nabcdefg1234\n"


def test_q3_a_value_is_masked_as_it_is_in_urls_json_and_base64() -> None:
    masker = Masker([VALUE])
    forms = [
        VALUE,
        quote(VALUE, safe=""),
        base64.b64encode(VALUE.encode()).decode(),
        base64.urlsafe_b64encode(VALUE.encode()).decode(),
        json.dumps(VALUE),
    ]
    for form in forms:
        assert masker.mask(f"before {form} after").count(MASK) == 1, form


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "someone:"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_q3_a_value_inside_of_a_longer_base64_text_is_masked(before: str, after: str) -> None:
    text = base64.b64encode(f"{before}{VALUE}{after}".encode()).decode()
    masked = Masker([VALUE]).mask(text)
    assert MASK in masked
    assert len(masked) < 20


def test_q3_values_of_less_than_six_characters_are_left_alone() -> None:
    assert Masker(["", "a", "test", "true "]).mask("a test is true ") == "a test is true "


def test_q3_the_longer_of_two_values_is_masked_whole() -> None:
    assert Masker(["secret", "secret-long"]).mask("x secret-long y") == f"x {MASK} y"


@pytest.mark.parametrize(
    "secret",
    [
        f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_TEXT}-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{KEY_TEXT}",
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{KEY_TEXT}-----END OPENSSH PRIVATE KEY-----",
        "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        '"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
        JWT,
        f"token={JWT}",
        "ghp_" + "a1B2" * 9,
        "github_pat_" + "a1B2" * 9,
        "glpat-" + "a1B2" * 6,
        "sk-ant-api03-" + "a1B2" * 9,
        "gsk_" + "a1B2" * 9,
        "xoxb-123456789012-abcdefghijkl",
        "AIza" + "a1B2c" * 7,
        "Authorization: Bearer abcdef123456",
        'authorization: "Basic dXNlcjpwYXNz"',
        "AUTHORIZATION: token abcdef123456",
        "    client-key-data: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVk1",
        "    token: abcdefgh1234567890abcdefgh",
        "postgres://app:s3cr3t-pass@db:5432/app",
    ],
)
def test_q3_what_is_secret_by_its_shape_is_masked(secret: str) -> None:
    masked = Masker().mask(f"before\n{secret}\nafter")
    assert MASK in masked
    for word in ("MIIEpA", "wJalr", "eyJzdWI", "a1B2a1B2", "abcdefghijkl", "abcdef123456"):
        assert word not in masked
    for word in ("dXNlcjpw", "LS0tLS1", "abcdefgh1234567", "s3cr3t-pass"):
        assert word not in masked
    assert masked.startswith("before\n")


@pytest.mark.parametrize(
    "text",
    [
        "def call(token: str, password: str) -> None: ...",
        "the task-list of disk-usage, a mask-value",
        "https://example.com:8443/path@2x.png",
        "commit 9c507258f17a1c3a2f1b6e0d4c5b7a8990aabbcc",
        "sha256:0f343b0931126a20f133d67c2b018a3b5b2e1d6c",
        "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----",
        "kind: ConfigMap\ndata:\n  a: b\n",
        "image: registry.example.com/app:1.2.3",
        "Bearer of news",
    ],
)
def test_q3_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Masker([VALUE]).mask(text) == text


SECRET_YAML = """apiVersion: v1
kind: Secret
metadata:
  name: db
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {"apiVersion":"v1","data":{"password":"aHVudGVyMg=="},"kind":"Secret"}
data:
  password: aHVudGVyMg==
  pem: |
    bGluZW9uZQ==
    bGluZXR3bw==
type: Opaque
---
kind: ConfigMap
data:
  colour: green
"""


def test_q3_the_data_of_a_secret_in_yaml_is_masked_and_other_documents_stay() -> None:
    masked = Masker().mask(SECRET_YAML)
    for word in ("aHVudGVyMg", "bGluZW9uZQ", "bGluZXR3bw"):
        assert word not in masked
    assert f"  password: {MASK}\n" in masked
    assert "type: Opaque" in masked
    assert "colour: green" in masked


def test_q3_the_data_of_a_secret_in_json_is_masked_also_inside_of_strings() -> None:
    inner = {"kind": "Secret", "stringData": {"x": 'a"}{"b', "y": "s3cr3t"}, "type": "Opaque"}
    text = json.dumps(
        {
            "items": [
                {"data": {"p": "aHVudGVyMg=="}, "kind": "Secret", "metadata": {"name": "db"}},
                {"kind": "Secret", "metadata": {"annotations": {"last": json.dumps(inner)}}},
                inner,
            ]
        }
    )
    masked = Masker().mask(text)
    for word in ("aHVudGVyMg", "s3cr3t"):
        assert word not in masked
    assert '"name": "db"' in masked
    assert "Opaque" in masked


def test_q3_structured_values_are_masked_with_their_keys_kept() -> None:
    value = {"items": [{"kind": "Secret", "data": {"p": "eA=="}}, VALUE, 3, None, True]}
    assert Masker([VALUE]).mask_value(value) == {
        "items": [{"kind": "Secret", "data": {"p": MASK}}, MASK, 3, None, True]
    }


def test_q3_secret_values_are_those_of_variables_with_secret_names() -> None:
    found = secret_values(
        {
            "ANTHROPIC_API_KEY": "key-0123456789",
            "GITHUB_TOKEN": "tok-0123456789",
            "DB_PASSWORD": "p4ssw0rd",
            "PGPASSWORD": "pg-p4ssw0rd",
            "DATABASE_URL": "postgresql://app:url%2Fpass@db/app",
            "APP_CREDENTIALS": "cred-0123456789",
            "PATH": "/usr/bin",
            "HOME": "/tmp/home",
            "SSH_AUTH_SOCK": "/run/agent.sock",
            "GOOGLE_APPLICATION_CREDENTIALS": "/keys/google.json",
            "TOKEN_FILE": "/run/token",
            "KEYBOARD_LAYOUT": "german",
            "SECRET_SCANNING": "disabled",
            "SHORT_KEY": "abc",
        }
    )
    assert found == {
        "key-0123456789",
        "tok-0123456789",
        "p4ssw0rd",
        "pg-p4ssw0rd",
        "url%2Fpass",
        "url/pass",
        "cred-0123456789",
    }


@given(st.text(min_size=6, max_size=40), st.text(max_size=60), st.text(max_size=60))
def test_q3_no_value_is_left_wherever_it_stands(value: str, before: str, after: str) -> None:
    if len(value.strip()) < 6 or value.strip() in f"{MASK}{MASK}{MASK}":
        return
    masked = Masker([value]).mask(f"{before}{value}{after}")
    # What is put in may complete a value with its neighbours, which is then no secret.
    assert value not in masked.replace(MASK, "\0")


@given(
    st.lists(
        st.sampled_from(
            [
                *("kind: Secret\n", "data:\n", "  a: b\n", "---\n", '"kind":"Secret"', '"data":{'),
                *("}", '"', "\\", "token: abcdefgh12345678901234", "eyJ", "://a:bcd@", "\n", JWT),
                *("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "sk-", "x"),
            ]
        ),
        max_size=20,
    )
)
def test_q3_masking_twice_is_masking_once(parts: list[str]) -> None:
    masker = Masker([VALUE])
    once = masker.mask("".join(parts))
    assert masker.mask(once) == once


@pytest.mark.parametrize(
    "piece",
    ["eyJ", "-----BEGIN RSA PRIVATE KEY-----\n", "token: a", "://a:", '{"kind":"Secret","data":{'],
)
@pytest.mark.timeout(100)
def test_q3_text_that_is_made_to_be_slow_is_masked_in_time(piece: str) -> None:
    text = piece * (4_000_000 // len(piece))
    assert len(Masker([VALUE]).mask(text)) <= len(text)
