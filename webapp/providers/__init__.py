"""The outside: one Protocol per need, one package per company. What comes back says how sure it is."""
