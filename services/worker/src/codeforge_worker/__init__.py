"""The worker: claims jobs, runs their handlers, tells what happens and says how it ended."""
