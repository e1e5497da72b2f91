"""The gate by google-re2, whose time is linear in a text whatever that holds.

It looks for what the other gate does not let pass; its expressions cannot look around, and need not here.
"""

import re2

from insights_backend.enrichment.detectors.gate import SEAM, STARTS, WORD, names_a_secret

_SOMETHING = re2.compile(
    rf"[^{SEAM}A-Za-z0-9:-]|--|-[uU][ +=]|:[^:]{{0,4}}:|\"[ +]?:"
    rf"|[A-Za-z0-9]{{{WORD + 1}}}|(?:\d\D*){{7}}"
    rf"|(?:\A|[^A-Za-z0-9])(?:{'|'.join(STARTS.values())})"
)


def is_plain(text: str) -> bool:
    """Be a gate such as the other one; what cannot be UTF-8 is not plain."""
    try:
        return _SOMETHING.search(text) is None and not names_a_secret(text)
    except UnicodeEncodeError:
        return False
