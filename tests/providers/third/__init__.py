"""A third provider, to show that one is a package: nothing in `webapp` knows of it before `catalogue.load`."""
