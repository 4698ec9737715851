"""Ask a database of known vulnerabilities about every installed package: ``make audit``, or ``python -m benchmarks.audit``.

pip-audit asks PyPI. What it could not ask about it leaves out and ends with 0 all the same, so that a machine without a
network, or behind an index of its own, would look safe. Here that is a result of its own.

Ends with 0 when every package was asked about and none is known to be vulnerable, with 1 when one is, with `NOT_ASKED` when the
database could not be asked about all of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OK, VULNERABLE, NOT_ASKED = 0, 1, 5

OURS = "postcall"
"""Not on PyPI, and not asked about."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of the installed packages; each list is of lines to print."""

    asked: int
    vulnerable: tuple[str, ...]
    not_asked: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """What a run that found this ends with."""
        return VULNERABLE if self.vulnerable else NOT_ASKED if self.not_asked or not self.asked else OK


def read_audit(found: dict[str, Any]) -> Audit:
    """Read what pip-audit says as JSON."""
    packages = [one for one in found["dependencies"] if one["name"] != OURS]
    asked = [one for one in packages if "skip_reason" not in one]
    return Audit(
        asked=len(asked),
        vulnerable=tuple(
            f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'no version'}"
            for one in asked
            for hole in one["vulns"]
        ),
        not_asked=tuple(one["name"] for one in packages if "skip_reason" in one),
    )


def main(arguments: Sequence[str] = ()) -> int:
    """Run pip-audit on this interpreter's packages, with further ``arguments``, and say what is known."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off", "--desc", "off", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        audit = read_audit(json.loads(done.stdout))
    except (ValueError, LookupError, TypeError):
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        print(f"The database could not be asked: {last}")
        print("Nothing is known of any package. Run it on a machine with a network.")
        return NOT_ASKED
    for line in audit.vulnerable:
        print(line)
    if audit.not_asked:
        print(f"Not asked about: {', '.join(audit.not_asked)}")
        print("The database could not be reached, or does not know them: nothing is known of these.")
    print(
        f"{audit.asked} packages asked about, {len(audit.vulnerable)} known vulnerabilities, {len(audit.not_asked)} not asked."
    )
    return audit.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
