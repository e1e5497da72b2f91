"""From the disk to the destination: what was accepted is kept here until it has arrived."""
