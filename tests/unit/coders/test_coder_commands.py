"""Coders that are commands, and presets of known ones (A7, Q1, Q3)."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mas.adapters.coders.choose import coder_named
from mas.adapters.coders.commands import LONGEST_WORD_BYTES, command_coder, preset_coder
from mas.adapters.coders.presets import PRESETS
from mas.adapters.coders.programs import folders_for, program_on
from mas.core.coding import CoderTask, ModelAccess, Seat
from mas.core.errors import UserError

PATH = "/usr/bin:/bin"
SEAT = Seat(
    number=3,
    of=4,
    branch="agent-3",
    base="main",
    worktree="/run/w",
    home="/run/h",
    control="/run/c",
)
TOKEN = "token-of-agent-3"
ACCESS = ModelAccess(model="some/model-1", base_url="http://127.0.0.1:8419/v1", token=TOKEN)
KNOWN = set(
    "prompt prompt_file instructions instructions_file workdir agent branch "
    "model base_url token".split()
)


def _task(prompt: str, *, access: ModelAccess | None = None, told: str = "") -> CoderTask:
    return CoderTask(
        prompt=prompt,
        instructions=told or f"Agent 3.\n\n{prompt}",
        seat=SEAT,
        python="python3",
        access=access,
    )


def _words(line: str, prompt: str) -> tuple[str, ...]:
    return command_coder(line, path=PATH, installed=False).start(_task(prompt)).argv


def test_a7_a_command_is_split_as_a_shell_splits_words() -> None:
    words = _words("""agent 'a b' "c \\"d" e\\ f "" --x={prompt}""", "p")
    assert words == ("agent", "a b", 'c "d', "e f", "", "--x=p")


def test_a7_no_shell_looks_at_the_words() -> None:
    assert _words("agent $HOME `id` '*' ~ | ; &&", "p")[1:] == tuple(
        "$HOME `id` * ~ | ; &&".split()
    )


def test_a7_places_are_replaced_inside_words() -> None:
    line = "agent -p={prompt} {workdir}/x {agent}{branch} {prompt_file} {instructions_file}"
    assert _words(line, "go") == (
        "agent",
        "-p=go",
        "/run/w/x",
        "3agent-3",
        "/run/c/prompt.txt",
        "/run/c/instructions.txt",
    )


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",))))
def test_a7_a_prompt_arrives_byte_for_byte(prompt: str) -> None:
    assert _words("agent a{prompt}b {prompt}", prompt)[1:] == (f"a{prompt}b", prompt)


@pytest.mark.parametrize(
    "prompt",
    ["{workdir} {agent} {prompt}", "--rm -rf", "a\n'b'\n\"c\"", "한국어 ✓", "{", "}", "{{prompt}}"],
)
def test_a7_what_a_prompt_holds_is_never_looked_at_again(prompt: str) -> None:
    assert _words("agent {prompt}", prompt) == ("agent", prompt)


def test_a7_other_braces_stay() -> None:
    line = "agent {} {x} {model} {Prompt} {{prompt}} '{\"a\": {agent}}'"
    assert _words(line, "p")[1:] == ("{}", "{x}", "{model}", "{Prompt}", "{p}", '{"a": 3}')


def test_a7_the_prompt_is_in_a_file_and_where_no_word_tells_it_on_standard_input() -> None:
    prompt = "café\n{agent}\n"
    start = command_coder("agent", path=PATH, installed=False).start(_task(prompt))
    assert start.files["prompt.txt"] == prompt.encode() == start.stdin
    assert start.files["instructions.txt"].endswith(prompt.encode())
    told = command_coder("agent {prompt_file}", path=PATH, installed=False).start(_task(prompt))
    assert told.stdin == b""


def test_q1_a_prompt_too_long_for_an_argument_is_refused_and_the_file_is_named() -> None:
    fits = "x" * LONGEST_WORD_BYTES
    assert _words("agent {prompt}", fits)[1] == fits
    with pytest.raises(UserError) as caught:
        _words("agent {prompt}", fits + "x")
    assert caught.value.code == "prompt_too_long"
    assert "{prompt_file}" in caught.value.hint
    assert "131,072 bytes" in caught.value.message
    # Characters are not bytes.
    with pytest.raises(UserError):
        _words("agent {prompt}", "한" * 100_000)
    assert _words("agent {prompt_file}", "한" * 100_000)[1] == "/run/c/prompt.txt"


def test_q1_a_prompt_with_a_zero_character_is_refused_for_arguments() -> None:
    with pytest.raises(UserError) as caught:
        _words("agent {prompt}", "a\0b")
    assert caught.value.code == "bad_prompt"


@pytest.mark.parametrize("line", ["", "   ", "''", "agent 'a", 'agent "a', "agent a\\", "a\0b"])
def test_q1_a_command_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(UserError) as caught:
        coder_named(f"command:{line}", path=PATH, installed=False)
    assert caught.value.code == "bad_coder"
    assert caught.value.hint


def test_q1_a_program_that_is_not_there_is_named_before_any_run() -> None:
    with pytest.raises(UserError) as caught:
        coder_named("command:no-such-agent {prompt}", path=PATH)
    assert caught.value.code == "coder_missing"
    assert "no-such-agent" in caught.value.message
    # In an image it may be there.
    assert coder_named("command:no-such-agent", path=PATH, installed=False).name == "command"


# Presets


@pytest.mark.parametrize("name", PRESETS)
def test_q1_a_preset_that_is_not_installed_says_how_to_install_it(
    name: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as caught:
        coder_named(name, path=str(tmp_path))
    assert caught.value.code == "coder_missing"
    assert PRESETS[name].install in caught.value.hint


@pytest.mark.parametrize("name", PRESETS)
def test_a7_a_preset_is_told_its_task_and_every_place_in_it_is_known(name: str) -> None:
    preset = PRESETS[name]
    texts = (*preset.words, *preset.environment.values())
    assert {place for text in texts for place in re.findall(r"\{(\w+)\}", text)} <= KNOWN
    start = preset_coder(preset, path=PATH, installed=False).start(
        _task("Fix {agent}.", access=ACCESS, told="Agent 3.\n\nFix {agent}.")
    )
    assert "Agent 3.\n\nFix {agent}." in start.argv or "/run/c/instructions.txt" in start.argv
    assert start.files["instructions.txt"] == b"Agent 3.\n\nFix {agent}."
    assert not re.search(r"\{(model|base_url|token|workdir)\}", repr(start))


@pytest.mark.parametrize("name", [name for name, one in PRESETS.items() if one.wire])
def test_q3_a_preset_gets_model_and_address_and_its_token_stays_out_of_arguments(name: str) -> None:
    start = preset_coder(PRESETS[name], path=PATH, installed=False).start(_task("p", access=ACCESS))
    environment = " ".join(start.environment.values())
    assert any("some/model-1" in one for one in (*start.argv, environment))
    assert any("http://127.0.0.1:8419/v1" in one for one in (*start.argv, environment))
    assert TOKEN in environment
    assert not any(TOKEN in word for word in start.argv)
    assert not any(TOKEN.encode() in data for data in start.files.values())


def test_a7_opencode_is_given_a_provider_as_a_document() -> None:
    coder = coder_named("opencode", path=PATH, installed=False)
    start = coder.start(_task("p", access=ACCESS))
    config = msgspec.json.decode(start.environment["OPENCODE_CONFIG_CONTENT"])
    provider = config["provider"]["mas"]
    assert provider["options"] == {"baseURL": ACCESS.base_url, "apiKey": TOKEN}
    assert list(provider["models"]) == ["some/model-1"]
    assert config["model"] == "mas/some/model-1"


@pytest.mark.parametrize("name", PRESETS)
def test_q1_a_preset_takes_a_prompt_of_any_length(name: str) -> None:
    long = "한" * 100_000
    start = preset_coder(PRESETS[name], path=PATH, installed=False).start(
        _task(long, access=ACCESS)
    )
    assert all(len(word.encode()) < LONGEST_WORD_BYTES for word in start.argv)
    assert any("/run/c/instructions.txt" in word for word in start.argv)


@pytest.mark.parametrize("name", ["claude", *PRESETS])
def test_r5_a_start_is_the_same_when_it_is_asked_for_again(name: str) -> None:
    def start() -> object:
        return coder_named(name, path=PATH, installed=False).start(_task("p", access=ACCESS))

    assert start() == start()


# Programs


def _script(path: Path, first: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{first}\n", "utf-8")
    path.chmod(0o755)
    return path


def test_s1_a_program_of_npm_shows_its_package_and_its_node(tmp_path: Path) -> None:
    prefix = tmp_path / "home/.node"
    real = _script(prefix / "lib/node_modules/@x/agent/bin/agent.js", "/usr/bin/env node")
    _script(prefix / "bin/node", "/bin/sh")
    (prefix / "bin/agent").symlink_to(real)
    path = f"{prefix}/bin:{PATH}"
    program = program_on(path, "agent")
    assert program == prefix / "bin/agent"
    shown = folders_for(program, path)
    assert {prefix / "bin", prefix / "lib/node_modules"} <= set(shown)
    assert not {tmp_path / "home", prefix} & set(shown)


def test_s1_a_program_in_a_virtual_environment_shows_it_and_the_python_it_came_from(
    tmp_path: Path,
) -> None:
    base = _script(tmp_path / "pythons/3.11/bin/python3.11", "/bin/sh")
    (tmp_path / "pythons/3.11/lib").mkdir()
    tool = tmp_path / "home/tools/agent"
    (tool / "bin").mkdir(parents=True)
    (tool / "pyvenv.cfg").touch()
    (tool / "bin/python").symlink_to(base)
    real = _script(tool / "bin/agent", f"{tool}/bin/python")
    link = tmp_path / "home/bin/agent"
    link.parent.mkdir()
    link.symlink_to(real)
    shown = set(folders_for(link, PATH))
    assert {link.parent, tool, base.parent, base.parent.parent / "lib"} <= shown
    assert not {tmp_path / "home", tmp_path, tmp_path / "pythons"} & shown


def test_s1_a_program_in_a_home_shows_its_folder_and_nothing_around_it(tmp_path: Path) -> None:
    program = _script(tmp_path / "home/.local/bin/agent", "/bin/sh")
    shown = set(folders_for(program, PATH))
    assert program.parent in shown
    assert not {tmp_path / "home", tmp_path / "home/.local"} & shown


def test_s1_a_script_whose_interpreter_is_itself_comes_to_an_end(tmp_path: Path) -> None:
    program = tmp_path / "agent"
    _script(program, str(program))
    assert folders_for(program, PATH) == (tmp_path,)
