"""What the agent does on GitHub: finds a repository, pushes a branch and opens a pull request. Imported when needed."""
