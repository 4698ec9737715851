"""The night as a readable list of steps, and the command line."""

import logging

import postcall  # noqa: F401  # silences telemetry before Prefect is imported

# At DEBUG these log the path of every file they open, and a path may hold a telephone number.
for _library in ("fsspec", "s3fs", "botocore"):
    logging.getLogger(_library).setLevel(logging.INFO)
