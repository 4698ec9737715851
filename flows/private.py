"""What this program writes is for its user alone: tables, artifacts, reports, exports and proofs hold personal data.

Who wants a group to read along says so by a umask that keeps all others out, such as 027; that one is left as it is. The
metrics for Prometheus are the exception: anybody may read them (`flows.metrics`).
"""

from __future__ import annotations

import os

OTHERS, ALL_BUT_THE_OWNER = 0o007, 0o077


def keep_private() -> None:
    """Let this process write for its user alone, unless its umask keeps others out already."""
    given = os.umask(ALL_BUT_THE_OWNER)
    if given & OTHERS == OTHERS:
        os.umask(given)
