"""Break-and-fix labs from the fault catalogue."""
