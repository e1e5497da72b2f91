"""Formats, one module each: `native` and `batch` are ours, and validate; others make documents of ours of a body."""
