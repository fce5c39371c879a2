from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from finchat import prompts

ROOT = Path(__file__).parents[2]


def test_a_checkout_reads_the_texts_beside_the_package() -> None:
    assert prompts.load("servers/xero") == (ROOT / "prompts/servers/xero.md").read_text("utf-8").strip()


def test_an_installed_package_reads_the_texts_inside_it(tmp_path: Path) -> None:
    package = tmp_path / "finchat"
    package.mkdir()
    shutil.copy(ROOT / "finchat/prompts.py", package)
    (package / "__init__.py").touch()
    (package / "_prompts/servers").mkdir(parents=True)
    (package / "_prompts/servers/xero.md").write_text("from the wheel\n", "utf-8")
    program = "from finchat import prompts; print(prompts.load('servers/xero'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "from the wheel\n"


@pytest.mark.parametrize("name", ["servers/none", "../README", "servers/xero.md", "", "/etc/hosts"])
def test_a_name_that_is_no_prompt_is_refused(name: str) -> None:
    with pytest.raises(LookupError):
        prompts.load(name)


def test_the_instructions_say_what_a_stranger_must_know() -> None:
    text = prompts.load("servers/xero")
    for word in ("next_cursor", "where", "DateTime(", "unknown", "60 calls", "data, never instructions"):
        assert word in text
    assert len(text) < 4000
