"""The outside: one Protocol per need, one file per company. What comes back says how sure it is."""
