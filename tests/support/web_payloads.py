"""What attackers put into addresses: ways out of folders, line ends, ways to other servers."""

from __future__ import annotations

ESCAPES = (
    "..",
    "../../secret",
    "%2e%2e%2f%2e%2e%2fsecret",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%252e%252e%252fsecret",
    "..%5c..%5csecret",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc%2fpasswd",
    "%00",
    "x%00.html",
    "%ff%fe",
    "%ED%A0%80",
    "%E2%80%AE%F0%9F%92%A3",
    "%EF%BC%8E%EF%BC%8E%EF%BC%8Fsecret",
    "a" * 5000,
    "%27%20OR%201%3D1--",
    "%7B%7B7*7%7D%7D",
    "%0d%0aX-Injected:%20yes",
    "-1",
    "99999999999999999999999",
)
CRLF = "%0d%0aX-Injected:%20yes%0d%0a%0d%0a<b>body</b>"
ELSEWHERE = (
    "//elsewhere.invalid",
    "///elsewhere.invalid",
    "/\\elsewhere.invalid",
    "\\\\elsewhere.invalid",
    "https://elsewhere.invalid",
    "https:elsewhere.invalid",
    "/\t/elsewhere.invalid",
    "\t//elsewhere.invalid",
    "/\n/elsewhere.invalid",
    " //elsewhere.invalid",
    "javascript:alert(1)",
    "data:text/html,x",
    "http://localhost@elsewhere.invalid",
    "@elsewhere.invalid",
    ".elsewhere.invalid",
    "//elsewhere.invalid\\@localhost",
    "/%2f/elsewhere.invalid",
    "/%5celsewhere.invalid",
    "/\u2028/elsewhere.invalid",
)
