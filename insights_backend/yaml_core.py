"""The numbers of YAML 1.2's core schema, as Backstage reads them; the library also takes some of YAML 1.1's.

Source: YAML 1.2.2, section 10.3.2, "Tag Resolution".
"""

import re
from typing import Any

from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.nodes import ScalarNode

_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)


class CoreConstructor(SafeConstructor):
    """Makes numbers of what the core schema calls one; all else that looks like one, such as `1_000`, is a text."""

    def core_integer(self, node: ScalarNode) -> Any:
        """Build a whole number, or the text that it is."""
        number = self.construct_yaml_int(node)  # refuses what is no number at all, whatever its tag says
        return number if _INTEGER.fullmatch(node.value) else node.value

    def core_float(self, node: ScalarNode) -> Any:
        """Build a number, or the text that it is."""
        number = self.construct_yaml_float(node)  # refuses what is no number at all, whatever its tag says
        return number if _FLOAT.fullmatch(node.value) else node.value


CoreConstructor.add_constructor("tag:yaml.org,2002:int", CoreConstructor.core_integer)
CoreConstructor.add_constructor("tag:yaml.org,2002:float", CoreConstructor.core_float)
