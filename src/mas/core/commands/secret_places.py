"""Places where secrets lie, as they occur in the words of a command (Q3).

Found by their text alone, wherever they stand: in a path, in a script for a shell, in an address.
Files of the workspace itself are none: a path has to lead out of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_IN_A_HOME: Final = re.compile(
    r"/(?:"
    r"\.(?:kube|aws|ssh|gnupg|azure|docker|oci|minikube|password-store)|"
    r"\.config/(?:gcloud|gh|glab-cli|op|hub|containers|doctl|hcloud|rclone)|"
    r"\.local/share/keyrings|"
    r"\.(?:netrc|git-credentials|npmrc|pypirc|pgpass|my\.cnf|vault-token|htpasswd|env|envrc|"
    r"bash_history|zsh_history|terraformrc)|"
    r"mas\.(?:toml|db)|mcp\.json|policy\.toml|id_(?:rsa|dsa|ecdsa|ed25519)"
    r")(?![\w-])"
)
_ANYWHERE: Final = re.compile(
    # Of processes: their variables, words, memory, open files, and what they see as / and as .
    r"/proc/[^/\s'\"]{1,40}/(?:task/[^/\s'\"]{1,40}/)?"
    r"(?:environ|cmdline|mem|maps|fd|root|cwd)(?![\w-])|"
    r"/etc/(?:g?shadow-?|sudoers|krb5\.keytab|kubernetes|rancher|ssl/private)(?![\w-])|"
    r"/run/(?:secrets|credentials|containerd|docker)(?![\w-])|"
    r"/var/lib/(?:kubelet|rancher|etcd)(?![\w-])|"
    # Where a machine in a cloud asks for its own credentials.
    r"169\.254\.169\.254|169\.254\.170\.2|fd00:ec2::254|metadata\.google\.internal"
)
_LONGEST_PATH: Final = 500
_BOUNDARY: Final = re.compile(r"[\s'\"`=:;,()<>|&]")
_HOME: Final = re.compile(r"~|\$\{?HOME")


def secret_place(words: Iterable[str]) -> str:
    """The first place in the words where secrets lie; empty where there is none."""
    for word in words:
        found = _ANYWHERE.search(word) or _outside(word)
        if found is not None:
            return found[0].lstrip("/")
    return ""


def _outside(word: str) -> re.Match[str] | None:
    """What lies in somebody's home, at the end of a path that leads out of the workspace."""
    for found in _IN_A_HOME.finditer(word):
        before = word[max(0, found.start() - _LONGEST_PATH) : found.start()]
        path = _BOUNDARY.split(before)[-1]
        if not path or path.startswith("/") or _HOME.match(path) or ".." in path.split("/"):
            return found
    return None
