"""What every template begins with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from troposphere import Output, Template

from generator.inputs import Input, declare


def template(description: str, inputs: Iterable[Input]) -> Template:
    """Return an empty template with its description and parameters."""
    result = Template(Description=description)
    result.set_version("2010-09-09")
    declare(result, inputs)
    return result


def outputs(template: Template, **values: tuple[Any, str]) -> None:
    """Add the outputs, each as ``Name=(value, description)``."""
    for name, (value, description) in values.items():
        template.add_output(Output(name, Value=value, Description=description))
