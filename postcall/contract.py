"""What analyzers and rollups have in common: a pure function whose annotations say its subject, its policy and its rows."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from postcall.policy import Policy, PolicySet
from postcall.tables import TableSpec, spec_of

M = TypeVar("M", bound="Maker")


@dataclass(frozen=True, slots=True)
class Maker:
    """A registered function that makes rows.

    Attributes
    ----------
    name, version
        As declared; the name is also that of the module and, unless the policy class names another, of the policy section.
    function
        The function itself.
    policy
        Its policy class, or None.
    tables
        Tables that its rows belong to.
    """

    name: str
    version: int
    function: Callable[..., Iterator[Any]]
    policy: type[Policy] | None
    tables: tuple[TableSpec, ...]

    def made_of(self, subject: object, policies: PolicySet) -> list[Any]:
        """All rows of one subject."""
        if self.policy is None:
            return list(self.function(subject))
        return list(self.function(subject, policies.section(self.section, self.policy)))

    @property
    def section(self) -> str:
        """Section of the policy file."""
        return (self.policy.SECTION if self.policy else None) or self.name

    @property
    def doc(self) -> str:
        """The module's docstring: what its numbers mean."""
        return inspect.getdoc(inspect.getmodule(self.function)) or ""

    @property
    def description(self) -> str:
        """First line of `doc`."""
        return self.doc.split("\n", 1)[0]


def read_contract(
    function: Callable[..., Iterator[Any]], *, kind: str, subject: type
) -> tuple[type[Policy] | None, tuple[TableSpec, ...]]:
    """Policy class and tables that a function's annotations name.

    Parameters
    ----------
    function
        To be registered.
    kind
        ``analyzer`` or ``rollup``, for messages.
    subject
        Type of the first parameter.

    Raises
    ------
    TypeError
        The signature or the name breaks the contract: found at import.
    """
    name = function.__name__
    module = function.__module__.rsplit(".", 1)[-1]
    if module != name:
        raise TypeError(f"{kind} '{name}' must stand in a module of its own name, not '{module}'")
    hints = get_type_hints(function)
    parameters = list(inspect.signature(function).parameters)
    if not parameters or hints.get(parameters[0]) is not subject or len(parameters) > 2:
        takes = f"{subject.__name__.lower()}: {subject.__name__}"
        raise TypeError(f"{kind} '{name}' takes ({takes}) or ({takes}, policy: …)")
    policy = hints[parameters[1]] if len(parameters) == 2 else None
    if policy is not None and not (isinstance(policy, type) and issubclass(policy, Policy)):
        raise TypeError(f"{kind} '{name}': the second parameter must be a Policy")
    return policy, row_tables(name, hints.get("return"))


def row_tables(name: str, hint: Any) -> tuple[TableSpec, ...]:
    """Tables named by a return annotation ``Iterator[Row]`` or ``Iterator[Row | OtherRow]``.

    Raises
    ------
    TypeError
        Another annotation.
    """
    if get_origin(hint) is not Iterator:
        raise TypeError(f"'{name}' must be annotated to return Iterator[Row]")
    (row,) = get_args(hint)
    rows: Sequence[type] = get_args(row) if get_origin(row) in (Union, types.UnionType) else (row,)
    return tuple(spec_of(one) for one in rows)


def enter(maker: M, registered: dict[str, M], kind: str) -> None:
    """Put a maker into a registry; the same function again, by a second import of its module, replaces itself.

    Raises
    ------
    TypeError
        Another one has its name.
    """
    known = registered.get(maker.name)
    if known is not None and known.function.__module__ != maker.function.__module__:
        raise TypeError(f"two {kind}s are called '{maker.name}': {known.function.__module__}, {maker.function.__module__}")
    registered[maker.name] = maker
