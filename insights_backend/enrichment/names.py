"""Names of fields whose value is never kept, wherever the field stands: in an event or in the query of a URL."""

PERSONAL_NAMES = frozenset({
    "displayname", "email", "emails", "emailaddress", "useremail", "mail", "picture", "avatar",
    "avatarurl", "photo", "userid", "username", "login", "loginname", "userlogin", "fullname",
    "firstname", "lastname", "givenname", "familyname", "middlename", "surname", "nickname", "realname",
    "preferredusername", "phone", "phonenumber", "telephone", "mobile", "mobilenumber", "dateofbirth",
    "birthdate", "ssn",
})  # fmt: skip
"""What is somebody's; compared as `normal` gives them."""

MAIL_NAMES = frozenset(name for name in PERSONAL_NAMES if "mail" in name)
"""Of these, the ones of e-mail addresses."""

SECRET_NAMES = frozenset({
    "password", "passwd", "pwd", "passphrase", "secret", "clientsecret", "token", "accesstoken",
    "refreshtoken", "idtoken", "authtoken", "apikey", "privatekey", "secretkey", "authorization",
    "cookie", "credential", "credentials", "jwt",
})  # fmt: skip
"""What opens something; compared as `normal` gives them."""


def normal(name: str) -> str:
    """Return a name as names are compared: `userName`, `user_name` and `USER-NAME` are one."""
    return name.replace("-", "").replace("_", "").lower()
