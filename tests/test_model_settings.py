"""Which model is asked, where, with which key, and what is said of settings that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finchat.agent.messages import ModelKeyRefused
from finchat.agent.openai import open_model
from finchat.errors import UsageError
from finchat.model_settings import DEFAULT_MODEL, ModelSettings, RunLimits
from finchat.settings import Home, Settings, load_settings

KEY = "sk-test-0123456789abcdef"


def loaded(tmp_path: Path, toml: str = "", environ: Mapping[str, str] | None = None) -> Settings:
    (tmp_path / "finchat.toml").write_text(toml)
    return load_settings(Home(tmp_path), environ=environ or {})


def test_a_fresh_machine_has_no_model_and_the_limits_of_a_run(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert not settings.model.configured
    assert settings.limits == RunLimits(turns=40, tokens=400_000, cost=None, seconds=600.0)


def test_a_key_alone_is_openai_with_the_default_model_by_responses(tmp_path: Path) -> None:
    model = loaded(tmp_path, environ={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "", "OPENAI_MODEL": ""}).model
    assert model.configured
    assert model.effective_name == DEFAULT_MODEL
    assert (model.effective_api, model.destination, model.key) == ("responses", "https://api.openai.com", KEY)
    assert KEY not in repr(model)
    model.check()


def test_the_file_wins_over_the_environment(tmp_path: Path) -> None:
    toml = """
        [model]
        name = "llama"
        base_url = "http://127.0.0.1:11434/v1"
        api = "responses"
        input_price = 1.10
        output_price = 3
        currency = "USD"
        silence_s = 5
        [limits]
        turns = 3
        cost = 0.5
    """
    settings = loaded(tmp_path, toml, {"OPENAI_MODEL": "other", "OPENAI_BASE_URL": "https://other/v1"})
    model = settings.model
    assert (model.name, model.base_url, model.effective_api) == ("llama", "http://127.0.0.1:11434/v1", "responses")
    assert (model.input_price, model.output_price, model.currency) == (Decimal("1.1"), Decimal(3), "USD")
    assert (settings.limits.turns, settings.limits.cost) == (3, Decimal("0.5"))


def test_a_key_of_the_environment_does_not_go_to_an_endpoint_that_only_a_file_names(tmp_path: Path) -> None:
    toml = '[model]\nname = "m"\nbase_url = "https://models.example/v1"\n'
    environ = {"OPENAI_API_KEY": KEY, "MODELS_KEY": "k-12345678"}
    without = loaded(tmp_path, toml, environ).model
    assert without.key is None
    with pytest.raises(ModelKeyRefused) as caught:
        open_model(without)
    assert "key_env" in str(caught.value.next)
    assert loaded(tmp_path, toml + 'key_env = "MODELS_KEY"\n', environ).model.key == "k-12345678"
    by_environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "https://models.example/v1"}
    assert loaded(tmp_path, '[model]\nname = "m"\n', by_environment).model.key == KEY


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://api.openai.com/v1", "responses"),
        ("https://eu.api.openai.com/v1", "responses"),
        ("https://mine.openai.azure.com/openai/v1/", "responses"),
        ("https://openrouter.ai/api/v1", "chat"),
        ("https://api.openai.com.evil.example/v1", "chat"),
        ("https://xopenai.azure.com/v1", "chat"),
        ("http://localhost:1234/v1", "chat"),
    ],
)
def test_the_api_is_chosen_by_the_host(url: str, api: str) -> None:
    assert ModelSettings(name="m", base_url=url).effective_api == api


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1/v1", "http://[::1]:1/v1", "http://localhost/v1", "http://ollama:11434/v1",
     "http://192.168.1.9/v1", "http://gpu.local/v1", "https://models.example/v1"],
)  # fmt: skip
def test_http_is_for_this_machine_and_its_own_network(url: str) -> None:
    ModelSettings(name="m", base_url=url).check()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://models.example/v1", "over http"),
        ("http://127.0.0.1.evil.example/v1", "over http"),
        ("http://8.8.8.8/v1", "over http"),
        ("ftp://models.example/v1", "no http"),
        ("models.example/v1", "no http"),
        ("https://u:secret@models.example/v1", "user name"),
        ("https://models.example/v1#x", "fragment"),
        ("https://models.example:99999/v1", "cannot be read"),
        ("https://[::1/v1", "cannot be read"),
        ("https://models.example/\x1b[2J", "characters"),
        ("https://mine.openai.azure.com", "lacks its path"),
    ],
)
def test_a_base_url_that_cannot_or_must_not_be_used_says_why(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        open_model(ModelSettings(name="m", base_url=url, key=KEY))
    assert caught.value.field == "base_url"
    assert caught.value.next
    assert "secret" not in caught.value.message


def test_http_elsewhere_needs_a_word_in_the_file() -> None:
    ModelSettings(name="m", base_url="http://models.example/v1", allow_http=True).check()


def test_a_model_without_a_name_says_how_to_name_it() -> None:
    with pytest.raises(UsageError) as caught:
        open_model(ModelSettings(base_url="http://127.0.0.1:1/v1"))
    assert "OPENAI_MODEL" in str(caught.value.next)


def test_a_key_that_no_header_can_carry_is_refused_before_it_is_sent() -> None:
    with pytest.raises(ModelKeyRefused) as caught:
        open_model(ModelSettings(name="m", base_url="http://127.0.0.1:1/v1", key="sk-ключ"))
    assert "ключ" not in str(caught.value)


@pytest.mark.parametrize(
    ("toml", "field"),
    [
        ("model = 3", "model"),
        ('[model]\nmodle = "x"', "model"),
        ('[model]\nname = ""', "model.name"),
        ('[model]\napi = "assistants"', "model.api"),
        ('[model]\nkey = "sk-secret"', "model.key"),
        ('[model]\nkey_env = "sk-secret"', "model.key_env"),
        ("[model]\nturn_s = nan", "model.turn_s"),
        ("[model]\nsilence_s = 0", "model.silence_s"),
        ("[model]\ninput_price = 1", "model"),
        ('[model]\ninput_price = 1\noutput_price = 1\ncurrency = "usd"', "model.currency"),
        ("[limits]\nturns = 0", "limits.turns"),
        ("[limits]\nturns = 1.5", "limits.turns"),
        ("[limits]\ncost = -1", "limits.cost"),
        ("[modle]\nname = 1", "modle"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, toml: str, field: str) -> None:
    with pytest.raises(UsageError) as caught:
        loaded(tmp_path, toml)
    assert caught.value.field == field
    assert caught.value.next
    assert "sk-secret" not in caught.value.message


def test_the_published_schema_of_the_file_is_the_one_that_is_checked() -> None:
    from jsonschema import Draft202012Validator

    from finchat.settings import file_schema

    schema: dict[str, Any] = file_schema("servers")
    Draft202012Validator.check_schema(schema)
    assert not list(Draft202012Validator(schema).iter_errors({"model": {"name": "m"}, "limits": {"turns": 1}}))
    assert list(Draft202012Validator(schema).iter_errors({"model": {"nam": "m"}}))
