"""Foreign formats, one module each: they turn a decoded body into validated events."""
