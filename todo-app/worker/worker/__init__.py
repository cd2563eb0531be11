"""The todo application's worker."""
