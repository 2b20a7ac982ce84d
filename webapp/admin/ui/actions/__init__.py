"""Actions: one method behind one form, with its confirmation, its double-submit guard and its preview."""
