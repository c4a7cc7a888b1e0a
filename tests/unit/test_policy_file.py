"""The policy as a file: what is wrong names itself, and nothing falls open (R7, Q1)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mas.adapters.policy_file import LIMIT_BYTES, load_policy
from mas.core.errors import UserError
from mas.core.policy import Policy, PolicyRule, judge

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.toml"


def refusal(file: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_policy(file)
    message = caught.value.message
    assert message.startswith(str(file))
    assert "\n" not in message
    return message.removeprefix(str(file))


def test_r7_without_a_file_the_default_policy_holds(file: Path) -> None:
    assert load_policy(file) == Policy()
    file.write_text("")
    assert load_policy(file) == Policy()


def test_r7_rules_are_read_in_their_order(file: Path) -> None:
    file.write_text(
        """
# nobody touches production
[[rule]]
ruling = "deny"
tool = "kubernetes.*"
reason = "Production is off limits."
arguments = { namespace = "prod*", "spec.replicas" = "0" }

[[rule]]
ruling = "allow"
role = "coder"
risk = "write"
target = "src/*"
"""
    )
    assert load_policy(file) == Policy(
        rules=(
            PolicyRule(
                ruling="deny",
                tool="kubernetes.*",
                reason="Production is off limits.",
                arguments={"namespace": "prod*", "spec.replicas": "0"},
            ),
            PolicyRule(ruling="allow", role="coder", risk="write", target="src/*"),
        )
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[rule]]\nruling = "deny', "it is not valid TOML: Unterminated string"),
        ('x = 1\ny = "\n"', "line 2"),
        ('[[rules]]\nruling = "deny"', "'rules' is no setting of a policy (did you mean 'rule'?)"),
        ('default = "allow"', "'default' is no setting of a policy (known: rule)"),
        ('[rule]\nruling = "deny"', "'rule' has to be written as [[rule]]"),
        ("rule = [3]", ", rule 1: Expected `object`"),
        ('\n[[rule]]\ntool = "x"', ", rule 1 (line 2): Object missing required field `ruling`"),
        (
            '[[rule]]\nruling = "ask"\n\n[[rule]]\nruling = "Allow"',
            ", rule 2 (line 4): ruling has to be allow, ask or deny, not 'Allow'",
        ),
        ('[[rule]]\nruling = "ask"\nrisk = "reads"', "risk has to be read, write or destructive"),
        (
            '[[rule]]\nruling = "ask"\ntools = "x"',
            "'tools' is no key of a rule (did you mean 'tool'",
        ),
        ('[[rule]]\nruling = "ask"\ntool = 3', "Expected `str`, got `int`"),
        ('[[rule]]\nruling = "ask"\nrole = ""', "role is empty"),
        (
            '[[rule]]\nruling = "ask"\narguments.n = 3',
            "arguments.n is a pattern: put 3 into quotes",
        ),
        ('[[rule]]\nruling = "ask"\narguments.a.b = "3"', 'write arguments inside a as "a.INNER"'),
        ('[[rule]]\nruling = "ask"\narguments = "x"', "Expected `object`"),
        ("x = " + "[" * 20_000, "nested too deeply"),
    ],
)
def test_q1_a_mistake_in_the_policy_names_file_rule_and_line(
    file: Path, text: str, words: str
) -> None:
    file.write_text(text)
    assert words in refusal(file)


def test_q1_a_policy_that_cannot_be_read_is_an_error_and_not_the_default(
    file: Path, tmp_path: Path
) -> None:
    file.mkdir()
    assert "regular file" in refusal(file) or "folder" in refusal(file)
    file.rmdir()
    file.write_bytes(b"# fine\n\xff\xfe")
    assert "line 2 is not UTF-8" in refusal(file)
    file.write_bytes(b"#" * (LIMIT_BYTES + 1))
    assert "larger than" in refusal(file)
    file.unlink()
    file.symlink_to(file)
    assert "cannot be read" in refusal(file)
    file.unlink()
    file.symlink_to(tmp_path / "nothing")
    assert "leads nowhere" in refusal(file)
    file.unlink()
    os.mkfifo(file)
    assert "no regular file" in refusal(file)


def test_q1_a_folder_that_is_none_is_an_error_too(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(UserError, match="cannot be read"):
        load_policy(tmp_path / "home" / "policy.toml")


def test_r7_the_examples_of_the_documentation_do_what_it_says(file: Path) -> None:
    text = (ROOT / "docs/policy.md").read_text("utf-8")
    examples = [part.split("```")[0] for part in text.split("```toml\n")[1:]]
    file.write_text("\n".join(examples))
    policy = load_policy(file)
    assert len(policy.rules) >= 4

    def ruling(tool: str, target: str = "", role: str = "coder", **arguments: object) -> str:
        return judge(
            policy,
            role=role,
            tool=tool,
            target=target,
            risk="write",
            arguments=arguments,  # type: ignore[arg-type]
        ).ruling

    assert ruling("kubernetes.apply", "prod/web", namespace="prod") == "deny"
    assert ruling("kubernetes.apply", "staging/web", role="deployment", namespace="staging") == (
        "allow"
    )
    assert ruling("command.run", argv=["npm", "test"]) == "allow"
    assert ruling("command.run", argv=["npm", "publish"]) == "ask"
    assert ruling("files.write", "src/app.py") == "allow"
    assert ruling("files.write", "../app.py") == "ask"
