"""The guide: six lessons, to be read in the order of their numbers."""
