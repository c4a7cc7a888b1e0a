"""What a text says beyond its facts is found; what the facts carry passes (D7)."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mas.core.grounding import Facts, sentences, ungrounded

NAMES = {
    "tekton": ("Tekton Pipelines", "Tekton", "텍톤"),
    "jenkins": ("Jenkins", "젠킨스"),
    "gitea": ("Gitea", "기티"),
}
FACTS = Facts(
    [
        "Tekton Pipelines v1.15.0 needs 16Gi of memory, CPU 500m and 1480 pods; 90% is used.",
        "Kubernetes v1.33.6+k3s1 meets the minimum (1.28), retired since 2026-03.",
        "e3: StatefulSet/gitea/gitea-act-runner status.readyReplicas = 2 on node w-3; nodes: 3",
        "image ghcr.io/tektoncd/pipeline/controller:v1.3.1, storage 20Gi, free 17179869184",
    ],
    names=NAMES,
)


@pytest.mark.parametrize(
    "text",
    [
        "It needs 16 GiB of memory and 0.5 cores for 1,480 pods.",
        "It takes 16Gi, 16GB or 16 gigabytes; 500 millicores; 90 percent or 90 %.",
        "메모리 16기가와 CPU 500m이 필요하고 90퍼센트를 사용합니다.",
        "노드 3대의 파드 1,480개와 세 대의 노드, 복제본 두 개.",
        "There are three worker nodes and two replicas.",
        "Kubernetes v1.33 is 1.33.6, also 1.33.x and v1.33.6+k3s1; 1.28 or later is enough.",
        "Kubernetes 1.33은 최소 1.28 이상입니다.",
        "It retired in March 2026 (2026-03, 2026년 3월).",
        "`gitea-act-runner` in StatefulSet/gitea/gitea-act-runner is ready on w-3.",
        "`status.readyReplicas` is 2, see e3.",
        "The image is ghcr.io/tektoncd/pipeline/controller:v1.3.1 (controller:v1.3.1).",
        "텍톤을 설치하면 기티가 필요 없습니다. Tekton은 좋습니다.",
        "Tekton's control-plane is a long-term, well-known, Tekton-based solution for CI/CD.",
        "1. First, the 2nd reason and reason 4.\n2) Then step 7.",
        "이유 2와 4번째 단계를 봅니다.",
        "One of the nodes is spare, and either of them will do.",
        "kubelet과 operator를 봅니다.",
        'It is "already there".',
        "However, Because, Therefore: Gitea is fine.",
        "",
    ],
)
def test_d7_a_text_made_from_the_facts_passes(text: str) -> None:
    assert ungrounded(text, FACTS) == ()


@pytest.mark.parametrize(
    ("text", "strange"),
    [
        ("It needs 17Gi.", "17Gi"),
        ("It needs 16Mi.", "16Mi"),
        ("It needs 16 of them.", "16"),
        ("It needs 0.7 cores.", "0.7"),
        ("91% is used.", "91%"),
        ("90 are used.", "90"),
        ("노드 4대의 상태", "4"),
        ("노드 네 대의 상태", "네 대"),
        ("노드 다섯 대가 있습니다", "다섯 대"),
        ("노드가 둘입니다, 노드 넷입니다", "노드 넷"),
        ("four worker nodes", "four"),
        ("파드 5천 개", "5천"),
        ("15만 개", "15만"),
        ("Kubernetes v1.34", "v1.34"),
        ("Kubernetes 1.33.7", "1.33.7"),
        ("Kubernetes v1.33.6+k3s2", "v1.33.6+k3s2"),
        ("최소 1.29 이상", "1.29"),
        ("April 2026", "April 2026"),
        ("2026년 4월", "2026년 4월"),
        ("2026-03-01", "2026-03-01"),
        ("`gitea-act-runer` is ready.", "gitea-act-runer"),
        ("gitea-server is ready.", "gitea-server"),
        ("node w-4", "w-4"),
        ("shop/gitea-act-runner", "shop/gitea-act-runner"),
        ("Use Jenkins.", "Jenkins"),
        ("젠킨스를 쓰세요.", "젠킨스"),
        ("We like Zorblax.", "Zorblax"),
        ("Zorblax is better.", "Zorblax"),
        ("zorblax를 설치합니다.", "zorblax"),
        ("A DaemonSet runs.", "DaemonSet"),
        ("See https://example.org/x.", "https"),
        ("controller:v1.3.2", "controller:v1.3.2"),
        ("`status.replicas`", "status.replicas"),
        ("e4", "e4"),
    ],
)
def test_d7_what_no_fact_carries_is_found(text: str, strange: str) -> None:
    found = ungrounded(text, FACTS)
    assert any(one.startswith(strange) for one in found), found


def test_d7_without_names_a_lower_case_word_of_english_is_no_name() -> None:
    assert ungrounded("jenkins builds it", Facts(["nothing"])) == ()
    assert ungrounded("jenkins builds it", Facts(["nothing"], names=NAMES)) == ("jenkins",)


def test_d7_numbers_inside_names_and_versions_are_no_counts() -> None:
    facts = Facts(["node w-7 runs v1.33.6, e12, spec.containers[4].image"])
    assert ungrounded("There are 7, 33, 6, 12 and 4.", facts) == ("7", "33", "6", "12", "4")


def test_sentences_end_at_full_stops_and_lines_and_not_inside_versions() -> None:
    text = (
        'Tekton v1.33.6. It is, e.g. fine!\n- Next? "Yes." 그렇습니다. 버전은 1.28입니다.\n2) Last'
    )
    assert sentences(text) == (
        "Tekton v1.33.6.",
        "It is, e.g. fine!",
        "Next?",
        '"Yes."',
        "그렇습니다.",
        "버전은 1.28입니다.",
        "Last",
    )


NUMBERS = st.integers(min_value=0, max_value=10**9)
UNITS = st.sampled_from(["", "Gi", " GiB", "Mi", "%", "m", "개", "대의", "초가", " nodes"])
PLAIN = st.from_regex(r"[b-df-hj-np-tv-z]{4,9}", fullmatch=True)
OBJECTS = st.builds(lambda one, two, number: f"{one}-{two}-{number}", PLAIN, PLAIN, NUMBERS)
FRAMES = st.sampled_from(["There are {} of it.", "지금 {} 있습니다.", "({}), and more", "{}"])


@given(number=NUMBERS, unit=UNITS, frame=FRAMES)
def test_d7_any_amount_of_the_facts_passes(number: int, unit: str, frame: str) -> None:
    facts = Facts([f"free: {number}{unit}"])
    assert ungrounded(frame.format(f"{number}{unit}"), facts) == ()
    assert ungrounded(frame.format(f"{number:,}{unit}"), facts) == ()


@given(number=NUMBERS, other=NUMBERS, unit=UNITS, frame=FRAMES)
def test_d7_any_changed_amount_is_found(number: int, other: int, unit: str, frame: str) -> None:
    assume(number != other)
    found = ungrounded(frame.format(f"{other}{unit}"), Facts([f"free: {number}{unit}"]))
    assert any(str(other) in one for one in found)


@given(parts=st.lists(st.integers(0, 99), min_size=3, max_size=3), at=st.integers(0, 2))
def test_d7_any_changed_version_is_found(parts: list[int], at: int) -> None:
    facts = Facts([f"Kubernetes v{'.'.join(map(str, parts))}"])
    assert ungrounded(f"v{'.'.join(map(str, parts))}의 클러스터", facts) == ()
    changed = [part + (place == at) for place, part in enumerate(parts)]
    assert ungrounded(f"Kubernetes {'.'.join(map(str, changed))}.", facts)


@given(name=OBJECTS, at=st.integers(0, 30), frame=FRAMES)
def test_d7_any_changed_name_is_found(name: str, at: int, frame: str) -> None:
    facts = Facts([f"Pod/shop/{name} is ready"])
    assert ungrounded(frame.format(name), facts) == ()
    assert ungrounded(frame.format(f"`shop/{name}`"), facts) == ()
    place = at % len(name)
    changed = f"{name[:place]}{'x' if name[place] != 'x' else 'z'}{name[place + 1 :]}"
    assert ungrounded(frame.format(changed), facts)


@given(st.text(max_size=300), st.text(max_size=300))
def test_q2_any_text_is_read_without_failing(text: str, fact: str) -> None:
    ungrounded(text, Facts([fact]))
    assert "".join(sentences(text)).split() == [] or sentences(text)


@given(st.text(alphabet="aA1.-/:@[]+% ,가대", max_size=200))
def test_d7_a_text_grounds_itself(text: str) -> None:
    assert ungrounded(text, Facts([text])) == ()
