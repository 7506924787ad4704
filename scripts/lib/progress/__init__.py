"""What a run shows on the console while it works: jobs, work left, failures, its end."""
