"""The model behind OpenAI's API or one that speaks like it: Responses and Chat Completions, streamed and whole."""

from __future__ import annotations

from finchat.agent.messages import Api, Model, ModelKeyRefused
from finchat.agent.openai.exchange import Endpoint, EndpointTape
from finchat.model_settings import ModelSettings


def open_model(
    settings: ModelSettings, *, stream: bool = True, api: Api | None = None, tape: EndpointTape | None = None
) -> Model:
    """A Model for the configured endpoint; `api` overrides the settings. `tape` records what passes, or plays it back.
    Nothing is sent before its first turn.

    Imports openai, which takes a few hundred milliseconds. Raises UsageError for settings that cannot be used,
    ModelKeyRefused where a key is needed and there is none, or it is none that a header can carry.
    """
    settings.check()
    _check_key(settings)
    from finchat.agent.openai.chat import ChatDialect
    from finchat.agent.openai.dialect import Dialect
    from finchat.agent.openai.model import OpenAIModel
    from finchat.agent.openai.responses import ResponsesDialect

    name, destination = settings.effective_name, settings.destination
    dialect: Dialect
    if (api or settings.effective_api) == "responses":
        dialect = ResponsesDialect(name, destination)
    else:
        dialect = ChatDialect(name, destination)

    def endpoint() -> Endpoint:
        from finchat.agent.openai.endpoint import SdkEndpoint

        return SdkEndpoint(settings)

    return OpenAIModel(settings, dialect, endpoint() if tape is None else tape.endpoint(endpoint), stream=stream)


def _check_key(settings: ModelSettings) -> None:
    variable = settings.key_env or "a variable, and name it with key_env under [model] in finchat.toml"
    if settings.key is None and not settings.is_local:
        raise ModelKeyRefused(f"no key for {settings.destination}", next=f"put the key into {variable}")
    if settings.key is not None and not (settings.key.isascii() and settings.key.isprintable()):
        raise ModelKeyRefused("the key holds characters that no key has", next=f"put the key into {variable}")
