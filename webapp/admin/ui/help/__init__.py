"""Help on the pages themselves: the words of the desk, and a sentence or two about each page."""
