"""The openai package, imported without its types."""

from __future__ import annotations

import subprocess
import sys

_LOOK = """
import sys
from finchat.agent.openai.light_openai import AsyncOpenAI
light = [name for name in sys.modules if name.startswith("openai.types.")]
assert "openai.types.responses.response" not in light and len(light) < 150, len(light)
assert not any(type(finder).__module__ == "finchat.agent.openai.light_openai" for finder in sys.meta_path)
client = AsyncOpenAI(api_key="none")
import openai
from openai.types import Batch, responses
from openai.types.chat import ChatCompletion, ChatCompletionMessageToolCallUnion
assert Batch.__module__ == "openai.types.batch" and openai.types.Batch is Batch
assert responses.Response.__name__ == "Response" and ChatCompletion.model_validate
assert openai.types.ChatModel is not None and client.responses is not None
try:
    openai.types.NoSuchType
except AttributeError:
    print("whole")
"""


def test_the_types_are_read_when_they_are_wanted_and_none_is_missing() -> None:
    done = subprocess.run([sys.executable, "-c", _LOOK], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("whole\n", "")
