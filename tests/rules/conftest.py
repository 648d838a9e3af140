"""One loaded set of rules for all tests of the rules: loading cfn-lint's own costs half a second."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.core import _DEFAULT_RULESDIR
from cfnlint.decode.decode import decode_str
from cfnlint.match import Match
from cfnlint.rules import Rules
from cfnlint.runner import run_template_by_data

import generator.rules

Linter = Callable[..., list[Match]]


@pytest.fixture(scope="session")
def own_rules() -> Rules:
    """Our rules alone, loaded the way that cfn-lint loads ``append_rules``."""
    return Rules.create_from_directory(str(generator.rules.folder()))


@pytest.fixture(scope="session")
def all_rules(own_rules: Rules) -> Rules:
    """cfn-lint's rules and ours."""
    rules = Rules.create_from_directory(_DEFAULT_RULESDIR)
    rules.update(own_rules)
    return rules


@pytest.fixture(scope="session")
def lint(all_rules: Rules) -> Linter:
    """Lint a template's text with all rules, informational ones too."""

    def run(text: str, regions: Iterable[str] = ("eu-west-1",), rules: Rules | None = None) -> list[Match]:
        template, problems = decode_str(text)
        if problems or template is None:
            return list(problems)
        config = ConfigMixIn(**ManualArgs(regions=list(regions), include_checks=["I"]))
        return list(run_template_by_data(template, config, all_rules if rules is None else rules))

    return run


@pytest.fixture(scope="session")
def templates() -> Path:
    """The folder of templates that must fail (``bad``) and must pass (``good``)."""
    return Path(__file__).parent / "templates"
