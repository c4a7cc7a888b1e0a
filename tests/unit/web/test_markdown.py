"""Reports as HTML: nothing in them gets out of the text that it is (U3)."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.web.views.markdown import LIMIT_CHARACTERS, to_html
from support.markup import read_markup

MADE = frozenset(
    "h2 h3 h4 h5 h6 p a em strong s code pre ul ol li blockquote hr br "
    "div table thead tbody tr th td".split()
)
PIECES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"onmouseover="alert(1)',
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](data:text/html;base64,PHNjcmlwdD4=)",
    "[a](vbscript:x)",
    "[a](//evil.example)",
    "[a](/logout)",
    "[a](java\nscript:x)",
    "[a](&#106;avascript:x)",
    '[a](https://x.example "t\' onclick=x")',
    "![a](javascript:x)",
    "![p](https://x.example/p.png)",
    "[![p](https://x.example/p.png)](https://y.example)",
    "<https://z.example/?<b>>",
    "[r]: javascript:x\n\n[r]",
    "# head",
    "\n## head\n",
    "\n| a | b |\n|:-:|--:|\n| <b> | `|` |\n",
    '\n```sh" onclick="x\n<b>\n```\n',
    "`<i>`",
    "&lt;script&gt;",
    "\x1b[31m",
    "\u202e",
    "\n> q\n",
    "\n- l\n",
    "*e* **s** ~~d~~",
    "\\",
    "\n\n",
    "&#0;",
    "<!--",
    "]]>",
)


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=14))
def test_u3_no_text_of_a_report_becomes_markup_of_its_own(pieces: list[str]) -> None:
    found = read_markup(to_html("".join(pieces)))
    found.check_harmless()
    assert found.names <= MADE
    for name, attributes in found.tags:
        allowed = {
            "a": {"href", "rel"},
            "div": {"class", "tabindex"},
            "table": {"class"},
            "pre": {"tabindex"},
            "ol": {"start"},
            "th": {"class"},
            "td": {"class"},
        }.get(name, {"id"} if name.startswith("h") else set())
        assert set(attributes) <= allowed, (name, attributes)


@pytest.mark.parametrize(
    "address", ["http://x.example/a", "https://x.example", "mailto:a@x.example"]
)
def test_u3_links_to_the_web_say_nothing_of_where_they_stand(address: str) -> None:
    (link,) = read_markup(to_html(f"[x]({address})")).all("a")
    assert link == {"href": address, "rel": "noopener noreferrer nofollow"}


@pytest.mark.parametrize(
    "address",
    [
        "javascript:x",
        "data:text/html,x",
        "/logout",
        "//evil.example",
        "http:evil",
        "file:///etc",
        "x",
    ],
)
def test_u3_other_addresses_stay_text(address: str) -> None:
    found = read_markup(to_html(f"[x]({address})"))
    assert not found.all("a")
    assert address in found.text


def test_u3_pictures_are_links_and_load_nothing() -> None:
    found = read_markup(to_html("![a *picture*](https://x.example/p.png)"))
    assert not found.all("img")
    assert found.all("a")[0]["href"] == "https://x.example/p.png"
    assert "a *picture*" in found.text


def test_u2_headings_begin_where_the_page_wants_them_and_keep_their_order() -> None:
    found = read_markup(to_html("# a\n## b\n#### c\n# a\n", prefix="report", top=3))
    assert [name for name, _ in found.tags] == ["h3", "h4", "h6", "h3"]
    assert found.ids == ["report-a", "report-b", "report-c", "report-a-2"]


def test_u2_links_within_a_report_lead_to_its_own_headings() -> None:
    found = read_markup(to_html("[there](#결론)\n\n## 결론\n", prefix="r7"))
    assert found.all("a")[0] == {"href": "#r7-%EA%B2%B0%EB%A1%A0"}
    assert found.ids == ["r7-결론"]


def test_u2_columns_that_are_set_right_need_no_inline_style() -> None:
    found = read_markup(to_html("| a | b |\n| --- | --: |\n| 1 | 2 |\n"))
    assert found.all("td") == [{}, {"class": "num"}]


def test_u3_control_and_direction_signs_are_seen() -> None:
    html = to_html("a\x1b[2Jb\u202ec\u200bd")
    assert html == "<p>a\ufffd[2Jb\ufffdc\ufffdd</p>\n"


def test_u2_a_report_without_end_is_cut() -> None:
    html = to_html(("word " * 99 + "\n\n") * (LIMIT_CHARACTERS // 400))
    assert html.endswith("<p>…</p>\n")
    assert 0 < html.count("word") <= LIMIT_CHARACTERS / 5


@pytest.mark.parametrize(
    "text",
    [
        "![" * 90_000,
        "*a **b " * 30_000,
        "> " * 90_000,
        "[a](<b" * 30_000,
        "|a" * 3_000 + "\n" + "|-" * 3_000 + "\n" + "|\n" * 30_000,
    ],
    ids=["pictures", "stars", "quotes", "links", "cells"],
)
def test_q3_text_made_to_be_slow_is_not(text: str) -> None:
    begun = time.process_time()
    to_html(text)
    assert time.process_time() - begun < 10
