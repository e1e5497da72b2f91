"""The service's own description: what its routes take and answer, written down once, and made into a document."""
