"""Commands about how the desk is set up."""
