"""Decides on the example cluster with a scripted model: both languages, over both protocols.

The model is a server on loopback that follows a script, so no key and no network is needed. What it
says is held against the evidence like the words of any other model: the sentence with the wrong
number is left out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mas.testing.models import ModelRequest, Reply, ScriptedModelServer

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = ROOT / "examples" / "clusters" / "homelab.json"
REQUESTS = {"ko": "Tekton 도입 여부를 결정해줘", "en": "Should we adopt Tekton?"}
SAID = {
    "ko": (
        "이 클러스터에서는 Gitea Actions가 이미 CI 파이프라인을 맡고 있습니다. "
        "하나를 더 들이면 돌볼 것만 늘어납니다. "
        "이 클러스터에는 노드가 977대 있습니다."
    ),
    "en": (
        "In this cluster Gitea Actions already runs the CI pipelines. "
        "Another tool would only be one more to care for. "
        "The cluster has 977 nodes."
    ),
}


def script(request: ModelRequest) -> Reply:
    """Answers the researcher shortly and the decider with three sentences, one of them wrong."""
    if "what it means for this person" not in str(request.body):
        return Reply(output={"findings": []})
    said = SAID["ko" if REQUESTS["ko"] in request.text else "en"]
    return Reply(
        output={
            "overview": said,
            "reasons": [],
            "next_steps": [],
            "verdict": "do_not_recommend",
            "because": said,
        }
    )


def main() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="mas-demo-") as home,
        ScriptedModelServer(script) as server,
    ):
        for protocol, url in (("anthropic", server.anthropic_url), ("openai", server.openai_url)):
            settings = (
                f'[models]\ndefault = "demo:claude-sonnet-5"\n[models.endpoints.demo]\n'
                f'protocol = "{protocol}"\nbase_url = "{url}"\n'
            )
            Path(home, "mas.toml").write_text(settings, encoding="utf-8")
            for language, request in REQUESTS.items():
                show(home, protocol, language, request)
        print(f"The scripted model was asked {len(server.asked)} times.")


def show(home: str, protocol: str, language: str, request: str) -> None:
    """Ask once, and print what the model has added to the report."""
    done = subprocess.run(
        [sys.executable, "-m", "mas", "ask", request, "--cluster", str(CLUSTER), "--json"],
        env={"PATH": os.environ.get("PATH", ""), "MAS_HOME": home, "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    answer = json.loads(done.stdout)
    heading = "## 설명" if language == "ko" else "## Explanation"
    part = answer["report"].partition(heading)[2].partition("\n## ")[0]
    usage = answer["usage"]
    print(f"--- {protocol}, {language}: {answer['result']['verdict']}, by rules")
    print(f"    tokens: {usage['input_tokens']:,} in, {usage['output_tokens']:,} out")
    print(f"{heading}{part}".rstrip() + "\n")


if __name__ == "__main__":
    main()
