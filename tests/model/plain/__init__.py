"""The desk in plain Python, as the product's design describes it. Nothing here knows the desk's own code."""
