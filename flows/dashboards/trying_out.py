"""Trying out an analyzer before it is a file of the project: written, loaded, checked and let loose on calls.

Conventions
-----------
The analyzer lies in a folder of its own, which goes with the process; nothing is written to the project or to a store.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from postcall.analyzer import Analyzer, discover
from postcall.call import Call
from postcall.policy import PolicySet
from postcall.testing.conformance import check_analyzer


def new_folder() -> str:
    """A folder for analyzers that are tried out."""
    return tempfile.mkdtemp(prefix="postcall-analyzer-")


def load(folder: str, name: str) -> Analyzer:
    """The analyzer of a file; when the file has changed, the new one.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    TypeError
        It breaks the contract of analyzers.
    """
    path = Path(folder) / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"no analyzer {path.name} in this folder")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    (found,) = (one for one in discover(packages=()).analyzers if one.name == name)
    return found


def conforms(analyzer: Analyzer) -> str:
    """Check an analyzer as the test suite does; what it breaks is raised.

    Raises
    ------
    AssertionError
        It breaks the contract: the message says where.
    """
    check_analyzer(analyzer)
    return f"{analyzer.name} keeps the contract and fills {', '.join(spec.name for spec in analyzer.tables)}"


def rows_of(analyzer: Analyzer, calls: Iterable[Call], **policy: Any) -> pd.DataFrame:
    """Rows of an analyzer over calls, with values of its policy other than the default ones."""
    sections = {} if analyzer.policy is None else {analyzer.section: analyzer.policy(**policy)}
    policies = PolicySet(sections, "tried out")
    return pd.DataFrame([asdict(row) for call in calls for row in analyzer.rows(call, policies)])
