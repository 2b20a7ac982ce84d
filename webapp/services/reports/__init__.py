"""Reports of a period: their figures, their files, who is sent them, and whether they were."""
