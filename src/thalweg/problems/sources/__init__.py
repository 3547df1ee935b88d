"""From what the user named — a file, several, a database, a query, a frame — to a table of typed columns."""
