"""The example of CONTRIBUTING.md is a whole analyzer: it is written down, imported, tested and checked here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

CHECK = """
from postcall.testing.conformance import check_analyzer
from postcall.analyzer import discover
(found,) = [one for one in discover(("analyzers",)).analyzers if one.name == "monologue"]
check_analyzer(found)
import test_monologue
test_monologue.test_a_long_turn_is_a_monologue()
print("conforms")
"""


def test_the_example_of_the_guide_conforms_and_passes_its_own_test(tmp_path: Path) -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    analyzer, test = re.findall(r"```python\n(.*?)```", guide, flags=re.DOTALL)
    (tmp_path / "analyzers").mkdir()
    for path in (ROOT / "analyzers").glob("*.py"):
        (tmp_path / "analyzers" / path.name).symlink_to(path)
    (tmp_path / "analyzers" / "rollups").symlink_to(ROOT / "analyzers" / "rollups")
    (tmp_path / "analyzers" / "monologue.py").write_text(analyzer, encoding="utf-8")
    (tmp_path / "test_monologue.py").write_text(test, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout.strip() == "conforms", done.stderr[-2000:]
