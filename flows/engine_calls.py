"""One call's sound given to an engine, whatever goes wrong told in our words: never in the engine's, which may hold text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from flows.failures import in_our_words, where_raised
from postcall.errors import EngineError, EngineOutOfMemory, PostCallError
from postcall.speech.engines import Diarizer, SpokenChannel, Transcriber, VoiceTeller
from postcall.timeline import SpeakerTimeline
from postcall.transcript import Transcript

RECOGNISER_TRIES = 2


def recognised(engine: Transcriber, channels: Sequence[SpokenChannel], language: str | None) -> Transcript:
    """The engine's transcript; what fails for a passing reason gets a second try."""
    for attempt in range(RECOGNISER_TRIES):
        try:
            return engine.transcribe(channels, language)
        except EngineError as error:
            if attempt + 1 == RECOGNISER_TRIES:
                raise in_our_words(error, engine) from error
        except MemoryError as error:
            raise _out_of_memory("the recogniser", error) from error
        except Exception as error:
            raise EngineError(f"the recogniser broke: {where_raised(error)}") from error
    raise AssertionError("unreachable")


def diarized(engine: Diarizer, samples_16k: NDArray[np.float32], people: int) -> tuple[SpeakerTimeline, SpeakerTimeline]:
    """What the engine tells, or its error in our words."""
    with _in_our_words("the diarizer", engine):
        return engine.diarize(samples_16k, people)


def voiced(engine: Diarizer, samples_16k: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the engine says of a voice, or its error in our words."""
    assert isinstance(engine, VoiceTeller)
    with _in_our_words("the voice model", engine):
        return engine.voice(samples_16k)


@contextmanager
def _in_our_words(who: str, engine: Diarizer) -> Iterator[None]:
    try:
        yield
    except EngineError as error:
        raise in_our_words(error, engine) from error
    except PostCallError:
        raise
    except MemoryError as error:
        raise _out_of_memory(who, error) from error
    except Exception as error:
        raise EngineError(f"{who} broke: {where_raised(error)}") from error


def _out_of_memory(who: str, error: MemoryError) -> EngineOutOfMemory:
    """For an engine that does not tell by itself."""
    return EngineOutOfMemory(
        f"{who} ran out of memory: {where_raised(error)}", hint="lower its batch size, or choose a smaller model"
    )
