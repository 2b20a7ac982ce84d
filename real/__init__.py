"""Real servers around the desk: started from packages, put into trouble, and asked about by the desk."""
