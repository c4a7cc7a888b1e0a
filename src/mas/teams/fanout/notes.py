"""Notes about repositories in the language of the request (R10).

`mas.repositories` tells them in English, as it knows of no request. Each of its sentences stands
here once, with what is said instead; one that is unknown stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mas.core.language import Language

KOREAN: Final[Mapping[str, str]] = {
    "{path} lies in the repository {shown}, and the whole of it is taken.": (
        "{path}은(는) 저장소 {shown} 안에 있으며, 저장소 전체를 가져왔습니다."
    ),
    "{shown} has no commit yet, so that the run starts from a fresh one.": (
        "{shown}에 아직 커밋이 없어 새 저장소에서 시작합니다."
    ),
    "{shown} has uncommitted changes, which are not taken along.": (
        "{shown}에 커밋하지 않은 변경이 있으며, 가져오지 않았습니다."
    ),
    "{shown} does not hold its whole history; its newest state is taken.": (
        "{shown}에 전체 이력이 없어 최신 상태만 가져왔습니다."
    ),
    "{count} submodules stay empty: only the repository itself is taken.": (
        "서브모듈 {count}개는 비어 있습니다. 저장소 자체만 가져왔습니다."
    ),
    "Files that Git LFS holds are pointers: LFS is not run.": (
        "Git LFS 파일은 포인터 그대로입니다. LFS는 실행하지 않습니다."
    ),
    "git could not tell what {name} names: {words}": (
        "{name}이(가) 가리키는 파일을 git이 알려 주지 못했습니다: {words}"
    ),
    "{count} files that {name} names are left out: more than {most} files or {size} MB.": (
        "{name}이(가) 가리키는 파일 {count}개를 제외했습니다: "
        "파일 {most}개 또는 {size} MB를 넘습니다."
    ),
    "{count} files that {name} names are left out: they are no plain files.": (
        "{name}이(가) 가리키는 파일 {count}개는 일반 파일이 아니어서 제외했습니다."
    ),
    "Files that {name} names were committed: the branch has the work without them in one commit.": (
        "{name}이(가) 가리키는 파일이 커밋되어, "
        "브랜치에는 그 파일을 뺀 작업을 커밋 하나로 두었습니다."
    ),
    "The worktree of {branch} is gone: only what was taken before is there.": (
        "{branch}의 워크트리가 사라져, 그 전에 가져온 것만 있습니다."
    ),
    "{branch} has no repository any more; its files are taken.": (
        "{branch}의 저장소가 사라져 파일만 가져왔습니다."
    ),
    "Other commits of {branch} ({name}) are kept as {ref}.": (
        "{branch}의 다른 커밋({name})을 {ref}에 보관했습니다."
    ),
    "{count} more files differ than are listed.": (
        "목록에 없는 변경 파일이 {count}개 더 있습니다."
    ),
    "Only {most} of its {count} branches and tags are looked at.": (
        "브랜치와 태그 {count}개 중 {most}개만 살펴보았습니다."
    ),
    "Its repository is too large to be read in whole.": (
        "저장소가 너무 커서 전부 읽지 못했습니다."
    ),
    "Commits of {names} are broken or incomplete, and are not taken.": (
        "{names}의 커밋이 깨졌거나 불완전하여 가져오지 않았습니다."
    ),
    "Its .gitignore could not be read: files that it may name are taken too.": (
        ".gitignore를 읽지 못해, 거기서 제외했을 수 있는 파일도 가져왔습니다."
    ),
    "{path} is a worktree of its own repository; what it has not committed stays there.": (
        "{path}은(는) 같은 저장소의 다른 워크트리이며, 커밋하지 않은 것은 그곳에 남아 있습니다."
    ),
    "{path} is a repository of its own: its files are taken, not its history.": (
        "{path}은(는) 별도의 저장소이며, 이력이 아니라 파일만 가져왔습니다."
    ),
    "{path} could not be read, and is left out.": "{path}을(를) 읽지 못해 제외했습니다.",
    "Too large, and left out: {paths}.": "너무 커서 제외했습니다: {paths}.",
    "No files, and left out: {paths}.": "파일이 아니어서 제외했습니다: {paths}.",
}
"""What `mas.repositories` says, as a pattern, and the same in Korean."""

_PLACE: Final = re.compile(r"\\\{(\w+)\\\}")


def note_in(note: str, language: Language) -> str:
    """A note about a repository in this language."""
    if language != "ko":
        return note
    for english, korean in KOREAN.items():
        found = re.fullmatch(_PLACE.sub(r"(?P<\1>.*)", re.escape(english)), note, re.DOTALL)
        if found is not None:
            return korean.format(**found.groupdict())
    return note
