"""Names of fields whose value is never kept, wherever the field stands: in an event or in the query of a URL."""

import re
import unicodedata

_LABEL = re.compile(r"(?<!\w)\[[a-z]{2,12}\]")  # what was taken out of a name, which names nothing

PERSONAL_NAMES = frozenset({
    "displayname", "email", "emails", "emailaddress", "useremail", "mail", "picture", "avatar",
    "avatarurl", "photo", "userid", "username", "login", "loginname", "userlogin", "fullname",
    "firstname", "lastname", "givenname", "familyname", "middlename", "surname", "nickname", "realname",
    "preferredusername", "userprincipalname", "upn", "loginid", "loginhint", "emailaddr", "mailaddress",
    "phone", "phonenumber", "phoneno", "telephone", "tel", "fax", "faxnumber", "cellphone", "mobile",
    "mobilenumber", "dateofbirth", "dob", "birthdate", "birthday", "ssn", "socialsecuritynumber",
})  # fmt: skip
"""What is somebody's; compared as `normal` gives them."""

_MAIL_NAMES = frozenset(name for name in PERSONAL_NAMES if "mail" in name)
_MAIL_KIN = ("email", "emailaddress", "emailaddr", "mailaddress")
_PERSONAL_KIN = (
    *_MAIL_KIN, "displayname", "fullname", "firstname", "lastname", "username", "userlogin", "githublogin",
    "gitlablogin", "phonenumber", "phoneno", "mobilephone", "cellphone", "workphone", "homephone",
    "profilepicture", "pictureurl", "avatarurl", "userprincipalname", "socialsecuritynumber",
)  # fmt: skip
_SECRET_KIN = (
    "password", "passwd", "passphrase", "apikey", "token", "clientsecret", "accesskey", "privatekey", "secretkey",
)  # fmt: skip

# Where the next page of a list begins, and how much a model may say.
_OTHER_TOKENS = ("pagetoken", "continuationtoken", "nexttoken", "maxtoken")
_THINGS = ("plugin", "repository", "repo", "project", "package", "organization", "organisation")
_NAMES_OF_THINGS = tuple(f"{thing}{name}" for thing in _THINGS for name in ("displayname", "fullname"))

SECRET_NAMES = frozenset({
    "password", "passwd", "pwd", "pass", "passphrase", "secret", "clientsecret", "token", "accesstoken",
    "refreshtoken", "idtoken", "authtoken", "apikey", "accesskey", "privatekey", "secretkey", "authorization",
    "authorizationheader", "proxyauthorization", "cookie", "cookies", "setcookie", "credential",
    "credentials", "jwt",
})  # fmt: skip
"""What opens something; compared as `normal` gives them."""


def normal(name: str) -> str:
    """Return a name as names are compared: `userName`, `user_name`, `USER NAME` and `user[name]` are one."""
    given = _LABEL.sub("", unicodedata.normalize("NFKC", name))
    return "".join(filter(str.isalnum, given)).lower()


def is_mail(name: str) -> bool:
    """Tell whether a name is one of an e-mail address, such as `contactEmail`."""
    given = _unnumbered(name)
    return given in _MAIL_NAMES or given.endswith(_MAIL_KIN)


def is_personal(name: str) -> bool:
    """Tell whether a name is one of what is somebody's, such as `email2` or `gitlabUsername`."""
    return _is_personal(_unnumbered(name))


def is_never_kept(name: str) -> bool:
    """Tell whether a name is one of what is somebody's, or opens something, such as `newPassword`."""
    given = _unnumbered(name)
    return _is_personal(given) or _is_secret(given)


def is_of_thing(given: str) -> bool:
    """Tell whether a name, as `normal` gives it, is one of what a thing is called, such as `repository_full_name`."""
    return given.endswith(_NAMES_OF_THINGS)


def _is_personal(given: str) -> bool:
    return given in PERSONAL_NAMES or (given.endswith(_PERSONAL_KIN) and not is_of_thing(given))


def _is_secret(given: str) -> bool:
    return given in SECRET_NAMES or (given.endswith(_SECRET_KIN) and not given.endswith(_OTHER_TOKENS))


def _unnumbered(name: str) -> str:
    return normal(name).rstrip("0123456789")
