"""What the formats share: the shape of an object, declared once as a rule for each field.

Accepting an object walks the rules in plain Python, since that happens millions of times; explaining a refusal is
marshmallow's work, from a schema that is made of the same rules.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

Problem = Callable[[Any], str | None]
"""Says in a sentence what is wrong with a value, or None."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why one event of a batch was refused: its index, and messages by field."""

    index: int
    errors: Mapping[str, list[str]]

    def as_json(self) -> dict[str, Any]:
        """Write it as answers do."""
        return {"index": self.index, "errors": self.errors}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a field must be, and whether it must be there.

    Args:
        problem: checks a value that is there.
        documented: the same in JSON Schema (draft 2020-12), as far as that can say it; never stricter than the check.
        required: whether it must be there, and not null.
    """

    problem: Problem
    documented: Mapping[str, Any]
    required: bool = False


class _Open(Schema):
    class Meta:
        unknown = EXCLUDE


class Shape:
    """What an object must be: an optional field that is null counts as absent, and other keys are ignored.

    Args:
        name: what the schema is called.
        rules: the fields.
    """

    def __init__(self, name: str, rules: Mapping[str, Rule]) -> None:
        self._checks = [(field, rule.problem, rule.required) for field, rule in rules.items()]
        self.schema = _Open.from_dict({field: _field(rule) for field, rule in rules.items()}, name=name)

    def is_valid(self, document: object) -> bool:
        """Tell whether a decoded JSON value has this shape, without saying why not."""
        if not isinstance(document, dict):
            return False
        for name, problem, required in self._checks:
            value = document.get(name)
            if required if value is None else problem(value) is not None:
                return False
        return True

    def explain(self, document: object) -> dict[str, list[str]]:
        """Say by field what is wrong with a decoded JSON value; empty where it has this shape."""
        if not isinstance(document, dict):
            return {"_schema": ["must be an object"]}
        return self.schema().validate(document)


def text(least: int, most: int, *, required: bool = False) -> Rule:
    """Take a string of so many characters."""
    message = f"must be a string of {least} to {most} characters"

    def problem(value: Any) -> str | None:
        return None if isinstance(value, str) and least <= len(value) <= most else message

    return Rule(problem, {"type": "string", "minLength": least, "maxLength": most}, required)


def number() -> Rule:
    """Take a finite number; a boolean is none."""
    return Rule(_number, {"type": "number"})


def _number(value: Any) -> str | None:
    fine = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
    return None if fine else "must be a number"


def _field(rule: Rule) -> fields.Raw:
    def check(value: Any) -> None:
        if (problem := rule.problem(value)) is not None:
            raise ValidationError(problem)

    return fields.Raw(
        required=rule.required,
        allow_none=not rule.required,
        validate=check,
        metadata={"documented": rule.documented},
    )
