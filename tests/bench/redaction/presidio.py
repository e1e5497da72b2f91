"""Presidio's pattern recognisers, for comparison: without a language model, as the detectors here are.

Needs the extra `bench`.
"""

from collections.abc import Iterator

from tests.bench.redaction.samples import Span
from tests.bench.redaction.scoring import Find

_LABELS = {
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "ssn",
}
_REGIONS = ("US", "GB", "DE", "FR", "IN", "CA", "BR", "JP", "CN", "AU", "CH", "ES", "IT", "NL")


def finder() -> Find:
    """Make what finds as Presidio does.

    Raises:
        ImportError: it is not installed.
    """
    import tldextract  # noqa: PLC0415 - comes with it
    from presidio_analyzer import predefined_recognizers as given  # noqa: PLC0415 - an extra

    # With the list of suffixes that it has along: a measurement asks no host.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())

    recognizers = [
        given.EmailRecognizer(),
        given.PhoneRecognizer(supported_regions=_REGIONS),
        given.IpRecognizer(),
        given.CreditCardRecognizer(),
        given.IbanRecognizer(),
        given.UsSsnRecognizer(),
    ]

    def find(text: str) -> Iterator[Span]:
        for recognizer in recognizers:
            for result in recognizer.analyze(text, recognizer.supported_entities, None) or ():
                yield Span(_LABELS[result.entity_type], result.start, result.end)

    return find
