"""A made-up portal history, to look at reports with: nobody in it exists, and the same seed makes the same bytes."""
