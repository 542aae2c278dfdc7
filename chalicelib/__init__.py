"""Everything that is packaged for Lambda, and nothing else."""
