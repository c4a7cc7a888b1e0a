"""Names of evidence that is computed and therefore stands under no path, for a report.

In a decision these names are the same in both languages; a report says them in its own.
"""

from __future__ import annotations

from mas.core.language import Language

_KOREAN: dict[str, str] = {
    "requested by its pods": "파드 요청량 합계",
    "pods on it": "실행 중인 파드 수",
    "server version": "서버 버전",
    "capability named": "요청에 적힌 기능",
    "tool named": "요청에 적힌 도구",
    "demand named": "요청에 적힌 수요",
    "source named": "지정된 클러스터",
    "forbidden kinds": "조회가 거부된 종류",
    "number of custom resource definitions": "CRD 수",
    "number of components": "구성 요소 수",
    "number of storage classes": "StorageClass 수",
    "number of ingresses": "Ingress 수",
    "number of ingresses with tls": "TLS를 사용하는 Ingress 수",
    "number of load balancers pending": "주소를 기다리는 LoadBalancer Service 수",
    "number of claims": "볼륨 요청(PVC) 수",
    "number of claims pending": "스토리지를 기다리는 볼륨 요청(PVC) 수",
    "number of autoscalers": "HorizontalPodAutoscaler 수",
}
_GIVING = "number of healthy tools that give "
_READ = " read"
_KOREAN_VALUES = {"none": "없음", "no": "읽지 못함"}


def is_computed(field: str) -> bool:
    """Whether a field of evidence is no path: paths have no spaces."""
    return " " in field


def field_name(field: str, language: Language) -> str:
    """A computed field in words of the language."""
    if language == "en":
        return field
    if field.startswith(_GIVING):
        return f"{field.removeprefix(_GIVING)} 기능을 정상으로 제공하는 도구 수"
    if field.endswith(_READ):
        return f"{field.removesuffix(_READ)} 조회 결과"
    return _KOREAN.get(field, field)


def value_text(value: str, language: Language) -> str:
    """The value of a computed field in words of the language."""
    return _KOREAN_VALUES.get(value, value) if language == "ko" else value
