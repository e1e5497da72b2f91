"""HTTP: decoding what comes in, and turning what the rooms below return or raise into answers."""
