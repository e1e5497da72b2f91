"""Secrets that have a shape of their own: keys, tokens of known makers, webhooks, the user of a URL."""

import re

from insights_backend.enrichment.detectors.base import AT, Detector, Hint, Match, Span, both, words

REPOSITORY_USERS = frozenset({"git", "hg", "svn"})
"""What stands before the `@` of a repository's address, and is nobody."""

_LONG_RUN: Hint = re.compile(r"[\w.-]{16}").search

_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]*+)*+", re.ASCII)
_PROVIDER = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9][\w.+/=:~-]{14})(?:"
    r"(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+"
    r"|gl(?:pat|dt|rt|rtr|ptt|oas|soat|cbt|ft|imt|agent|ffct|wt)-[\w-]{16,}+(?:(?:\.[0-9a-z]{2})?\.[0-9a-z]{9})?+"
    r"|GR1348941[\w-]{20,}+"  # GitLab
    r"|xox[a-z](?:\.xox[a-z])?-[\w-]{10,}+|xapp-\d-[\w-]{10,}+"  # Slack
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{16,}+"  # Stripe
    r"|cs_(?:live|test)_[A-Za-z0-9]{16,}+|(?:pi|seti)_[A-Za-z0-9]{16,}+_secret_[A-Za-z0-9]{16,}+"
    r"|npm_[A-Za-z0-9]{30,}+|pypi-[\w-]{40,}+|rubygems_[0-9a-f]{40,}+|dckr_(?:pat|oat)_[\w-]{20,}+"
    r"|SG\.[\w-]{16,}+\.[\w-]{16,}+|sq[abup]_[0-9a-f]{40}|sq0[a-z]{3}-[\w-]{20,}+"  # SendGrid, Sonar, Square
    r"|sk-(?:(?:proj|svcacct|admin|ant|or|lf)-)[\w-]{20,}+|sk-[A-Za-z0-9]{32,}+|hf_[A-Za-z0-9]{30,}+"
    r"|AIza[\w-]{30,}+|ya29\.[\w-]{20,}+|1//0[\w-]{40,}+|GOCSPX-[\w-]{20,}+"  # Google
    r"|hv[sbr]\.[\w-]{20,}+|do[opr]_v1_[0-9a-f]{60,}+|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"
    r"|dapi[0-9a-f]{32}|ATATT3[\w=-]{30,}+|ATCTT3[\w=-]{30,}+|NRAK-[A-Z0-9]{20,}+|NRII-[\w-]{20,}+"
    r"|gls?[ac]_[A-Za-z0-9_+/=]{30,}+|lin_(?:api|oauth)_\w{30,}+|fig[do]_[\w-]{30,}+|PMAK-[\w-]{30,}+"
    r"|sntry[su]_[\w+/=-]{30,}+|pul-[0-9a-f]{40}|dp\.[a-z]{2,5}\.[\w.-]{30,}+|AKCp[A-Za-z0-9]{40,}+"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,}+|SK[0-9a-f]{32}(?![A-Za-z0-9])|key-[0-9a-f]{32}(?![A-Za-z0-9])"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}+|\d{8,10}:AA[\w-]{33}(?![\w-])"  # Terraform Cloud, Telegram
    r"|ibt_[\w-]{43}(?![\w-])"  # of this service
    r"|ATBB[A-Za-z0-9]{32}|CCIP(?:AT|RJ)_[A-Za-z0-9]{20,}+_[0-9a-f]{40}"  # Bitbucket, CircleCI
    r"|gsk_[A-Za-z0-9]{40,}+|xai-[A-Za-z0-9]{60,}+|pplx-[A-Za-z0-9]{40,}+|ntn_[A-Za-z0-9]{40,}+"  # Groq, xAI, Notion
    r"|tskey-[a-z]{3,12}-[A-Za-z0-9]{8,}+-[A-Za-z0-9]{16,}+|sbp_[0-9a-f]{40}|bkua_[0-9a-f]{40}"  # Tailscale, Supabase
    r"|nfp_[A-Za-z0-9]{36,}+|pscale_(?:tkn|oauth|pw)_[\w.-]{32,}+|CFPAT-[\w-]{43}|HRKU-[\w-]{36,}+"  # Netlify to Heroku
    r"|dt0[a-z]\d\d\.[A-Z0-9]{24}\.[A-Z0-9]{64}|xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}"  # Dynatrace, Brevo
    r"|snyk_[a-z]at\.[\w-]{8}\.[\w.-]{20,}+|pat[A-Za-z0-9]{14}\.[0-9a-f]{64}"  # Snyk, Airtable
    r"|[ps]at\.[\w-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}|API-[A-Z0-9]{25,26}(?![A-Za-z0-9])"  # Harness, Octopus
    r"|ops_eyJ[\w=-]{100,}+|ABSK[A-Za-z0-9+=]{100,}+|LTAI[A-Za-z0-9]{16,20}(?![A-Za-z0-9])"  # 1Password to Alibaba
    r"|cmVmdGtu[A-Za-z0-9]{56}|[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{18}AZDO[A-Za-z0-9]{4}"  # JFrog, Azure DevOps
    r"|v1\.0-[0-9a-f]{24}-[0-9a-f]{146}|fo1_[\w-]{43}|fm[12][ar]?_[A-Za-z0-9+/=]{60,}+"  # Cloudflare, Fly.io
    r"|api_org_[A-Za-z0-9]{34}|r8_[A-Za-z0-9]{37}|pnu_[A-Za-z0-9]{36}|rdme_[a-z0-9]{70}|CLOJARS_[0-9a-f]{60}"
    r"|cio[A-Za-z0-9]{32}(?![A-Za-z0-9])|EZ[AT]K[A-Za-z0-9]{54}|sha256~[\w-]{43}"  # crates.io, EasyPost, OpenShift
    r")",
    re.ASCII,
)
_AZURE = re.compile(r"(?<![\w.~-])[\w.~-]{3}\dQ~[\w.~-]{31,34}(?![\w~-])", re.ASCII)  # secrets of applications
_WEBHOOK = re.compile(
    r"https?://(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)"
    r"|(?:\w{1,20}\.)?discord(?:app)?\.com/api/webhooks|[\w-]{1,60}\.webhook\.office\.com/webhookb2)/[\w/@.-]+"
)
_SSH_KEY = re.compile(r"(?<![A-Za-z0-9+/])AAAA[A-Z][A-Za-z0-9+/]{40,}+={0,2}")
_URL_USER = re.compile(r"(?<=://)([^\s/?#\"'<>]+)@")
_DATABASES = ("postgres", "mysql", "mariadb", "mongodb", "redis", "amqp")
_OTHER_USER = re.compile(
    r"(?=[pmrajuPMRAJU])(?:"
    # a password may hold a slash where only the driver of a database reads the address
    rf"(?:{'|'.join(_DATABASES)})[a-z+]{{0,4}}://([^\s:/?#\"'<>]{{0,64}}:[^\s?#\"'<>]{{1,128}})@"
    r"|jdbc:oracle:[a-z]{2,6}:([^\s/@\"'<>]{1,64}/[^\s@\"'<>]{1,128})@"
    # without a scheme, as `git clone` takes it; an image is followed by its digest
    r"|(?<![\w:/])(user:[^\s/?#\"'<>@]{1,64}(?:@[^\s/?#\"'<>@]{1,64}){0,2})@(?!sha256:)[\w-])",
    re.IGNORECASE,
)
_USER_PLACEHOLDER = re.compile(r"(?:[\w-]*:)?(?:\$\{[^{}]*\}|\$\w+|\$?\{\{[^{}]*\}\})")


def _url_user(match: Match) -> Span | None:
    value = match[1]
    return None if value in REPOSITORY_USERS or _USER_PLACEHOLDER.fullmatch(value) else match.span(1)


DETECTORS = (
    Detector("credential/pem", words("-----b"), _PEM),
    Detector("credential/jwt", words("eyj"), _JWT),
    Detector("credential/webhook", words("webhook", "hooks"), _WEBHOOK),
    Detector("credential/provider", _LONG_RUN, _PROVIDER),
    Detector("credential/azure", words("q~"), _AZURE),
    Detector("credential/ssh-key", words("aaaa"), _SSH_KEY),
    Detector("credential/url-user", AT, _URL_USER, _url_user),
    Detector("credential/other-user", both(AT, words("user:", "jdbc:oracle:", *_DATABASES)), _OTHER_USER),
)
