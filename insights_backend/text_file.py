"""Text files that an operator writes: bounded, and read as UTF-8."""

from pathlib import Path

from insights_backend.errors import ConfigError


def read_text(file: Path, subject: str, max_bytes: int) -> str:
    """Read a bounded UTF-8 text, without the mark that it may begin with.

    Args:
        file: the path.
        subject: how an error begins: names the file, and who wanted it.
        max_bytes: how large it may be.

    Raises:
        ConfigError: there is no such file, it cannot be read, it is too large, or it is not UTF-8.
    """
    try:
        if not file.is_file():
            raise ConfigError(f"{subject}: no such file; create it, or correct the path")
        with file.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except OSError as error:
        raise ConfigError(f"{subject}: cannot be read: {error.strerror}") from None
    if len(content) > max_bytes:
        raise ConfigError(f"{subject}: over {max_bytes} bytes; make it smaller")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{subject}, line {line}: not UTF-8; save it as UTF-8") from None
