"""Work in processes of their own: a synthesiser's library grows with every utterance, and now and then it crashes."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

LOG = logging.getLogger(__name__)


def run_apart(work: Callable[..., None], tasks: Sequence[tuple[Any, ...]], jobs: int) -> None:
    """Call ``work`` with the arguments of each task, each call in a new process, ``jobs`` of them at once.

    A call whose process dies is told in the log and left out: what it was to write is missing, and nothing else.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    spawn = multiprocessing.get_context("spawn")

    def run(task: tuple[Any, ...]) -> None:
        process = spawn.Process(target=work, args=task)
        process.start()
        process.join()
        if process.exitcode:
            LOG.warning("%s%s ended with %s", work.__name__, task, process.exitcode)

    with ThreadPoolExecutor(jobs) as threads:
        list(threads.map(run, tasks))
