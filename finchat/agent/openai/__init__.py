"""The model behind OpenAI's API or one that speaks like it: Responses and Chat Completions, streamed and whole."""

from __future__ import annotations

from finchat.agent.messages import Api, Model
from finchat.errors import UsageError
from finchat.model_settings import ModelSettings


def open_model(settings: ModelSettings, *, stream: bool = True, api: Api | None = None) -> Model:
    """A Model for the configured endpoint; `api` overrides the settings. Nothing is sent before its first turn.

    Raises UsageError for settings that cannot be used, ModelKeyRefused where a key is needed and there is none.
    """
    settings.check()
    raise UsageError("the model cannot be opened yet")
