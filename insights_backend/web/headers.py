"""What every answer tells a browser, unless its own route says otherwise."""

from flask import Flask, Response

_HEADERS = {
    # An answer is what its type says, whatever is in it: events are written by strangers.
    "X-Content-Type-Options": "nosniff",
    # JSON and CSV load nothing, run nothing, and stand in nobody's frame (Content Security Policy Level 3).
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
}


def bind_browsers(app: Flask) -> None:
    """Give every answer of an app the headers that keep a browser from doing more with it than to show it."""

    @app.after_request
    def bind(response: Response) -> Response:
        said = {name.lower() for name, _ in response.headers}
        response.headers.extend((name, value) for name, value in _HEADERS.items() if name.lower() not in said)
        return response
