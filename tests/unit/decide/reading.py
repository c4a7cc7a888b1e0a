"""Reads reports as a person would: parts in order, one language, nothing left over."""

from __future__ import annotations

import re
from typing import Any

from mas.catalog.loader import load_catalog
from mas.kubernetes.kinds import KINDS

PARTS = {
    "en": (
        ("Current cluster state",),
        ("Recommendation and reasons",),
        ("Alternatives", "Implementation guide", "How to repair it", "What to do next",
         "How to find out"),
        ("Conclusion",),
    ),
    "ko": (
        ("현재 클러스터 상태",),
        ("권고와 이유",),
        ("대안", "도입 가이드", "복구 방법", "다음에 할 일", "확인 방법"),
        ("결론",),
    ),
}  # fmt: skip
HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]")
_ENGLISH_WORD = re.compile(r"(?<![\w./@:-])[a-z][a-z]+(?![\w/@-]|\.[\w: ])")
KOREAN_MAY_SAY = {
    # names of things that Korean operators write as they are
    "kubelet", "kubeconfig", "kubectl", "cordon", "emptyDir", "etcd", "helm", "mas", "snapshot",
    "memcached", "true", "for", "mTLS", "gRPC", "unseal", "iptables", "eBPF", "init",
    "vmalert", "cron",
}  # fmt: skip


def check_form(report: str, decision: dict[str, Any], language: str) -> None:
    """Well-formed Markdown with the same facts as the decision, whatever the names in it."""
    check_parts(report, language)
    check_facts(report, decision)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", report)


def check_language(report: str, decision: dict[str, Any], language: str) -> None:
    """Whole sentences in one language, nothing left over."""
    check_sentences(report)
    if language == "ko":
        check_korean(report, decision)
    else:
        check_english(report, decision)


def check_parts(report: str, language: str) -> None:
    """Four parts in their order (D6)."""
    assert report.startswith("# ")
    assert report.endswith("\n")
    titles = [line[3:] for line in _prose_lines(report) if line.startswith("## ")]
    assert len(titles) == 4, titles
    for title, allowed in zip(titles, PARTS[language], strict=True):
        assert title in allowed, title
    assert sum(1 for line in _prose_lines(report) if line.startswith("# ")) == 1


def check_facts(report: str, decision: dict[str, Any]) -> None:
    """Every reason, step and alternative of the decision is told, numbered in order."""
    numbered = re.findall(r"^(\d+)\. \*\*\[", report, re.MULTILINE)
    assert numbered == [str(n) for n in range(1, len(decision["reasons"]) + 1)]
    for step in decision["guide"]:
        assert f"   {step['command']}\n" in report
    conclusion = report.rsplit("\n## ", 1)[1].split("\n", 1)[1].strip()
    assert conclusion
    assert "\n" not in conclusion, "the conclusion is one line"
    fences = [line for line in report.splitlines() if line.strip().startswith("```")]
    assert len(fences) == 2 * len(decision["guide"])
    rows = [line for line in report.splitlines() if line.startswith("|")]
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) >= 6, row


def check_sentences(report: str) -> None:
    """Nothing that a reader would stumble over."""
    for line in _prose_lines(report):
        assert "{" not in re.sub(r"`[^`]*`", "", line), line
        bare = re.sub(r"`[^`]*`", "X", line)
        assert not re.search(r"\.\.(?!\.)|\?\.|!\.| \.(?!\w)| ,|\(\)|:\s*\.|  \S", bare.strip()), (
            line
        )
        assert "None" not in bare.split(), line


def check_english(report: str, decision: dict[str, Any]) -> None:
    """No Hangul, but in what the request itself named."""
    text = _without_names(report, decision)
    assert not HANGUL.search(text), HANGUL.search(text)


def check_korean(report: str, decision: dict[str, Any]) -> None:
    """No English sentence and no untranslated label; names, kinds, fields and units may stay."""
    text = _without_names("\n".join(_prose_lines(report)), decision)
    text = re.sub(r"`[^`]*`|\S*[/@]\S*", "", text)  # paths and images
    for line in text.splitlines():
        words = [word for word in _ENGLISH_WORD.findall(line) if word not in KOREAN_MAY_SAY]
        assert not words, f"{words} in: {line}"
    for wrong in ("(으)로", "을(를)", "이(가)", "은(는)", "와(과)"):
        assert wrong not in text, wrong
    for line in text.splitlines():
        for sentence in re.findall(r"(?:[^.]|\.(?!\s|$))*\.(?=\s|$)", line):
            end = re.search(r"[가-힣]+(?=\.$)", sentence)
            listed = ": " in sentence  # a label with a list of nouns
            assert end is None or listed or end[0].endswith(("다", "오")), sentence


def _without_names(text: str, decision: dict[str, Any]) -> str:
    """The text without names that come from the catalog, the cluster or the request."""
    names: set[str] = {"cluster.json", "workloads", *(kind.name for kind in KINDS)}
    for tool in load_catalog().tools.values():
        names |= {tool.name, tool.id, *tool.capabilities.names.values()}
        names |= {component.name for component in tool.components}
        names |= {volume.name for one in tool.components for volume in one.volumes}
        names |= {hosted.name for hosted in tool.hosted}
    for capability in load_catalog().capabilities.values():
        names |= {hosted.name for hosted in capability.hosted}
    for entry in decision["evidence"].values():
        names |= {entry["object"], *entry["object"].split("/")}
        names |= {entry["value"]} if entry["value"].strip("0123456789") else set()
    names |= {one["namespace"] for one in decision["cluster"]["existing"]}
    names |= {one["version"] or "" for one in decision["cluster"]["existing"]}
    names.add(decision["tool"]["name"] or "")
    for name in sorted(names - {""}, key=len, reverse=True):
        text = re.sub(rf"(?<![A-Za-z0-9.]){re.escape(name)}(?![A-Za-z0-9])", "", text)
    return text


def _prose_lines(report: str) -> list[str]:
    """The lines outside of commands."""
    lines, inside = [], False
    for line in report.splitlines():
        if line.strip().startswith("```"):
            inside = not inside
        elif not inside:
            lines.append(line)
    assert not inside, "a command that does not end"
    return lines
