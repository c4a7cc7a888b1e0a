"""The page for logging in, and why somebody is not let in."""

from __future__ import annotations

WORDS = {
    "login.title": ("Sign in", "로그인"),
    "login.lead": (
        "This server is shared. Sign in with the access token that you were given.",
        "여럿이 함께 쓰는 서버입니다. 받은 접근 토큰으로 로그인합니다.",
    ),
    "login.token": ("Access token", "접근 토큰"),
    "login.hint": ("It begins with {prefix}.", "{prefix}로 시작합니다."),
    "login.send": ("Sign in", "로그인"),
    "login.none": (
        "No token yet? Whoever runs this server makes one:",
        "토큰이 없으면 서버 관리자가 다음 명령으로 만듭니다:",
    ),
    "login.cookie": (
        "A session lasts 12 hours and is kept in one cookie.",
        "세션은 12시간 동안 유지되며 쿠키 하나에 보관합니다.",
    ),
    "login.error.empty": ("Enter your access token.", "접근 토큰을 입력하십시오."),
    "login.error.wrong": (
        "This server does not know this token. Check that all of it was copied.",
        "이 서버에 없는 토큰입니다. 빠짐없이 복사했는지 확인하십시오.",
    ),
    "login.error.wait": (
        "Too many wrong tokens came from here. Try again in {seconds} s; this one was not looked at.",
        "잘못된 토큰이 너무 많이 들어왔습니다. {seconds}초 뒤에 다시 시도하십시오. 이번 토큰은 확인하지 않았습니다.",
    ),
}
