"""`searches`: what people search for, how many of them, and whether they find it.

A *search* is an event `search` unless the same user's next one comes within 10 seconds and one of the two terms begins
with the other: typing is one search, for the last that was typed. The term is the subject in lower case, without white
space (in Unicode's sense) around it. *No results*: the search's value is 0; an absent one is not. *Click-through*: the
share of the searches which a `discover` of the same user follows within 5 minutes and before that user's next search.
*Average rank*: the mean value of those; null where there is none, or no number holds it.

A search without a user counts by itself, as no user. What lies outside of the period, or does not fulfil a filter, was
not there: neither as the rest of a word, nor as what was found. Of a user's events at one moment, searches come
before what was found, in the order of their terms and values.
"""

from insights_backend.reports.answer import Answer, Sources, ranked
from insights_backend.reports.query import USERS, ReportQuery

# A user's steps in their order, each (moment, whether it is a discover, term, value); `following` is the search after
# each. What is left of them, cut before each search, are runs of a search and what was found. An absent value is NaN,
# since arrays are gathered without nulls.
RUNS = """
SELECT userKey, arrayJoin(arraySplit(step -> NOT step.2, arrayFilter((step, next) ->
    step.2 OR userKey = 0 OR NOT (next.1 BETWEEN step.1 AND step.1 + 10000
        AND (startsWith(next.3, step.3) OR startsWith(step.3, next.3))), steps, following))) AS run
FROM (
    SELECT userKey, arraySort(arrayZip(
            groupArray(toUnixTimestamp64Milli(time)), groupArray(action = 'discover'),
            groupArray(term), groupArray(ifNull(value, nan)))) AS steps,
        arrayReverseFill(step -> NOT step.2, arrayShiftLeft(steps, 1)) AS following
    FROM {table}
    WHERE (action = 'search' OR (action = 'discover' AND userKey != 0)) AND {where}
    GROUP BY userKey)
"""
"""SQL: each search that counts, as `run[1]`, and what its user did until the next; of a `table` and `where`."""

_SQL = """
SELECT term, count() AS searches, {users} AS users, countIf(results = 0) AS noResults,
    countIf(notEmpty(found)) / searches AS clickThrough,
    ifNotFinite(avgArray(arrayFilter(rank -> isFinite(rank), found.4)), NULL) AS averageRank, count() OVER () AS total
FROM (
    SELECT userKey, run[1].3 AS term, run[1].4 AS results,
        arrayFilter(step -> step.2 AND step.1 <= run[1].1 + 300000, run) AS found
    FROM ({runs})
    WHERE NOT run[1].2)
GROUP BY term ORDER BY searches DESC, term LIMIT {{limit:UInt32}}
"""


def report(sources: Sources, query: ReportQuery) -> Answer:
    """Answer with a row a term, the most searched first."""
    runs = RUNS.format(table=query.table("search"), where=query.where())
    return ranked(sources, query, _SQL.format(users=USERS, runs=runs))
