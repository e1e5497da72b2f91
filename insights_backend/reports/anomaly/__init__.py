"""What the report `anomalies` is made of: series of days, what is usual of them, and who moved what is not."""
