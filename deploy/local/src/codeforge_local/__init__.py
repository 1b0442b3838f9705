"""`make run`: the whole system on one machine, kept running until it is told to stop."""
