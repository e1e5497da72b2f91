"""Users by reference, by the path of their page, and by the path of their home directory."""

import re
from collections.abc import Iterator

from insights_backend.enrichment.detectors.base import LABEL, Detector, Found, Match, Span, words

# Scopes of OAuth, what happens to users, and which of them are meant.
_NO_USERS = frozenset({
    "email", "read", "write", "follow", "create", "delete", "update", "list", "admin", "password", "pass",
    "group", "profile", "created", "updated", "deleted", "event", "events", "login", "logout", "invite", "invited",
    "all", "owned", "me", "latest",
})  # fmt: skip
_VERSION = re.compile(r"v?\d+(?:\.\d+)+|v\d+", re.IGNORECASE)
REF_HINT = words("user:", "user/")
"""The hint of what `user_refs` finds."""

_NAME = r"[^\W_](?:[\w.@+-]*\w)?"
# A short reference looks like much else, such as the last word of `roadiehq:utils:user:list`, or an image `a/user:x`.
_USER_REF = re.compile(
    rf"(?<!//)(?:(?<![^\W_])user:(?P<space>[\w-]{{1,63}}+)/{_NAME}"
    r"|(?<![\w:])(?<![a-z0-9]/)user:(?P<short>[^\W_](?:[\w.+-]*\w)?)(?!\w|:\w))",
    re.IGNORECASE,
)
_USER_PATH = re.compile(
    r"/(?:catalog|docs)/(?P<namespace>[^/\s]+)/user/(?P<name>[^/\s?#,;:\"'<>()]+)"
    r"|/by-name/user/(?P<space>[^/\s]+)/(?P<user>[^/\s?#,;:\"'<>()]+)",
    re.IGNORECASE,
)


def names_nobody(name: str) -> bool:
    """Tell whether what stands after `user:` is a word or a version, and no name."""
    return name.lower() in _NO_USERS or _VERSION.fullmatch(name) is not None


def user_refs(text: str) -> Iterator[Found | None]:
    """Find entity references of users ("References") and paths of their pages (plugin-catalog's routes)."""
    for match in _USER_REF.finditer(text):
        if match["space"] or not names_nobody(match["short"]):
            yield Found("username/reference", *match.span(), ref=match[0])
    for match in _USER_PATH.finditer(text):
        namespace = match["namespace"] or match["space"]
        name = "name" if match["name"] else "user"
        if not LABEL.fullmatch(match[name]):
            yield Found("username/page", *match.span(name), ref=f"user:{namespace}/{match[name]}")


_PATH_HINT = words("home/", "home\\", "users/", "users\\", "settings/", "settings\\", "~")
_UNIX_HOME = re.compile(
    r"(?=/)(?<![\w)\]}.%-])(?:/(?:var|export|usr))?(?:/mnt/[a-z]|/[a-z](?=/Users))?/(?:home|Users)/([\w.@+-]+)"
)
# Of a file, and of a file in an editor, on this machine or over SSH.
_FILE_URL_HOME = re.compile(
    r"(?:file://(?:localhost)?|(?:vscode(?:-insiders)?|vscodium|cursor|windsurf|zed)://[\w.+/-]{1,100}?)"
    r"/(?:home|Users)/([\w.@+-]+)"
)
_WINDOWS_HOME = re.compile(
    r"(?:(?:[a-z]:[\\/]{1,2}|\\)(?:users|documents and settings)|\\\\wsl(?:\$|\.localhost)\\[\w.-]{1,40}\\home)"
    r"[\\/]{1,2}"
    # several words are one name before a slash; before an end, if each begins as a name does
    r"(\[[a-z]{2,12}\]|[^\\/:*?\"<>|\s]++(?: [^\\/:*?\"<>|\s]++){1,3}(?=[\\/])"
    r"|(?-i:[A-ZÀ-ÖØ-Þ])[\w.'-]*+(?: (?-i:[A-ZÀ-ÖØ-Þ])[\w.'-]*+){1,3}(?=\Z|[\"<>|)\],;])"
    r"|[^\\/:*?\"<>|\s]+)",
    re.IGNORECASE,
)
_TILDE_HOME = re.compile(r"(?=~)(?:(?<![\w~.^\])])~([A-Za-z_][\w.-]*)(?=/)|(?<=/)~([A-Za-z_][\w.-]*))")
_SHARED_HOMES = frozenset({
    "runner", "node", "app", "ubuntu", "ec2-user", "jenkins", "vscode", "coder", "user", "root",
    "shared", "public", "default", "git", "admin", "circleci", "gitpod", "linuxbrew", "airflow",
    "jovyan", "nonroot", "azureuser", "vagrant", "pi", "username",
})  # fmt: skip


def _home(match: Match) -> Span | None:
    """Leave the accounts of machines and images alone."""
    group = match.lastindex or 0
    return None if match[group].lower() in _SHARED_HOMES else match.span(group)


DETECTORS = (
    Detector("username/unix-home", _PATH_HINT, _UNIX_HOME, _home),
    Detector("username/file-url", _PATH_HINT, _FILE_URL_HOME, _home),
    Detector("username/windows-home", _PATH_HINT, _WINDOWS_HOME, _home),
    Detector("username/tilde-home", _PATH_HINT, _TILDE_HOME, _home),
)
