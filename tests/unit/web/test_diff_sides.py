"""Two columns of a unified diff: each line once, on its side, beside its counterpart (U2, F5)."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mas.repositories.changes import Diff, FileChange
from mas.web.views.diff import FileDiff, Row, files_of, unquoted
from mas.web.views.diff_lines import (
    LONGEST_LINE,
    changed_ranges,
    coloured,
    lexer_for,
    to_line,
    visible,
)
from mas.web.views.diff_page import compare_view
from support.fanout_world import CLEAN
from support.markup import read_markup

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            """|a|b|x = 1|x = 2|def f():|--- a/x|+++ b/x|@@ -1 +1 @@|diff --git a/x b/x|-|+| |\t
            |<b>&\r|\\ No newline at end of file""".replace("\n", "").split("|")
        ),
        st.text(
            st.characters(blacklist_characters="\n\x00", blacklist_categories=["Cs"]), max_size=9
        ),
    ),
    max_size=14,
)


def made_by_git(folder: Path, left: str, right: str, *, unified: int = 3) -> str:
    """The difference of two files, as git writes it."""
    (folder / "l").write_bytes(left.encode())
    (folder / "r").write_bytes(right.encode())
    done = subprocess.run(
        ["git", "diff", "--no-index", "--no-color", "--text", f"-U{unified}", "l", "r"],
        cwd=folder,
        env=CLEAN,
        capture_output=True,
        timeout=30,
        check=False,
    )
    return done.stdout.decode()


def sides(one: FileDiff) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The lines of each side with their numbers."""
    rows = [row for hunk in one.hunks for row in hunk.rows]
    return (
        [(row.left.number, row.left.text) for row in rows if row.left],
        [(row.right.number, row.right.text) for row in rows if row.right],
    )


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(left=LINES, right=LINES, unified=st.integers(0, 3))
def test_f5_each_line_of_a_difference_stands_once_on_its_side(
    tmp_path: Path, left: list[str], right: list[str], unified: int
) -> None:
    text = made_by_git(tmp_path, "\n".join(left), "\n".join(right), unified=unified)
    files = files_of(text)
    if not text:
        assert files == ()
        return
    (one,) = files
    ours, theirs = sides(one)
    for shown, lines in ((ours, left), (theirs, right)):
        # Numbers only grow, and each names the line that stands there.
        assert [number for number, _ in shown] == sorted({number for number, _ in shown})
        assert all(lines[number - 1] == line for number, line in shown)
    rows = [row for hunk in one.hunks for row in hunk.rows]
    body = [line for line in text.split("\n") if line][4:]
    assert one.left_lines == sum(row.kind == "change" and row.left is not None for row in rows)
    # What is the same is beside itself, and of what changed nothing is lost.
    assert all(row.left.text == row.right.text for row in rows if row.kind == "same")  # type: ignore[union-attr]
    removed = _signed(text, "-")
    added = _signed(text, "+")
    assert [row.left.text for row in rows if row.kind == "change" and row.left] == removed
    assert [row.right.text for row in rows if row.kind == "change" and row.right] == added
    assert body


def _signed(text: str, sign: str) -> list[str]:
    """Lines of the hunks with a sign, counted as the heads of the hunks say."""
    found: list[str] = []
    left = right = 0
    for line in text.split("\n"):
        if not left and not right:
            if line.startswith("@@ "):
                old, new = line.split(" ")[1:3]
                left = int(old.partition(",")[2] or "1")
                right = int(new.partition(",")[2] or "1")
            continue
        if line.startswith("\\"):
            continue
        left -= line[:1] in "- "
        right -= line[:1] in "+ "
        if line[:1] == sign:
            found.append(line[1:])
    return found


def hunk(*lines: str) -> str:
    """A difference of one file with these lines."""
    old = sum(line[0] in " -" for line in lines)
    new = sum(line[0] in " +" for line in lines)
    head = "diff --git a/f.py b/f.py\n--- a/f.py\n+++ b/f.py\n"
    return f"{head}@@ -1,{old} +1,{new} @@\n" + "\n".join(lines) + "\n"


def rows_of(text: str) -> list[Row]:
    (one,) = files_of(text)
    return [row for part in one.hunks for row in part.rows]


def test_f5_changed_lines_stand_beside_those_that_they_have_come_from() -> None:
    rows = rows_of(hunk("-    return a + b", "+    check(a)", "+    check(b)", "+    return a - b"))
    assert [(row.left and row.left.text, row.right and row.right.text) for row in rows] == [
        (None, "    check(a)"),
        (None, "    check(b)"),
        ("    return a + b", "    return a - b"),
    ]


def test_f5_names_of_all_kinds_are_read_as_git_writes_them() -> None:
    text = (
        'diff --git "a/\\355\\225\\234 \\"q\\".py" "b/\\355\\225\\234 \\"q\\".py"\n'
        'new file mode 100644\n--- /dev/null\n+++ "b/\\355\\225\\234 \\"q\\".py"\n'
        "@@ -0,0 +1 @@\n+x\n"
        "diff --git a/old name b/new name\nsimilarity index 100%\nrename from old name\n"
        "rename to new name\n"
        "diff --git a/pic.png b/pic.png\nBinary files a/pic.png and b/pic.png differ\n"
        "diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n"
        "diff --git a/gone b/gone\ndeleted file mode 100644\n--- a/gone\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-x\n"
    )
    files = files_of(text)
    assert [one.path for one in files] == ['한 "q".py', "new name", "pic.png", "run.sh", "gone"]
    assert files[1].before == "old name"
    assert [one.notes for one in files] == [("new",), (), ("binary",), ("mode",), ("deleted",)]
    assert unquoted('"a\\tb\\\\c\\001"') == "a\tb\\c\x01"


def test_f5_equal_lines_that_are_left_out_are_counted() -> None:
    head = "diff --git a/f b/f\n--- a/f\n+++ b/f\n"
    (one,) = files_of(
        head + "@@ -10 +10 @@ def f():\n-a\n+b\n@@ -20,0 +21 @@\n+c\n@@ -30 +32 @@\n-d\n+e\n"
    )
    assert [part.skipped for part in one.hunks] == [9, 10, 9]
    assert one.hunks[0].heading == "def f():"


def test_f5_a_huge_difference_is_cut_and_says_so() -> None:
    text = hunk(*(f"+line {number}" for number in range(5_000)))
    (one,) = files_of(text + text, most_lines=100)[:1]
    assert one.cut
    assert sum(len(part.rows) for part in one.hunks) == 100
    assert files_of(text + text, most_lines=100)[1].hunks == ()
    broken = files_of(hunk("-a", "+b")[:-4])
    assert broken[0].path == "f.py"


@given(st.text(max_size=300), st.sampled_from(["x.py", "x.json", "x.html", "x.sh", "x.md", "x"]))
@settings(deadline=None)
def test_f5_colours_change_nothing_of_the_text(text: str, name: str) -> None:
    lines = text.split("\n")
    made = coloured(lines, lexer_for(name))
    assert ["".join(part for _, part in pieces) for pieces in made] == lines


@given(st.text(max_size=80), st.text(max_size=80))
def test_u3_a_line_becomes_harmless_html_with_all_its_text(left: str, right: str) -> None:
    ours, theirs = changed_ranges(left, right)
    for text, ranges in ((left, ours), (right, theirs)):
        found = read_markup(to_line([("", text[:7]), ("k", text[7:])], ranges))
        found.check_harmless()
        assert found.names <= {"span", "mark"}
        assert found.text == read_markup(visible(text)).text


def test_u3_signs_that_hide_are_shown_as_what_they_are() -> None:
    shown = str(visible("a\x1b[0m\r\x7f\u202e\u200b<"))
    for name in ("ESC", "CR", "U+007F", "U+202E", "U+200B"):
        assert f'<span class="ctl">{name}</span>' in shown
    assert shown.endswith("&lt;")


def test_u2_what_has_changed_in_a_line_is_marked() -> None:
    ours, theirs = changed_ranges("return add(a, b)", "return add(a, c)")
    assert (ours, theirs) == ([(14, 15)], [(14, 15)])
    assert to_line([("", "return add(a, b)")], ours) == "return add(a, <mark>b</mark>)"
    assert changed_ranges("one thing", "wholly other") == ([], [])


def test_u2_a_line_without_end_is_cut() -> None:
    assert "… +5000" in to_line([("", "x" * (LONGEST_LINE + 5_000))])


def test_u3_hostile_names_and_lines_stay_text_on_the_page() -> None:
    evil = "<script>alert(1)</script>"
    head = f"diff --git a/{evil} b/{evil}\n--- a/{evil}\n+++ b/{evil}\n"
    text = head + f"@@ -1 +1 @@ {evil}\n-{evil}\n+{evil}x\n"
    files = (FileChange(path=evil, change="M", additions=1, deletions=1),)
    view = compare_view(Diff(text=text, total_bytes=len(text), files=files))
    (one,) = view.files
    assert one.path == "&lt;script&gt;alert(1)&lt;/script&gt;"
    (row,) = one.hunks[0].rows
    assert row.left is not None
    assert "<script" not in row.left.html
    assert "<script" not in one.hunks[0].heading
