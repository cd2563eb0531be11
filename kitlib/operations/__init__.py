"""What the runbooks do: each operation in a module of its own, usable and tested without a notebook.

Changes go through the verbs of Cluster, and so through the policy gate of whoever acts.
"""
