"""Nothing leaves the machine: the usage reports of the libraries we stand on are switched off before they are imported.

Calls are personal data. pyannote.audio reports durations and speaker counts, Hugging Face and Prefect report use; none of
them may. `postcall` imports this module first, so every way in (command line, flow, notebook, test) is covered.
"""

from __future__ import annotations

import os

SILENCED = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
"""Environment variable -> the value that silences its library."""


def forbid_telemetry() -> None:
    """Switch usage reports off, whatever the environment says."""
    os.environ.update(SILENCED)
