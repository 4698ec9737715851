"""cpWER: word errors of a transcript with speakers, when each speaker's words are put in a row. Pure.

Definition
----------
The words of each true speaker, and those of each speaker found, are joined in order of time; true and found speakers are paired
so that the errors are fewest, and words of a speaker who is paired with nobody are all errors. The rate is errors over words
said. A word with the wrong speaker counts twice: it is missing in one row and too many in the other.

References
----------
Watanabe et al. 2020, "CHiME-6 challenge: tackling multispeaker speech recognition for unsegmented recordings" (concatenated
minimum-permutation word error rate). The pairing is SciPy's linear sum assignment, the distance rapidfuzz's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from postcall.language.word_errors import WordErrors, word_errors


def cpwer(said: Mapping[str, Sequence[str]], found: Mapping[str, Sequence[str]], language: str | None) -> WordErrors:
    """Errors of one call.

    Parameters
    ----------
    said, found
        Speaker -> words in order of time.
    """
    size = max(len(said), len(found))
    rows, columns = ([*words.values(), *[()] * (size - len(words))] for words in (said, found))
    costs = np.array([[word_errors(row, column, language).errors for column in columns] for row in rows]).reshape(size, size)
    paired = linear_sum_assignment(costs)
    return WordErrors(int(costs[paired].sum()), sum(word_errors(row, (), language).said for row in rows))
