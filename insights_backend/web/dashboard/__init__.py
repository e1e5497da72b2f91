"""The dashboard: pages that a browser shows, drawn from the same reports as everything else.

A page is there at once; each of its panels is fetched by itself, as a fragment of HTML with a table, and says by itself
when it is slow, empty or failed. The script only adds to that: it draws the charts from the tables, writes numbers as
the reader's language does, and makes pictures. What a page shows stands in its address and nowhere else.
"""
