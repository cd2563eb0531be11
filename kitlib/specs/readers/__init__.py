"""The readers: one module per kind of specification in Markdown, and one for those in YAML."""
