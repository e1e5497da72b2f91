"""The keys of app-config that this service reads, and how a key is written in a message."""

KeyPath = tuple[str, ...]
"""The way from the root to a value; a list's item is named by its index, in digits. A key may hold dots."""

ROOT = "backstageInsights"
BASE_URL: KeyPath = ("backend", "baseUrl")
API_TOKEN: KeyPath = ("spotify", "apiToken")
_WANTED: tuple[KeyPath, ...] = ((ROOT,), BASE_URL, API_TOKEN)
_MAX_SHOWN = 200


def is_wanted(path: KeyPath) -> bool:
    """Tell whether a path leads to a key that this service reads, or is below one."""
    return any(all(ours == theirs for ours, theirs in zip(key, path, strict=False)) for key in _WANTED)


def place(name: str, path: KeyPath) -> str:
    """Write for people where a key stands: `app-config.yaml: backstageInsights.auth.tokens[0]`.

    Args:
        name: the file or variable.
        path: the key; digits are the index of a list's item.
    """
    text = "".join(f"[{key}]" if key.isdecimal() else f".{key}" for key in path)
    return f"{name}: {printable(text.removeprefix('.'))}" if path else name


def printable(text: str) -> str:
    """Return a text from outside so that it cannot break or flood the line of a message."""
    return "".join(character if character.isprintable() else "?" for character in text[:_MAX_SHOWN])
