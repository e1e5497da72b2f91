"""What a request is known by: taken from its headers, told in its answer, and to whom we ask meanwhile."""

import re
from random import getrandbits

from flask import Blueprint, Flask, Response, request

from insights_backend import correlation
from insights_backend.correlation import Correlation

# A UUID, with or without its dashes, as proxies make them: of anything longer than that nobody could say that it holds
# no personal data.
_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)

# W3C, "Trace Context", sections 3.2.2 and 3.2.2.3: neither the trace nor its parent is all zeros.
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def correlate(site: Flask | Blueprint) -> None:
    """Have the requests of a site known by their `X-Request-Id` and `traceparent`, or by an id of our own."""

    @site.before_request
    def begin() -> None:
        asked, parent = request.headers.get("X-Request-Id", ""), request.headers.get("traceparent", "")
        correlation.begin(
            Correlation(
                asked if _ID.fullmatch(asked) else f"{getrandbits(128):032x}",
                parent if _TRACEPARENT.fullmatch(parent) else None,
            )
        )

    @site.after_request
    def tell(response: Response) -> Response:
        if known := correlation.current():
            response.headers["X-Request-Id"] = known.request_id
        return response

    @site.teardown_request
    def end(_: BaseException | None) -> None:
        correlation.end()
