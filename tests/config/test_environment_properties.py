"""Whatever the file is: a valid one is loaded, any other one gives problems with places, never a traceback."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.config import Environment, EnvironmentFileError, load, warnings
from tests.strategies import environments, written

SLOW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def loaded(text: str | bytes) -> Environment:
    with tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
        file.flush()
        return load(Path(file.name))


def problems_of(text: str | bytes) -> tuple[str, ...]:
    """Return the messages of a file that is refused; anything else than a refusal or an environment fails."""
    try:
        loaded(text)
    except EnvironmentFileError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.message
            assert str(problem).isprintable()
            assert not problem.message.endswith(".")
            assert problem.hint
            assert problem.line >= 0
        return tuple(problem.message for problem in error.problems)
    return ()


@SLOW
@given(environments())
def test_every_valid_environment_is_loaded_and_its_derived_values_agree(values: dict[str, Any]) -> None:
    environment = loaded(written(values))
    warnings(environment)
    assert environment.origin.role == "origin"
    assert set(environment.all_regions) == set(environment.regions.values())
    assert environment.dns_region in environment.regions
    assert environment.regions[environment.home] in environment.data_regions
    data, witnesses = len(environment.data_regions), len(environment.witnesses)
    assert len(environment.pairs) == data * (data - 1) // 2 + data * witnesses
    assert environment.accounts.administration
    for region in environment.all_regions:
        assert 2 <= len(environment.zones_of(region)) <= 3
        assert (environment.instances_of(region) > 0) == (region.role != "witness")


def places(values: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything below a value."""
    inner = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [path for key, value in inner for path in [(*above, key), *places(value, (*above, key))]]


def changed(values: Any, path: tuple[Any, ...], new: Any) -> Any:
    result = copy.deepcopy(values)
    holder = result
    for part in path[:-1]:
        holder = holder[part]
    if new is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = new
    return result


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.sampled_from(["standby", "origin", "automatic", "eu-west-1", "10.0.0.0/8", "0.0.0.0/0", "db.t3.micro", "9.6"]),
)


@SLOW
@given(environments(), st.data())
def test_a_spoiled_environment_gives_problems_or_loads_but_never_a_traceback(
    values: dict[str, Any], data: st.DataObject
) -> None:
    for _ in range(data.draw(st.integers(1, 4))):
        found = places(values)
        if not found:
            break
        values = changed(values, data.draw(st.sampled_from(found)), data.draw(st.one_of(ODD, st.just(...))))
    problems_of(written(values))


@SLOW
@given(environments(), st.data())
def test_swapped_values_give_problems_or_load_but_never_a_traceback(
    values: dict[str, Any], data: st.DataObject
) -> None:
    found = places(values)
    one, other = data.draw(st.sampled_from(found)), data.draw(st.sampled_from(found))

    def at(path: tuple[Any, ...]) -> Any:
        holder: Any = values
        for part in path:
            holder = holder[part]
        return holder

    first, second = at(one), at(other)
    if one[: len(other)] != other and other[: len(one)] != one:
        values = changed(changed(values, one, second), other, first)
    problems_of(written(values))


@SLOW
@given(environments(), st.data())
def test_a_required_key_that_is_missing_is_named(values: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(["suffix", "accounts", "regions", "dns", "database", "people"]))
    assert "is missing" in problems_of(written(changed(values, (key,), ...)))


@SLOW
@given(environments(), st.data())
def test_a_key_that_comes_twice_is_told(values: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(values)))
    text = written(values)
    twice = text.rstrip().removesuffix("}").rstrip() + f',\n "{key}": 1\n}}'
    assert any(message.startswith("comes twice") for message in problems_of(twice))


@SLOW
@given(environments(), st.data())
def test_a_file_with_garbage_in_it_gives_problems_or_loads_but_never_a_traceback(
    values: dict[str, Any], data: st.DataObject
) -> None:
    raw = written(values).encode()
    place = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 40))
    problems_of(raw[:place] + data.draw(st.binary(max_size=40)) + raw[place + length :])


@SLOW
@given(st.binary(max_size=400))
def test_any_bytes_at_all_give_problems(raw: bytes) -> None:
    assert problems_of(raw)


@SLOW
@given(st.text("{}[]&*!|>-:#'\"\n\t ab1,%@`?", max_size=200))
def test_any_punctuation_at_all_gives_problems(text: str) -> None:
    assert problems_of(text)
