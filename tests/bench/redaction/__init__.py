"""The measurements of redaction: `make bench-redaction`."""
