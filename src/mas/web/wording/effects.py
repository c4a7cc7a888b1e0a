"""What calls do and why they ask, as MAS words it in English, beside the same in Korean.

These sentences are stored with a call; a reader of Korean is told them anew. Values stand in braces.
"""

from __future__ import annotations

_FILES = (
    (
        "Writes {size} bytes to {path}; what stands there is replaced.",
        "{path}에 {size}바이트를 씁니다. 그 자리에 있던 것은 바뀝니다.",
    ),
    ("Replaces a piece of text in {path}.", "{path}에서 글의 일부를 바꿉니다."),
    ("Commits {paths}: {message}", "커밋합니다({paths}): {message}"),
)

_TOOLS = (
    ("The command is no list of words.", "명령이 낱말 목록이 아닙니다."),
    (
        "Calls {tool} of the MCP server {server}, as shown.",
        "MCP 서버 {server}의 도구 {tool}: 보이는 그대로 호출합니다.",
    ),
    ("Reads through {tool}: {what}", "{tool} 도구로 읽습니다: {what}"),
    ("Changes something through {tool}: {what}", "{tool} 도구로 무언가를 바꿉니다: {what}"),
)

_PROGRAMS = (
    ("There is no program to run.", "실행할 프로그램이 없습니다."),
    (
        "The command holds a zero character and cannot run.",
        "명령에 널 문자가 있어 실행할 수 없습니다.",
    ),
    (
        "Runs {program}, which takes things away for good.",
        "되돌릴 수 없이 지우는 프로그램을 실행합니다: {program}",
    ),
    ("Runs the program at {program}.", "이 경로의 프로그램을 실행합니다: {program}"),
    ("It is not known what {program} does.", "{program} 명령이 무엇을 하는지 알 수 없습니다."),
    ("{program} may print credentials.", "{program} 명령은 인증 정보를 보일 수 있습니다."),
    (
        "{program} shows the environment of a container.",
        "{program} 명령은 컨테이너의 환경 변수를 보입니다.",
    ),
    (
        "{program} is told to drop or delete data.",
        "{program} 명령으로 데이터를 지우려고 합니다.",
    ),
    (
        "{program} starts a command that takes things away for good.",
        "{program} 명령이 되돌릴 수 없이 지우는 명령을 실행합니다.",
    ),
    (
        "{program} starts another command, which is not looked into.",
        "{program} 명령이 다른 명령을 실행하며, 그 명령은 살펴보지 않았습니다.",
    ),
    (
        "{program} takes something away for good inside of a container.",
        "{program} 명령이 컨테이너 안에서 되돌릴 수 없이 지웁니다.",
    ),
)

_READERS = (
    ("find deletes what it finds.", "find 명령이 찾은 것을 지웁니다."),
    (
        "find starts {program} for what it finds.",
        "find 명령이 찾은 것마다 {program} 명령을 실행합니다.",
    ),
    (
        "find with {option}, which is not known to be harmless.",
        "find 명령에 무해한지 알 수 없는 {option} 옵션이 있습니다.",
    ),
    ("find looks outside of the workspace.", "find 명령이 작업 폴더 밖을 찾습니다."),
    (
        "find lists files and changes nothing.",
        "find 명령은 파일을 나열할 뿐 아무것도 바꾸지 않습니다.",
    ),
    (
        "date with a plain word sets the clock.",
        "date 명령에 낱말이 있으면 시계를 맞춥니다.",
    ),
    (
        "sed with a script that is more than the printing of lines.",
        "sed 명령의 스크립트가 줄을 보이는 것 말고도 더 합니다.",
    ),
)

_CONTAINERS = (
    (
        "docker removes containers, images or volumes.",
        "docker 명령이 컨테이너, 이미지, 볼륨을 지웁니다.",
    ),
    (
        "docker inspect shows environments, which may hold secrets.",
        "docker inspect 명령은 비밀이 있을 수 있는 환경 변수를 보입니다.",
    ),
    ("helm removes a release.", "helm 명령이 릴리스를 지웁니다."),
    ("terraform destroys what it has made.", "terraform 명령이 만든 것을 없앱니다."),
    (
        "terraform shows the values of its state, which may be secret.",
        "terraform 명령이 비밀일 수 있는 상태 값을 보입니다.",
    ),
    (
        "terraform starts its providers, and shows values that may be secret.",
        "terraform 명령이 프로바이더를 실행하고, 비밀일 수 있는 값을 보입니다.",
    ),
)

_KUBECTL = (
    (
        "kubectl {verb} takes objects or running pods away.",
        "kubectl {verb} 명령이 오브젝트나 실행 중인 파드를 없앱니다.",
    ),
    (
        "kubectl {verb} runs a command in a container.",
        "kubectl {verb} 명령이 컨테이너 안에서 명령을 실행합니다.",
    ),
    (
        "kubectl {verb} copies files between here and a container.",
        "kubectl {verb} 명령이 여기와 컨테이너 사이에 파일을 복사합니다.",
    ),
    (
        "kubectl {verb} opens a port to the cluster.",
        "kubectl {verb} 명령이 클러스터로 가는 포트를 엽니다.",
    ),
    (
        "kubectl {verb} opens a port to the API server.",
        "kubectl {verb} 명령이 API 서버로 가는 포트를 엽니다.",
    ),
    (
        "kubectl {verb} connects to a running process.",
        "kubectl {verb} 명령이 실행 중인 프로세스에 연결합니다.",
    ),
    (
        "kubectl {verb} starts a container for debugging.",
        "kubectl {verb} 명령이 디버깅용 컨테이너를 시작합니다.",
    ),
    ("kubectl {verb} changes objects.", "kubectl {verb} 명령이 오브젝트를 바꿉니다."),
    (
        "kubectl {verb} creates or changes objects.",
        "kubectl {verb} 명령이 오브젝트를 만들거나 바꿉니다.",
    ),
    ("kubectl {verb} creates objects.", "kubectl {verb} 명령이 오브젝트를 만듭니다."),
    (
        "kubectl {verb} sends objects to the server to compare them.",
        "kubectl {verb} 명령이 비교하려고 오브젝트를 서버로 보냅니다.",
    ),
    (
        "kubectl {verb} changes the number of replicas.",
        "kubectl {verb} 명령이 레플리카 수를 바꿉니다.",
    ),
    ("kubectl {verb} starts a pod.", "kubectl {verb} 명령이 파드를 시작합니다."),
    ("kubectl {verb} changes a roll-out.", "kubectl {verb} 명령이 롤아웃을 바꿉니다."),
    ("kubectl {verb} replaces objects.", "kubectl {verb} 명령이 오브젝트를 교체합니다."),
    (
        "It reads Secret values or lists Secrets.",
        "Secret 값을 읽거나 Secret 목록을 보입니다.",
    ),
    (
        "It shows credentials, or values that are often secret.",
        "인증 정보나, 비밀인 때가 많은 값을 보입니다.",
    ),
    (
        "{command} with an output format that reads or writes a file.",
        "{command} 명령에 파일을 읽거나 쓰는 출력 형식이 있습니다.",
    ),
    (
        "{command} is not known to change nothing.",
        "{command} 명령이 무언가를 바꾸는지 알 수 없습니다.",
    ),
)

_CLOUD = (
    (
        "aws {call} gives secrets or the content of data.",
        "aws {call} 호출이 비밀이나 데이터의 내용을 줍니다.",
    ),
    (
        "aws with options that are not known to be harmless.",
        "aws 명령에 무해한지 알 수 없는 옵션이 있습니다.",
    ),
    (
        "aws without a call that is understood.",
        "aws 명령에서 어떤 호출인지 알 수 없습니다.",
    ),
    ("aws {call} with a file to write to.", "aws {call} 호출이 파일에 씁니다."),
    (
        "aws {call} with a value that is loaded from elsewhere.",
        "aws {call} 호출이 다른 곳에서 값을 불러옵니다.",
    ),
    (
        "aws {call} with {option}, which is not understood.",
        "aws {call} 호출에 알 수 없는 {option} 매개변수가 있습니다.",
    ),
    (
        "aws {call} with {option}, which leads elsewhere.",
        "aws {call} 호출에 다른 곳으로 이끄는 {option} 매개변수가 있습니다.",
    ),
)

_GIT = (
    (
        "git throws work away, with options that are not known.",
        "git 명령이 작업을 버리며, 알 수 없는 옵션이 있습니다.",
    ),
    ("git {name} throws work away.", "git {name} 명령이 작업을 버립니다."),
    (
        "git with options that may start programs or lead elsewhere.",
        "git 명령에 프로그램을 실행하거나 다른 곳으로 이끌 수 있는 옵션이 있습니다.",
    ),
    ("git {name} makes {what}.", "git {name} 명령이 새로 만듭니다: {what}"),
)

_ANY_COMMAND = (
    (
        "{command} takes something away for good.",
        "{command} 명령이 되돌릴 수 없이 지웁니다.",
    ),
    ("{command} takes things away for good.", "{command} 명령이 되돌릴 수 없이 지웁니다."),
    (
        "{command} reads and changes nothing.",
        "{command} 명령은 읽기만 하고 아무것도 바꾸지 않습니다.",
    ),
    (
        "{command} changes something, or is not known to change nothing.",
        "{command} 명령이 무언가를 바꾸거나, 바꾸는지 알 수 없습니다.",
    ),
    ("{command} changes something.", "{command} 명령이 무언가를 바꿉니다."),
    ("{command} reads outside of the workspace.", "{command} 명령이 작업 폴더 밖을 읽습니다."),
    (
        "{command} with a path outside of the workspace.",
        "{command} 명령에 작업 폴더 밖의 경로가 있습니다.",
    ),
    (
        "{command} with an option that is not known to be harmless.",
        "{command} 명령에 무해한지 알 수 없는 옵션이 있습니다.",
    ),
    (
        "{command} with a file that is named like an option.",
        "{command} 명령에 옵션처럼 이름 붙은 파일이 있습니다.",
    ),
    (
        "{command} with this many words writes.",
        "{command} 명령은 낱말이 이만큼 있으면 씁니다.",
    ),
)

_REASONS = (
    ("Reading changes nothing.", "읽기는 아무것도 바꾸지 않습니다."),
    (
        "Writes are asked for unless the policy allows them.",
        "쓰기는 정책이 허용하지 않으면 승인을 받습니다.",
    ),
    (
        "Destructive actions are always asked for.",
        "되돌릴 수 없는 행동은 언제나 승인을 받습니다.",
    ),
    (
        "What would show secrets is always asked for.",
        "비밀을 보일 수 있는 행동은 언제나 승인을 받습니다.",
    ),
    ("The policy forbids {tool}.", "정책이 금지합니다: {tool}"),
    ("A rule of the policy is about {tool}.", "정책에 {tool} 규칙이 있습니다."),
)

EFFECTS = (
    *(*_FILES, *_TOOLS, *_READERS, *_CONTAINERS, *_CLOUD, *_GIT, *_KUBECTL),
    *(*_PROGRAMS, *_ANY_COMMAND, *_REASONS),
)
"""(English, Korean). Of those that fit a sentence the one with the most words of its own holds."""

SECRETS_NEAR = (
    " Secrets may lie where it looks: {place}.",
    " 그곳에 비밀이 있을 수 있습니다: {place}",
)
"""What may follow each of them."""
