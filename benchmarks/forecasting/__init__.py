"""What the forecast is measured on and against; `python -m benchmarks.forecast` runs it."""
