"""What the agents of a decision say of their stages, by key."""

from __future__ import annotations

from mas.core.tools import Text
from mas.teams.decide.wording.text import both as _t

PROGRESS: dict[str, Text] = {
    "team.reason": _t(
        "The request asks whether to adopt something, so planner, researcher and decider answer it.",
        "도입 여부를 묻는 요청이므로 계획, 조사, 판정 에이전트가 답합니다.",
    ),
    "team.plan": _t("Understand the request", "요청 파악"),
    "team.plan.goal": _t(
        "Find which tool or capability is asked about.", "어떤 도구나 기능을 묻는지 찾습니다."
    ),
    "team.research": _t("Read the cluster", "클러스터 조사"),
    "team.research.goal": _t(
        "Find what runs in the cluster and what room it has.",
        "클러스터에서 무엇이 실행되고 여유가 얼마나 있는지 찾습니다.",
    ),
    "team.decide": _t("Decide and write the report", "판정과 보고서 작성"),
    "team.decide.goal": _t(
        "Judge by rules over the evidence and write the report.",
        "근거에 규칙을 적용해 판정하고 보고서를 씁니다.",
    ),
    "team.failed": _t("The decision could not be made", "판정하지 못했습니다"),
    "planner.nothing": _t("nothing that the catalog knows", "카탈로그에 없는 대상"),
    "planner.observe": _t("The request asks about: {subject}", "요청 대상: {subject}"),
    "planner.reason.tool": _t(
        "It names a tool of the catalog", "카탈로그에 있는 도구를 지정한 요청입니다"
    ),
    "planner.reason.capability": _t(
        "It names a capability: what covers it here answers, else the best-fitting tool",
        "기능을 지정한 요청이므로 현재 그 기능을 맡은 도구, 없으면 가장 알맞은 도구를 기준으로 답합니다",
    ),
    "planner.reason.unknown": _t(
        "It names nothing that the catalog knows", "카탈로그에 없는 대상을 묻는 요청입니다"
    ),
    "planner.problem": _t(
        "Should this cluster adopt what is asked about?", "이 클러스터에 도입해야 하는가?"
    ),
    "planner.approach": _t(
        "Compare capabilities, versions, room, storage and project state with what the cluster holds.",
        "기능, 버전, 용량, 스토리지, 프로젝트 상태를 클러스터의 현재 상태와 비교합니다.",
    ),
    "planner.criterion": _t(
        "The subject of the request is known or named as unknown.",
        "요청 대상이 확인되었거나 모르는 대상으로 표시되었습니다.",
    ),
    "planner.plan": _t("{count} steps are planned", "{count}단계를 계획했습니다"),
    "planner.act": _t("The question is set", "판단할 질문을 정했습니다"),
    "planner.validate": _t(
        "The subject was checked against the catalog", "대상을 카탈로그와 대조했습니다"
    ),
    "researcher.none": _t("There is no cluster to look at", "살펴볼 클러스터가 없습니다"),
    "researcher.observe": _t(
        "Nodes read: {nodes}, workloads: {workloads}, pods: {pods}; not readable: {unread}",
        "노드 {nodes}대, 워크로드 {workloads}개, 파드 {pods}개를 읽었습니다. 읽지 못한 종류: {unread}",
    ),
    "researcher.problem": _t("What does the cluster hold?", "클러스터에 무엇이 있는가?"),
    "researcher.approach": _t(
        "Recognise tools by their controllers' images, and add up what the nodes have left.",
        "컨트롤러 이미지로 도구를 식별하고 노드의 남은 자원을 계산합니다.",
    ),
    "researcher.criterion": _t(
        "All that could be read is in the digest, and what could not is named.",
        "읽을 수 있는 정보는 모두 담고, 읽지 못한 것은 밝혔습니다.",
    ),
    "researcher.reason": _t(
        "Tool installations found: {count}, healthy: {healthy}",
        "도구 설치 {count}건 발견, 그중 {healthy}건 정상",
    ),
    "researcher.plan": _t(
        "Take the inventory and prepare the scheduling simulation",
        "재고를 정리하고 배치 시뮬레이션을 준비합니다",
    ),
    "researcher.act": _t(
        "Inventory: {count} tool installations, applications: {applications}",
        "설치 {count}건, 애플리케이션 {applications}개를 정리했습니다",
    ),
    "researcher.validate": _t(
        "The digest reads back as stored", "저장한 요약을 다시 읽어 확인했습니다"
    ),
    "decider.observe": _t("{count} pieces of evidence", "근거 {count}개"),
    "decider.reason": _t(
        "{support} reasons for, {against} against", "찬성 이유 {support}개, 반대 이유 {against}개"
    ),
    "decider.approach": _t(
        "Rules in their order of precedence, each over evidence.",
        "정해진 우선순위의 규칙을 근거에 적용합니다.",
    ),
    "decider.criterion": _t(
        "Each reason cites evidence that was read.", "모든 이유가 읽은 근거를 가리킵니다."
    ),
    "decider.plan": _t(
        "Weigh the findings and write the report", "결과를 종합하고 보고서를 씁니다"
    ),
    "decider.act": _t("Verdict: {verdict}", "판정: {verdict}"),
    "decider.validate": _t(
        "All {count} reasons cite their evidence", "이유 {count}개가 모두 근거를 가리킵니다"
    ),
    "step.read": _t("read the cluster", "클러스터 읽기"),
    "step.read.method": _t(
        "lists of nodes, workloads, pods and more", "노드, 워크로드, 파드 등의 목록 조회"
    ),
    "step.read.expected": _t("a digest", "요약"),
    "step.inventory": _t("take the inventory", "재고 정리"),
    "step.inventory.method": _t(
        "images of controllers and servers", "컨트롤러와 서버의 이미지 대조"
    ),
    "step.inventory.expected": _t("installed tools with health", "설치된 도구와 상태"),
    "step.simulate": _t("simulate scheduling", "배치 시뮬레이션"),
    "step.simulate.method": _t(
        "requests, taints, quotas, pod slots, measured use, one node lost",
        "요청량, 테인트, 할당량, 파드 자리, 실측 사용량, 노드 1대 손실",
    ),
    "step.simulate.expected": _t("whether its pods fit", "파드 배치 가능 여부"),
    "step.judge": _t("judge", "판정"),
    "step.judge.method": _t("rules over evidence", "근거에 규칙 적용"),
    "step.judge.expected": _t("a verdict with reasons", "이유가 있는 판정"),
    "step.write": _t("write the report", "보고서 작성"),
    "step.write.method": _t("from the decision and its evidence", "판정과 근거를 바탕으로 작성"),
    "step.write.expected": _t("Markdown in the request's language", "요청 언어의 Markdown 문서"),
}
