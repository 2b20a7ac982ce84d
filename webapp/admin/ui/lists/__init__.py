"""Lists: their columns, filters, paging by key, cells and export, and the screens that are first of all a list."""
