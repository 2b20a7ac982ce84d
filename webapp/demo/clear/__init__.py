"""How the demo goes, and nothing else."""
