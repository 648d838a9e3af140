"""Run checkov over the built templates, offline, and fail when it fails or has seen nothing.

A script and not a test, because checkov needs an environment of its own (it pins what others pin
differently). checkov ends with 0 for a folder that is not there, for one without templates and for a
template that it can't parse, so its exit status alone proves nothing: its report is read.

    checkov -d templates --framework cloudformation --compact --quiet --skip-download --output json
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
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


def main() -> int:
    """Print the verdict; return 0 when there is nothing to say and 1 otherwise."""
    found = report(TEMPLATES)
    lines = problems(found, TEMPLATES)
    counts = {key: found["summary"].get(key, 0) for key in ("passed", "failed", "skipped", "resource_count")}
    said = ", ".join(f"{count} {key.replace('_', ' ')}" for key, count in counts.items())
    sys.stdout.write("\n".join([f"checkov: {said}", *(lines or ["no failure"])]) + "\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
