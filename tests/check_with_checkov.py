"""Run checkov, offline, over the library in every shape of ``stacksets/``; fail when it fails or has seen nothing.

Each text is looked at once, however many shapes have it. A script and not a test, because checkov needs an
environment of its own (it pins what others pin differently). checkov ends with 0 for a folder that is not there, for
one without templates and for a template that it can't parse, so its exit status alone proves nothing: its report is
read.

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


def problems(found: dict[str, Any], expected: int) -> list[str]:
    """Return what is wrong, one line each; none when every template was parsed and passed."""
    summary, results = found["summary"], found["results"]
    lines = [
        f"{each['file_path'].lstrip('/')}: {each['check_id']} {each['check_name']}: {each['resource']}"
        for each in results.get("failed_checks", ())
    ]
    if summary.get("parsing_errors"):
        lines.append(f"{summary['parsing_errors']} templates not parsed")
    if not expected or not summary.get("resource_count"):
        lines.append(f"checkov has seen no resource in {expected} templates")
    return lines


def bodies(templates: Path) -> dict[str, bytes]:
    """Return the templates of a folder by their names."""
    return {path.name: path.read_bytes() for path in templates.glob("*.yaml")}


def shapes() -> dict[str, dict[str, bytes]]:
    """Return the templates of the library and of every environment, by name; each text once, where it comes first."""
    found = {"templates": bodies(TEMPLATES)}
    for environment in sorted((ROOT / "stacksets").glob("*.yaml")):
        with tempfile.TemporaryDirectory() as out:
            build = [sys.executable, "-m", "generator", "build", str(environment), "--out", out, "--no-packages"]
            subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
            known = {(name, body) for folder in found.values() for name, body in folder.items()}
            found[environment.stem] = {
                name: body for name, body in bodies(Path(out)).items() if (name, body) not in known
            }
    return found


def main() -> int:
    """Print the verdict; return 0 when there is nothing to say and 1 otherwise."""
    wanted = shapes()
    with tempfile.TemporaryDirectory() as kept:
        for shape, templates in wanted.items():
            (Path(kept) / shape).mkdir()
            for name, body in templates.items():
                (Path(kept) / shape / name).write_bytes(body)
        found = report(Path(kept))
    lines = problems(found, sum(map(len, wanted.values())))
    counts = {key: found["summary"].get(key, 0) for key in ("passed", "failed", "skipped", "resource_count")}
    said = ", ".join(f"{count} {key.replace('_', ' ')}" for key, count in counts.items())
    looked = ", ".join(f"{len(templates)} of {shape}" for shape, templates in wanted.items())
    sys.stdout.write("\n".join([f"checkov, {looked}: {said}", *lines]) + "\n")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
