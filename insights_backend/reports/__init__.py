"""The reports, one module a question. Each asks the warehouse, and shapes what it answers."""
