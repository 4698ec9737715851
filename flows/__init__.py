"""The night as a readable list of steps, and the command line."""

import postcall  # noqa: F401  # silences telemetry before Prefect is imported
