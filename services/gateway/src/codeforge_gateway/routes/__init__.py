"""The addresses of the API, a file for each noun; ``routes(settings)`` of each lists its own."""
