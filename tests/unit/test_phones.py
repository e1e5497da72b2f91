"""Which ways of writing a telephone number are known, and which numbers are none."""

import pytest

from insights_backend.enrichment.scanner import Scanner

NUMBERS = [
    # international, with and without seams, an extension, or what is dialled for a plus
    "+12125550142", "+1 415-555-0173 ext. 42", "+1-555-123-4567 x123", "+49 (0)89 1234 5678", "+44 20 7946 0958",
    "+81-3-1234-5678", "0049 171 1234567", "00353 87 123 4567", "011 44 20 7946 0958",
    # the same without a blank, of mobile telephones
    "004915112345678", "00491711234567", "00447700900123", "0033612345678", "0049171 1234567", "0049-171-1234567",
    "0041791234567", "00919876543210", "00971501234567",
    # North America
    "(212) 555-0142", "(555)123-4567", "1 (555) 123-4567", "1-212-555-0142", "1-800-666-4800", "001-555-123-4567",
    "555-123-4567", "555.123.4567", "555 123 4567", "123-456-7890", "555-123-4567x89",
    # an area code in brackets
    "(02) 9374 4000", "(0171) 1234567", "(11) 98765-4321", "(2) 2123 4567", "(0406)-812415", "(97)/869-0736",
    "(351) 277 835 337",
    # the zero of a long-distance call
    "01 23 45 67 89", "06.12.34.56.78", "06-12345678", "0612345678", "020 7946 0123", "07911 123456", "089 / 123456",
    "0171/1234567", "0475/12 34 56", "030 - 1234567", "044 668 18 00", "070-123 45 67", "0121 234 567",
    "0 532 123 45 67", "0 2345 6789", "0812-3456-7890", "06-3/740 6812", "090-1234-5678", "010-2340-5670",
    # Russia, China, Brazil, India, Hungary
    "8 (912) 345-67-89", "8-912-345-67-89", "495-123-45-67", "138 1234 5678", "11 98765-4321", "11 4321-1234",
    "98765 43210", "25/851-7812",
    # groups apart by blanks, and nothing before
    "22 83 03 88", "612 345 678", "406 12 345", "22 123 45 67", "980 63 60", "316 508 89 95", "9 1234 5678",
    "55 1234 5678", "212 555 1234", "612 678 934", "22 45 67 89", "1300 123 456", "57 328 353 37 40", "7 495 123 4567",
]  # fmt: skip

IN_TEXTS = [
    ("call 5551234567 now", "call [phone] now"),
    ("call us on 555-1234", "call us on [phone]"),
    ("Phone # 555-1234", "Phone # [phone]"),
    ("tel:555-0142", "tel:[phone]"),
    ("Tel 22334455", "Tel [phone]"),
    ("Tel. 5550173", "Tel. [phone]"),
    ("Teléfono: 612345678", "Teléfono: [phone]"),
    ('{"homePhone":"5551234567"}', '{"homePhone":"[phone]"}'),
    ("phoneNumber=491511234567&x=1", "phoneNumber=[phone]&x=1"),
    ("hotline 2025551234", "hotline [phone]"),
    ("phone 2015551234", "phone [phone]"),
    ("電話: 312345678", "電話: [phone]"),
]

OTHER_NUMBERS = [
    # what is round or counts up, and colours
    "100-200-3000", "400-300-4000", "10 20 30 40", "1-2-3-4-5-6-7-8", "rgb 255 165 100", "0 0 24 24",
    # versions, statuses, sizes and ports side by side
    "Node 18 20 22 24", "java 17 21 23 24", "postgres 13 14 15 16", "iOS 15 16 17 18", "12 13 14 15", "12 14 16 18 20",
    "502 503 504", "status 429 500 503", "404 500 502", "200 301 404", "python 311 312 313", "701 702 703",
    "512 1024 2048", "256 512 1024", "320 768 1024", "80 443 8080", "443 8443 9443", "65535 65536",
    "/search?query=502+503+504",
    # dates and times, with thousands apart, in degrees
    "2024-01-15 10:20:30", "15 01 2024 1020", "01 02 2024 1030", "01/02/2024 1234", "2024 01 15 1020",
    "(2024) 12345678", "1 234 567", "12 345 678", "1 234 567 890", "1.234.567,89", "48.8566 2.3522",
    "0.123 0.456 0.789",
    # ids: bare, with zeros before, of books, orders, parts, articles
    "5551234567", "13812345678", "1705312830123", "0000012345", "0123456789", "0306406152", "978-3-16-148410-0",
    "0-306-40615-2", "1234-5678-9012", "112-1234567-1234567", "12-3456789", "03502-27693", "1234 5678",
    "8080 8443 9090", "order 0612345678", "Ticket: 212-555-0142", "SKU 123-456-7890", "id=0612345678",
    "build 0612345678",
    # ids that are padded to a length
    "00123456789012", "00000491512345", "0045001234", "004930123456", "/materials/004915112345678", "id 00447700900123",
    "0049151123456789012",
    # of code and of machines
    "f(212) 555-0142", "0x0712345678", "v1.234.5678", "10-20-30-40", "+48.8566140", "web-212-555-0142",
    "RFC 2119 8174", "1920 1080 60",
    # what a word that says so stands before, and is none
    "last call 1705312830", "call 1705312830123", "tel 10.1.2.3", "mobile 20240115", "phone 7", "fax 2024-01-15",
    "phone 5550173", "call. 5550173",
    "phone verification api", "callback 1234567",
    "/contact/5551234567", "contact=12345678",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_a_telephone_number_is_found_whole(number: str) -> None:
    clean = Scanner(None).clean
    assert [clean(number), clean(f"ask ({number}), then")] == ["[phone]", "ask ([phone]), then"]


@pytest.mark.parametrize(("text", "expected"), IN_TEXTS, ids=[text for text, _ in IN_TEXTS])
def test_a_number_after_a_word_that_says_so_is_found(text: str, expected: str) -> None:
    assert Scanner(None).clean(text) == expected


@pytest.mark.parametrize("text", OTHER_NUMBERS)
def test_other_numbers_are_no_telephone_numbers(text: str) -> None:
    assert "phone" not in {found.label for found in Scanner(None).findings(text)}
