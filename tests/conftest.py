"""Settings of the whole suite.

Property tests draw the same examples in every run, so that a failure is the change's and not the draw's, and no speed is
judged: a busy machine is no defect. ``HYPOTHESIS_PROFILE=explore`` draws new examples, and more of them.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# Reports take a second each; the tests that are about them ask for them.
os.environ.setdefault("POSTCALL_PAGES__NIGHTLY", "false")

settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
