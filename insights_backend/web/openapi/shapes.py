"""How the shapes of answers are declared: to be documented, since the routes write them and nothing reads them back."""

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

Field = fields.Field[Any]
"""A declared field of an answer."""


class AnswerSchema(Schema):
    """An answer: what is documented and nothing else, all of it always there unless it says otherwise."""

    class Meta:
        """An answer has no key that is not documented."""

        unknown = RAISE


def count(description: str, *, unknown: bool = False) -> Field:
    """Declare a number of things; null where it is not known."""
    return fields.Integer(
        required=True, allow_none=unknown, validate=validate.Range(min=0), metadata={"description": description}
    )


def ratio(description: str) -> Field:
    """Declare a ratio; null where there is nothing to divide by."""
    return fields.Float(required=True, allow_none=True, metadata={"description": description})


def texts(description: str) -> Field:
    """Declare a list of texts."""
    return fields.List(fields.String(), required=True, metadata={"description": description})


def filters(description: str) -> Field:
    """Declare a filter of the catalog's entities: records of which one must match, with the values that a key may have.

    Null where there is no filter, and for a key that must only be there.
    """
    values = fields.List(fields.String(), allow_none=True)
    return fields.List(
        fields.Dict(keys=fields.String(), values=values),
        required=True,
        allow_none=True,
        metadata={"description": description},
    )


def time(description: str) -> Field:
    """Declare a moment, in ISO 8601."""
    return fields.String(required=True, metadata={"format": "date-time", "description": description})


def date(description: str) -> Field:
    """Declare a day, in ISO 8601."""
    return fields.String(required=True, metadata={"format": "date", "description": description})


def text(description: str, *choices: str, unknown: bool = False) -> Field:
    """Declare a text; with choices, it is one of them; null where it is not known."""
    checks = [validate.OneOf(choices)] if choices else []
    return fields.String(required=True, allow_none=unknown, validate=checks, metadata={"description": description})
