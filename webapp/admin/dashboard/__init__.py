"""The first page: whether everything runs, what needs somebody, and the search."""
