"""The models: one module per kind of specification."""
