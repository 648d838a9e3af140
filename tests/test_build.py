"""The library as files: the same bytes every time, written whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from troposphere import GetAtt, Join, Output, Parameter, Ref, Sub, Tags, Template, sns, sqs

from generator.build import (
    INLINE_LIMIT,
    MARK,
    TemplateTooLargeError,
    differences,
    library,
    write,
)
from generator.document import ATTRIBUTES, TOP, text
from generator.errors import UsageError
from generator.shape import Shape


def queue(shape: Shape) -> Template:
    template = Template(Description="a queue")
    template.set_version()
    template.add_parameter(Parameter("Suffix", Type="String", Default="0123"))
    made = template.add_resource(
        sqs.Queue(
            "Queue",
            QueueName=Sub("dr-${Suffix}-" + "long-" * 40),
            DeletionPolicy=shape.data_policy,
            Tags=Tags(on="yes", number="0123", empty="", lines="one\ntwo\n"),
        )
    )
    template.add_resource(sns.Topic("Topic", DisplayName=Join("-", [Ref("Suffix"), GetAtt(made, "Arn")])))
    template.add_output(Output("Arn", Value=GetAtt(made, "Arn"), Description="the queue's ARN"))
    return template


@dataclass(frozen=True)
class Entry:
    """An entry of a catalogue."""

    name: str
    inline: bool = True
    size: int = 0

    def build(self, shape: Shape) -> Template:
        template = queue(shape)
        template.set_metadata({"Padding": "x" * self.size})
        return template


STACKS = (Entry("one"), Entry("two", inline=False))


WORDS = st.text(st.one_of(st.characters(max_codepoint=0xFFFF, categories=["L", "N", "P", "S"]), st.sampled_from(" \n")))


class TestTheText:
    def test_functions_are_short_and_nothing_is_folded(self) -> None:
        written = library(Shape(), STACKS)["one.yaml"]
        assert "!GetAtt Queue.Arn" in written
        assert "!Sub dr-${Suffix}-" + "long-" * 40 + "\n" in written
        assert "Fn::" not in written

    def test_it_says_first_where_it_comes_from(self) -> None:
        assert library(Shape(), STACKS)["one.yaml"].startswith(f"{MARK} from generator/stacks: change it there.\n")

    def test_words_that_other_parsers_take_for_something_else_are_quoted(self) -> None:
        written = library(Shape(), STACKS)["one.yaml"]
        for quoted in ("Key: 'on'", "Value: 'yes'", "Value: '0123'", "Value: ''", "'2010-09-09'"):
            assert quoted in written
        assert "Value: |\n" in written

    def test_sections_and_attributes_stand_in_their_order(self) -> None:
        body = text(
            {
                "Outputs": {},
                "Resources": {"B": {"Properties": {}, "Type": "T"}, "A": {"Type": "T"}},
                "Description": "d",
            }
        )
        assert [line for line in body.splitlines() if line[0] != " "] == [
            "Description: d",
            "Resources:",
            "Outputs: {}",
        ]
        assert body.index("B:") < body.index("A:")
        assert body.index("Type: T") < body.index("Properties")
        assert len(set(TOP)) == len(TOP)
        assert len(set(ATTRIBUTES)) == len(ATTRIBUTES)

    def test_it_means_what_troposphere_meant(self) -> None:
        decode = pytest.importorskip("cfnlint.decode.cfn_yaml")
        template = queue(Shape())
        assert json.loads(json.dumps(decode.loads(text(template.to_dict())))) == json.loads(template.to_json())

    def test_a_function_of_a_function_keeps_one_long_form(self) -> None:
        body = text({"Resources": {"A": {"Type": "T", "Properties": {"X": {"Fn::Base64": {"Fn::Sub": "a"}}}}}})
        assert "Fn::Base64: !Sub a" in body

    def test_a_value_that_yaml_has_no_word_for_is_refused(self) -> None:
        with pytest.raises(TypeError, match="set"):
            text({"Resources": {"A": {"Type": {1, 2}}}})

    @given(
        st.recursive(
            st.one_of(
                st.none(),
                st.booleans(),
                st.integers(-(10**9), 10**9),
                WORDS,
                st.floats(-1000, 1000).map(lambda number: round(number, 3)),
            ),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(st.text("aB:- é1", min_size=1), inner, max_size=3),
            ),
            max_leaves=12,
        )
    )
    def test_both_emitters_write_the_same_and_any_value_comes_back(self, value: Any) -> None:
        body = {"Metadata": {"value": value, "function": {"Fn::Sub": "x" if value is None else str(value)}}}
        fast, pure = text(body), text(body, pure=True)
        assert fast == pure
        loader: Any = type("Loader", (yaml.SafeLoader,), {})
        loader.add_constructor("!Sub", lambda loader, node: node.value)
        assert yaml.load(fast, Loader=loader)["Metadata"]["value"] == value


class TestTheLibrary:
    def test_the_same_shape_gives_the_same_bytes_in_another_process(self) -> None:
        code = (
            "import sys; sys.path[:0] = ['.', 'tests']\nfrom test_build import *; print(repr(library(Shape(), STACKS)))"
        )
        seen = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                text=True,
                capture_output=True,
                check=True,
                cwd=Path(__file__).parent.parent,
            ).stdout
            for seed in ("1", "2")
        }
        assert seen == {repr(library(Shape(), STACKS)) + "\n"}

    def test_the_shape_is_handed_to_every_stack(self) -> None:
        assert "DeletionPolicy: Delete" in library(Shape(disposable=True), STACKS)["one.yaml"]

    def test_a_template_that_a_call_can_not_carry_is_refused(self) -> None:
        with pytest.raises(
            TemplateTooLargeError, match=r"template big has .* CloudFormation takes 51200 in a call's body"
        ):
            library(Shape(), [Entry("big", size=INLINE_LIMIT)])

    def test_a_template_in_a_bucket_may_be_larger_but_not_without_end(self) -> None:
        assert library(Shape(), [Entry("big", inline=False, size=INLINE_LIMIT)])
        with pytest.raises(TemplateTooLargeError, match="in a bucket"):
            library(Shape(), [Entry("big", inline=False, size=1_000_000)])


FILES = {"a.yaml": f"{MARK}\na: 1\n", "b.yaml": f"{MARK}\nb: 1\n"}


class TestWriting:
    def test_a_second_build_changes_nothing_and_touches_no_file(self, tmp_path: Path) -> None:
        assert write(FILES, tmp_path / "out") == ("a.yaml", "b.yaml")
        before = [path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()]
        assert write(FILES, tmp_path / "out") == ()
        assert [path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()] == before

    def test_our_stale_files_go_and_other_peoples_stay(self, tmp_path: Path) -> None:
        (tmp_path / "old.yaml").write_text(f"{MARK} from x\n")
        (tmp_path / "mine.yaml").write_text("# by hand\n")
        (tmp_path / "folder.yaml").mkdir()
        assert write(FILES, tmp_path) == ("a.yaml", "b.yaml", "old.yaml")
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "a.yaml",
            "b.yaml",
            "folder.yaml",
            "mine.yaml",
        ]

    def test_a_difference_is_shown_and_nothing_is_written(self, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text(f"{MARK}\na: 2\n")
        (tmp_path / "old.yaml").write_text(f"{MARK}\n")
        found = {difference.name: difference.diff for difference in differences(FILES, tmp_path)}
        assert list(found) == ["a.yaml", "b.yaml", "old.yaml"]
        assert "-a: 2\n+a: 1\n" in found["a.yaml"]
        assert (tmp_path / "a.yaml").read_text() == f"{MARK}\na: 2\n"
        assert not (tmp_path / "b.yaml").exists()

    def test_a_folder_that_is_not_there_differs_in_everything(self, tmp_path: Path) -> None:
        assert len(differences(FILES, tmp_path / "nowhere")) == len(FILES)

    def test_a_current_folder_has_no_difference(self, tmp_path: Path) -> None:
        write(FILES, tmp_path)
        assert differences(FILES, tmp_path) == ()

    def test_a_place_that_is_a_file_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(UsageError, match=r"can't write to .*file"):
            write(FILES, tmp_path / "file")

    def test_a_name_that_is_taken_by_a_folder_leaves_everything_as_it_was(self, tmp_path: Path) -> None:
        (tmp_path / "b.yaml").mkdir()
        with pytest.raises(UsageError, match="can't write"):
            write(FILES, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["b.yaml"]

    def test_an_unwritable_folder_is_told_and_stays_as_it_was(self, tmp_path: Path) -> None:
        if os.geteuid() == 0:  # root writes wherever a mode forbids it, but not here
            with pytest.raises(UsageError, match="can't write"):
                write(FILES, Path("/proc/self/fdinfo"))
            return
        tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
        with pytest.raises(UsageError, match="permission denied"):
            write(FILES, tmp_path)

    @pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT])
    def test_an_interrupted_build_leaves_every_file_whole(self, tmp_path: Path, by: signal.Signals) -> None:
        old = {f"{i}.yaml": f"{MARK}\n" + "old\n" * 50_000 for i in range(40)}
        new = {name: content.replace("old", "new") for name, content in old.items()}
        write(old, tmp_path)
        code = (
            "import sys, pathlib; from generator.build import write, MARK\n"
            "files = {f'{i}.yaml': f'{MARK}\\n' + 'new\\n' * 50_000 for i in range(40)}\n"
            "print('begun', flush=True); write(files, pathlib.Path(sys.argv[1]))"
        )
        for delay in (0.0, 0.005, 0.02):
            process = subprocess.Popen(
                [sys.executable, "-c", code, str(tmp_path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).parent.parent,
            )
            assert process.stdout is not None
            process.stdout.readline()
            until = time.monotonic() + delay
            while time.monotonic() < until:
                pass
            process.send_signal(by)
            process.wait()
            process.stdout.close()
            for name, content in old.items():
                assert (tmp_path / name).read_text() in (content, new[name])
        write(new, tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted(new)
