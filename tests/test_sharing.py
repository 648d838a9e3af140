"""The tests of a file that needs a cloud run in one process: the cloud is made once, and not in every process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_tests_of_a_file_with_a_cloud_stay_in_one_process() -> None:
    command = [sys.executable, "-m", "pytest", "-vv", "-n", "1", "--dist", "loadgroup", "tests/cli/test_explain.py"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=False)
    passed = [line.split() for line in done.stdout.splitlines() if "PASSED" in line]
    assert len(passed) > 2, done.stdout + done.stderr
    assert all(words[-1].endswith("@test_explain") for words in passed)
