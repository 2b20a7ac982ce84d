"""What every screen is made of: layout, lists, cells, forms, and the actions of a form."""
