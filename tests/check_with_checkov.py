"""Run checkov over the library in every shape of ``stacksets/``, offline, and fail when it fails or has seen nothing.

A script and not a test, because checkov needs an environment of its own (it pins what others pin
differently). checkov ends with 0 for a folder that is not there, for one without templates and for a
template that it can't parse, so its exit status alone proves nothing: its report is read.

    checkov -d templates --framework cloudformation --compact --quiet --skip-download --output json
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "templates"
OPTIONS = ("--framework", "cloudformation", "--compact", "--quiet", "--skip-download", "--output", "json")
SECONDS = 300


def report(templates: Path) -> dict[str, Any]:
    """Return checkov's report. ``--skip-download`` keeps it from asking its platform for anything."""
    command = [str(Path(sys.executable).parent / "checkov"), "-d", str(templates), *OPTIONS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    parsed = json.loads(done.stdout or "{}")
    return parsed if "results" in parsed else {"summary": parsed, "results": {}}


def problems(found: dict[str, Any], templates: Path) -> list[str]:
    """Return what is wrong, one line each; none when every template was parsed and passed."""
    summary, results = found["summary"], found["results"]
    lines = [
        f"{each['file_path'].lstrip('/')}: {each['check_id']} {each['check_name']}: {each['resource']}"
        for each in results.get("failed_checks", ())
    ]
    if summary.get("parsing_errors"):
        lines.append(f"{templates}: {summary['parsing_errors']} templates not parsed")
    expected = len(list(templates.glob("*.yaml")))
    if not expected or not summary.get("resource_count"):
        lines.append(f"{templates}: checkov has seen no resource in {expected} templates")
    return lines


def judged(name: str, templates: Path) -> list[str]:
    """Return what checkov has to say of one folder, and print the count."""
    found = report(templates)
    lines = problems(found, templates)
    counts = {key: found["summary"].get(key, 0) for key in ("passed", "failed", "skipped", "resource_count")}
    said = ", ".join(f"{count} {key.replace('_', ' ')}" for key, count in counts.items())
    sys.stdout.write("\n".join([f"checkov, {name}: {said}", *lines]) + "\n")
    return lines


def bodies(templates: Path) -> dict[str, bytes]:
    """Return the templates of a folder by their names."""
    return {path.name: path.read_bytes() for path in templates.glob("*.yaml")}


def main() -> int:
    """Print the verdicts; return 0 when there is nothing to say and 1 otherwise."""
    lines = judged("templates/", TEMPLATES)
    for environment in sorted((ROOT / "stacksets").glob("*.yaml")):
        with tempfile.TemporaryDirectory() as out:
            build = [sys.executable, "-m", "generator", "build", str(environment), "--out", out, "--no-packages"]
            subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
            if bodies(Path(out)) == bodies(TEMPLATES):
                sys.stdout.write(f"checkov, the shape of {environment.name}: the same as templates/\n")
            else:
                lines += judged(f"the shape of {environment.name}", Path(out))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
