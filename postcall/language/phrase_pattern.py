"""The language in which phrases are written, read into a tree. Pure.

Definition
----------
::

    чем могу помочь         words in order, each in any of its forms; in Chinese a run of characters
    =подождите              exactly this form
    понял(а)                понял or поняла
    [я] [вам сейчас]        may be left out
    (могу|можем)            one of them; alternatives may be several words
    .. ..5                  up to 3, or 5, words between (Chinese: characters), inside a sentence
    <duration>              a number, duration, time, date, money, name, oath, or any one word
    !не                     not right after this word
    ^ $ ?                   an utterance starts here; ends here; the sentence asks

Edge cases
----------
A pattern that could match nothing at all, such as ``[я]``, is an error, and so is one that only excludes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from postcall.errors import PolicyError
from postcall.language.morphology import lemmas_of
from postcall.language.tokens import normalised
from postcall.nearest import did_you_mean

CLASSES = ("number", "duration", "time", "date", "money", "name", "oath", "word")
_GAP_WORDS = 3
_PIECES = re.compile(
    r"\s+|\.\.\d*|<\w*>|[\[\]()|^$?]|!?=?[^\s\[\]()|^$?<>!=]+(?:\([^\s\[\]()|]{1,4}\))?(?=[\s\[\]()|^$?<!]|$)|."
)
_GENDERED = re.compile(r"(.+)\(([^()]+)\)$")
_CHINESE = re.compile(r"[一-鿿]|[^\W一-鿿]+")


@dataclass(frozen=True, slots=True)
class WordNode:
    """One word. ``forms`` are spellings that match; ``lemmas``, where not empty, dictionary forms that do."""

    forms: frozenset[str]
    lemmas: frozenset[str]
    is_exact: bool = False

    written: str = ""
    """The shortest of its spellings, which stands for it."""
    _hash: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "written", min(self.forms, key=lambda form: (len(form), form)))
        # It is looked up many times a token, and sets are slow to hash.
        object.__setattr__(self, "_hash", hash((self.forms, self.lemmas, self.is_exact)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Run:
    """Chinese characters one after another."""

    characters: tuple[str, ...]
    is_exact: bool = False

    written: str = ""
    """Its characters."""
    _hash: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "written", "".join(self.characters))
        object.__setattr__(self, "_hash", hash((self.characters, self.is_exact)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Gap:
    """Up to so many tokens of the same sentence."""

    most: int


@dataclass(frozen=True, slots=True)
class Class:
    """Something that is parsed, such as a duration."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """The token before must not be this one."""

    form: str


@dataclass(frozen=True, slots=True)
class Edge:
    """``^``, ``$`` or ``?``."""

    mark: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences; none of them where it may be left out."""

    ways: tuple[Series, ...]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """Nodes one after another."""

    nodes: tuple[Node, ...]


Node = WordNode | Run | Gap | Class | Not | Edge | Choice


def parse(pattern: str, language: str) -> Series:
    """Read a pattern.

    Raises
    ------
    PolicyError
        It cannot be read; the message names the place, and never what a call says.
    """
    reader = _Reader(pattern, language)
    tree = reader.sequence(closing="")
    if reader.at < len(reader.pieces):
        raise reader.error(f"'{reader.pieces[reader.at]}' closes nothing")
    if not _consumes(tree):
        raise reader.error("nothing in it has to be said")
    return tree


class _Reader:
    def __init__(self, pattern: str, language: str) -> None:
        self.pattern, self.language = pattern, language
        self.pieces = [piece for piece in _PIECES.findall(pattern) if not piece.isspace()]
        self.at = 0

    def error(self, what: str) -> PolicyError:
        read = " ".join(self.pieces[: self.at])
        return PolicyError(f"phrase '{self.pattern}': {what}" + (f", after '{read}'" if read else ""))

    def sequence(self, closing: str) -> Series:
        nodes: list[Node] = []
        while self.at < len(self.pieces) and self.pieces[self.at] not in ("|", ")", "]"):
            nodes += self._nodes()
        if closing and self.at == len(self.pieces):
            raise self.error(f"'{closing}' is missing")
        return Series(tuple(nodes))

    def _nodes(self) -> list[Node]:
        piece = self.pieces[self.at]
        if piece in "([":
            return [self._choice(")" if piece == "(" else "]")]
        self.at += 1
        if piece.startswith(".."):
            return [Gap(int(piece[2:] or _GAP_WORDS))]
        if piece.startswith("<"):
            name = piece[1:-1]
            if name not in CLASSES:
                raise self.error(f"no class '{name}': {did_you_mean(name, CLASSES)}")
            return [Class(name)]
        if piece in {"^", "$", "?"}:
            return [Edge(piece)]
        if piece.startswith("!"):
            form = normalised(piece[1:])
            if not form:
                raise self.error("'!' stands before nothing")
            return [Not(form)]
        return self._words(piece)

    def _choice(self, closing: str) -> Choice:
        self.at += 1
        ways = [self.sequence(closing)]
        while self.pieces[self.at] == "|":
            self.at += 1
            ways.append(self.sequence(closing))
        if self.pieces[self.at] != closing:
            raise self.error(f"'{closing}' is missing")
        self.at += 1
        if not all(way.nodes for way in ways):
            raise self.error("an alternative is empty")
        return Choice(_merged(ways), is_optional=closing == "]")

    def _words(self, piece: str) -> list[Node]:
        is_exact = piece.startswith("=")
        text = piece.removeprefix("=")
        gendered = _GENDERED.match(text)
        texts = [gendered[1], gendered[1] + gendered[2]] if gendered else [text]
        if self.language == "zh":
            characters = tuple(_CHINESE.findall(texts[0].lower()))
            return [Run(characters, is_exact)] if characters else []
        forms = frozenset(filter(None, map(normalised, texts)))
        if not forms:
            # Commas and dashes are how people write; they are not heard.
            if re.fullmatch(r"[^\w]+", piece) and not set(piece) & set("<>{}=!"):
                return []
            raise self.error(f"'{piece}' is no word")
        lemmas = (
            frozenset() if is_exact or gendered else frozenset(lemma for f in forms for lemma in lemmas_of(f, self.language))
        )
        return [WordNode(forms, lemmas, is_exact)]


def _merged(ways: list[Series]) -> tuple[Series, ...]:
    """Alternatives with all that are single words made one word of many forms: matched at once, not one by one."""
    single = [way.nodes[0] for way in ways if len(way.nodes) == 1 and isinstance(way.nodes[0], WordNode)]
    words = [node for node in single if isinstance(node, WordNode) and not node.is_exact]
    if len(words) < 2:
        return tuple(ways)
    forms = frozenset(form for node in words for form in node.forms)
    lemmas = frozenset(lemma for node in words for lemma in node.lemmas)
    others = [way for way in ways if not (len(way.nodes) == 1 and way.nodes[0] in words)]
    return (Series((WordNode(forms, lemmas),)), *others)


def _consumes(tree: Series) -> bool:
    """Whether something has to be said for it."""
    return any(
        isinstance(node, WordNode | Run | Class)
        or (isinstance(node, Choice) and not node.is_optional and all(map(_consumes, node.ways)))
        for node in tree.nodes
    )
