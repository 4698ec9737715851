"""The recogniser and the diarizer as a night asks them: within a time for each call, and loaded anew where that helps.

Definition
----------
limit
    ``times`` the length of the sound that an engine is given, and at least ``least_s``. Waiting for one's turn does not count.
given up
    An engine that has not answered by then. It runs in a thread, which nobody can end: it is left behind with its memory until
    the process ends, its call fails with `EngineStuck`, and the next call gets an engine that is loaded anew.
renewed
    After ``calls`` calls an engine is let go and another one loaded, which gives back memory that its libraries would keep.

Edge cases
----------
Who hangs `MOST_GIVEN_UP` times in a night is not loaded again: a driver or a card is at fault then, and each engine that is
left behind keeps its memory. All later calls of that engine fail at once. Where an engine cannot be loaded again, its call
fails and the next one tries.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from flows.ear import LIMIT_S, in_time
from flows.failures import where_raised
from postcall.errors import EngineError, EngineStuck
from postcall.speech.engines import Diarizer, Transcriber

E = TypeVar("E", Transcriber, Diarizer)
T = TypeVar("T")

MOST_GIVEN_UP = 3


@dataclass(frozen=True, slots=True)
class EngineCare:
    """How engines are treated.

    Attributes
    ----------
    times, least_s
        The limit.
    calls
        After how many calls an engine is renewed; None for never.
    load_transcriber, load_diarizer
        Load an engine like the one that the night began with; None where there can be no other.
    """

    times: float = 10.0
    least_s: float = LIMIT_S
    calls: int | None = None
    load_transcriber: Callable[[], Transcriber] | None = None
    load_diarizer: Callable[[], Diarizer] | None = None


class Asked(Generic[E]):
    """An engine, asked one call at a time; its name, revision and options are those of the engine.

    Parameters
    ----------
    who
        What messages call it.
    engine
        The one that the night begins with.
    load
        Loads another one like it.
    care
        How it is treated.
    """

    def __init__(self, who: str, engine: E, load: Callable[[], E] | None, care: EngineCare) -> None:
        self._who = who
        self._engine: E | None = engine
        self._load: Callable[[], E] | None = load
        self._care = care
        self.name, self.revision, self.options = engine.name, engine.revision, engine.options
        self._served = self._given_up = 0

    def ask(self, work: Callable[[E], T], length_s: float) -> T:
        """What ``work`` gives or raises when it gets the engine.

        Parameters
        ----------
        work
            One call; it must not use the engine after its end.
        length_s
            Length of the sound.

        Raises
        ------
        EngineStuck
            It took too long, or the engine hung too often before.
        EngineError
            The engine cannot be loaded again.
        """
        engine = self._ready()
        limit_s = max(self._care.least_s, self._care.times * length_s)
        stuck = EngineStuck(
            f"{self._who} did not end in {limit_s:.0f} s; it was given up, and another one is loaded",
            hint="run the night again; if it stays, look at the card or the load of the machine; `engine_limit_times` of the "
            "settings allows more time",
        )
        self._served += 1
        try:
            return in_time(limit_s, lambda: work(engine), stuck=stuck)
        except EngineStuck as error:
            if error is stuck:
                self._engine = None
                self._given_up += 1
            raise

    def _ready(self) -> E:
        if self._given_up >= MOST_GIVEN_UP:
            raise EngineStuck(
                f"{self._who} hung on {self._given_up} calls of this night and is asked no more",
                hint="look at the card, its driver and the load of the machine; then run the night again",
            )
        if self._care.calls is not None and self._served >= self._care.calls and self._load is not None:
            # Let go first: two would not fit into the memory of every card.
            self._engine = None
            gc.collect()
        if self._engine is None:
            self._engine = self._loaded()
            self._served = 0
        return self._engine

    def _loaded(self) -> E:
        hint = "run the night again: what was heard is kept"
        if self._load is None:
            raise EngineStuck(f"{self._who} hung before, and there is no other one", hint=hint)
        try:
            engine = self._load()
        except Exception as error:
            raise EngineError(f"{self._who} could not be loaded again: {where_raised(error)}", hint=hint) from error
        if engine.revision != self.revision:
            raise EngineError(f"the model of {self._who} is another than when the night began", hint=hint)
        return engine
