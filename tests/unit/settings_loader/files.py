"""Files of a configuration, and what reading them is called."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from insights_backend.errors import ConfigError
from insights_backend.settings.tree import ConfigTree

OURS = "backstageInsights"
UNSET = ["'${UNSET}'", "'a ${X} ${UNSET}'", "'${UNSET:-}'", "{$env: UNSET}"]
Write = Callable[[str, str], Path]
Read = Callable[..., ConfigTree]
Ours = Callable[..., dict[str, Any]]


def refusal(call: Callable[..., object], *args: str, **kwargs: str) -> str:
    with pytest.raises(ConfigError) as error:
        call(*args, **kwargs)
    return str(error.value)
