"""How a key of the configuration is declared: its name, its reader, and what is said of it to people."""

import difflib
from collections.abc import Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load

from insights_backend.errors import InsightsError
from insights_backend.settings.readers import Reader


class Key(fields.Field[Any]):
    """A key of the configuration: its value is what a reader makes of it.

    Args:
        name: as app-config has it.
        read: the reader.
        about: what it is for, in Markdown of one line.
        unset: what holds where it is left out, for a default that follows from other keys.
        attribute: what the settings call it, where that is not the name of the field.
    """

    def __init__(
        self, name: str, read: Reader[Any], about: str, *, unset: str | None = None, attribute: str | None = None
    ) -> None:
        super().__init__(data_key=name, attribute=attribute, metadata={"description": about})
        self._read = read
        self.unset = unset

    @property
    def takes(self) -> str:
        """What values it takes, in the words with which it refuses one that is nothing of the kind."""
        try:
            self._read(object())
        except (ValueError, InsightsError) as refusal:
            said = str(refusal).removeprefix("must be ").removeprefix("a filter is ")
            return said.removesuffix("; put it in quotes")
        return "anything"

    def _deserialize(
        self,
        value: Any,
        attr: str | None,  # noqa: ARG002 - the signature is marshmallow's
        data: Mapping[str, Any] | None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> Any:
        try:
            return self._read(value)
        except (ValueError, InsightsError) as error:
            raise ValidationError(str(error)) from None


class Section(Schema):
    """An object of keys: a null is absent, and an unknown key is an error that suggests another."""

    class Meta:
        """An unknown key is an error."""

        unknown = RAISE

    error_messages = {"type": "must be an object"}  # noqa: RUF012 - marshmallow reads it from the class

    @pre_load
    def drop_nulls(self, data: Any, **_: Any) -> Any:
        """Leave out the keys whose value is null."""
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:  # noqa: ARG002 - the signature is marshmallow's
        """Say of an unknown key which known one is nearest."""
        known = [field.data_key or name for name, field in self.fields.items()]
        for key in error.messages_dict.keys() - {*known, "_schema"}:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the known keys are {', '.join(known)}"
            error.messages_dict[key] = [f"unknown key; {hint}"]
