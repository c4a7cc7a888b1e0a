"""A real HTTP server that answers like a model provider, from a script.

It speaks Anthropic Messages and OpenAI Chat Completions, streaming or not, keeps every request, and
can go wrong in every way a provider does. One script serves both protocols:

    with ScriptedModelServer([Reply(text="Hello"), Fault(kind="status", status=429)]) as server:
        client = AsyncAnthropic(base_url=server.anthropic_url, api_key="test-key")

`python -m mas.testing.models SCRIPT.json` serves a script to other processes; the format of the
file is in `mas.testing.models.script_file`. Nothing here knows what an agent is.
"""

from mas.testing.models.log import Recorded
from mas.testing.models.request import Message, ModelRequest, ToolOffer
from mas.testing.models.script import Call, Fault, Reply, Script, Tokens, When
from mas.testing.models.script_file import load_script
from mas.testing.models.server import ScriptedModelServer

__all__ = [
    "Call",
    "Fault",
    "Message",
    "ModelRequest",
    "Recorded",
    "Reply",
    "Script",
    "ScriptedModelServer",
    "Tokens",
    "ToolOffer",
    "When",
    "load_script",
]
