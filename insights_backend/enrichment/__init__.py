"""What is added to an event before it is stored, and what is taken out of it."""
