"""What the parts of the system rely on of each other: producer and consumer read the same files in ``golden``."""
