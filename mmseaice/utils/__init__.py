"""What two rooms share, and nothing else."""
