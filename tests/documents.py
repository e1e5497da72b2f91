"""The commands that the documents tell a reader to run: fenced blocks in `sh` or `console`.

Each is run by a test as it stands, but for names of hosts, tokens and directories, which are examples. Before one that
is not stands the reason, as a comment that a reader does not see: `<!-- not run here: … -->`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.process import REPOSITORY

_BLOCK = re.compile(
    r"(?:^<!-- not run here: (?P<reason>.*?) -->\n)?^```(?:sh|console)\n(?P<text>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of commands.

    Args:
        document: the document's path in the repository.
        line: where in it the commands begin, counted from 1.
        text: the commands.
        reason: why no test runs it with the others; None where one does.
    """

    document: str
    line: int
    text: str
    reason: str | None

    @property
    def script(self) -> str:
        """What a shell is given: in a session that is shown, what stands after the prompts."""
        lines = self.text.splitlines(keepends=True)
        prompts = [line[2:] for line in lines if line.startswith("$ ")]
        return "".join(prompts or lines)

    def filled(self, names: Mapping[str, str]) -> str:
        """Write the script with real names where the document has examples."""
        script = self.script
        for example, real in names.items():
            script = script.replace(example, real)
        return script


def documents() -> list[Path]:
    """List the documents for people."""
    return [*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md"))]


def blocks(document: Path) -> Iterator[Block]:
    """Read the blocks of a document, in order."""
    text = document.read_text()
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("text")) + 1
        yield Block(str(document.relative_to(REPOSITORY)), line, found["text"], found["reason"])


def all_blocks() -> list[Block]:
    """Read the blocks of all documents."""
    return [block for document in documents() for block in blocks(document)]
