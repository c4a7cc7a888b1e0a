"""What is said of checks, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mas.core.language import Language
from mas.teams.fanout.checks.model import Reason

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "why.given": ("It was asked for.", "요청에서 지정했습니다."),
    "why.detected": ("The repository has {file}.", "저장소에 {file} 파일이 있습니다."),
    "check.passed": ("{passed} tests passed.", "테스트 {passed}개가 통과했습니다."),
    "check.passed_some": (
        "{passed} tests passed, {skipped} were skipped.",
        "테스트 {passed}개가 통과했고 {skipped}개는 건너뛰었습니다.",
    ),
    "check.exit_only": (
        "Exit code 0; by its exit code only, since no report of single tests was found.",
        "종료 코드 0. 개별 테스트 보고서가 없어 종료 코드로만 판단했습니다.",
    ),
    "check.failed": (
        "{failed} of {total} tests failed.",
        "테스트 {total}개 중 {failed}개가 실패했습니다.",
    ),
    "check.exit": ("Exit code {code}.", "종료 코드 {code}."),
    "check.signal": (
        "Ended by a signal (exit code {code}).",
        "시그널로 종료되었습니다(종료 코드 {code}).",
    ),
    "check.deadline": ("Stopped at its deadline.", "제한 시간이 지나 중단했습니다."),
    "check.oom": ("Out of memory.", "메모리 한도를 넘어 종료되었습니다."),
    "check.not_started": (
        "Not started: the program {program} is not there.",
        "{program} 프로그램이 없어 시작하지 못했습니다.",
    ),
    "check.prepare": (
        "Not started: {command} before it failed.",
        "준비 명령 {command} 실행에 실패하여 시작하지 못했습니다.",
    ),
    "check.no_report": (
        "Exit code 0 without a whole report of its test runner: it was ended before its tests were "
        "done.",
        "종료 코드는 0이지만 테스트 실행기의 완전한 보고서가 없습니다. 테스트가 끝나기 전에 종료되었습니다.",
    ),
    "check.early": (
        "A test session began and was ended before it could tell its outcome.",
        "테스트 실행이 결과를 알리기 전에 종료되었습니다.",
    ),
    "check.no_tests": ("No test was run.", "실행된 테스트가 없습니다."),
    "check.report_gone": (
        "Exit code 0, but the {count} tests that the base runs were not reported.",
        "종료 코드는 0이지만 기준 커밋에서 실행된 테스트 {count}개가 보고되지 않았습니다.",
    ),
    "check.report_gone_named": (
        "Exit code 0, but the {count} tests that the base runs were not reported: {names}.",
        "종료 코드는 0이지만 기준 커밋에서 실행된 테스트 {count}개가 보고되지 않았습니다: {names}.",
    ),
    "check.missing": (
        "All that ran passed, but {count} tests that the base runs did not run.",
        "실행된 테스트는 모두 통과했지만 기준 커밋에서 실행된 테스트 {count}개가 실행되지 않았습니다.",
    ),
    "check.missing_named": (
        "All that ran passed, but {count} tests that the base runs did not run: {names}.",
        "실행된 테스트는 모두 통과했지만 기준 커밋에서 실행된 테스트 {count}개가 실행되지 않았습니다: {names}.",
    ),
    "edit.test": (
        "The existing test {path} was changed.",
        "기존 테스트 {path} 파일을 수정했습니다.",
    ),
    "edit.test_removed": (
        "The existing test {path} was removed.",
        "기존 테스트 {path} 파일을 삭제했습니다.",
    ),
    "edit.settings": (
        "Settings of the tests were changed in {path}.",
        "{path}에서 테스트 설정을 변경했습니다.",
    ),
    "edit.settings_added": (
        "{path} was added, which changes how tests are run.",
        "테스트 실행 방식을 바꾸는 {path} 파일을 추가했습니다.",
    ),
    "edit.added_main": (
        "{path} was added, which can keep existing tests of its package from running.",
        "패키지의 기존 테스트 실행을 막을 수 있는 {path} 파일을 추가했습니다.",
    ),
    "edit.script": (
        "The check's own script {path} was changed.",
        "검사 스크립트 {path}를 수정했습니다.",
    ),
}


def say(reason: Reason, language: Language) -> str:
    """A reason of this package as a sentence."""
    english, korean = TEXTS[reason.key]
    return (korean if language == "ko" else english).format(**reason.params)
