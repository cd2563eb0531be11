"""What the runbooks do: decisions and changes as small functions that need no notebook.

A function that decides returns plain data, which a runbook keeps in its plan; a function that changes takes
that data and sends one deterministic request. Neither knows of runbooks.
"""
