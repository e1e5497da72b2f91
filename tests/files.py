"""What stands in the files of a directory, while others write and delete there."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def contents(directory: Path) -> Iterator[tuple[Path, bytes]]:
    """Read all files of a directory and those below it; what is deleted meanwhile is left out."""
    for path in directory.iterdir():
        with suppress(FileNotFoundError):
            if path.is_dir():
                yield from contents(path)
            else:
                yield path, path.read_bytes()
