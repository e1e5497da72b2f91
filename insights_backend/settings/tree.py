"""The configuration as a tree that knows where each of its keys was set, one layer or all of them merged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from insights_backend.errors import ConfigError
from insights_backend.settings.keys import KeyPath

_MAX_VALUES = 100_000  # aliases can make a small file large
_MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Dropped:
    """A key that is written in `file`, and absent because the variable is not set."""

    variable: str
    file: str


@dataclass(frozen=True, slots=True)
class ConfigTree:
    """Configuration whose variables and includes are resolved; a null is kept, as None.

    Args:
        data: nested dictionaries, lists and scalars.
        origins: what `origin` looks up.
        dropped: the keys that were written and whose variable is not set; another layer may still have given
            `data` a value there.
    """

    data: Mapping[str, Any] = field(repr=False)
    origins: Mapping[KeyPath, str]
    dropped: Mapping[KeyPath, Dropped]

    def origin(self, path: KeyPath) -> str:
        """Return the file or variable that set a key, or something below it, or else the nearest object around it."""
        below = (key for key in self.origins if key[: len(path)] == path)
        around = (path[:length] for length in range(len(path) - 1, -1, -1))
        found = (self.origins[key] for key in chain([path], below, around) if key in self.origins)
        return next(found, "the configuration")

    def value(self, path: KeyPath) -> Any:
        """Return what stands at a path of object keys, or None."""
        found: Any = self.data
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of the keys of a layer while it is read: where they were set, and which were dropped.

    Every value is noted before those inside it, so that this is also where a layer's size is bounded.
    """

    origins: dict[KeyPath, str] = field(default_factory=dict)
    dropped: dict[KeyPath, Dropped] = field(default_factory=dict)

    def keep(self, path: KeyPath, name: str) -> None:
        """Note the file or variable that sets a key.

        Raises:
            ConfigError: the layer has too many values, or is nested too deep.
        """
        self._check_bounds(path, name)
        self.origins[path] = name

    def drop(self, path: KeyPath, variable: str, name: str) -> None:
        """Note a key that is absent since its variable is not set; raises as `keep` does."""
        self._check_bounds(path, name)
        self.dropped[path] = Dropped(variable, name)

    def _check_bounds(self, path: KeyPath, name: str) -> None:
        if len(self.origins) + len(self.dropped) >= _MAX_VALUES or len(path) > _MAX_DEPTH:
            raise ConfigError(f"{name}: over {_MAX_VALUES} values or nested over {_MAX_DEPTH} deep; make it smaller")
