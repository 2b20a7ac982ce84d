"""Who bears what was taken back, and who gets what came back."""
