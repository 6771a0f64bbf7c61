"""What it costs: each benchmark is `python -m benchmarks.NAME [--quick]`, and prints a table."""
