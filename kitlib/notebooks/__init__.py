"""Notebooks held to what they show: a pytest plugin, a refresh, and a lint.

With kitlib installed, any project's notebooks are tested by

    pytest --kit-notebooks notebooks/                # add -n 4 to run several notebooks side by side

Each code cell is a test named after the cell's id. A notebook is run in a kernel of its own, in its folder,
until its first failure; the cells after it are skipped. What fails says notebook, cell and reason:

* a cell that raises, or does not end within `--kit-cell-timeout` seconds (a cell's own limit stands in its
  metadata: `{"kit": {"timeout": 300}}`);
* a kernel that dies, seen within about a second;
* the output of a cell tagged `nbval-check-output`, when it differs from the saved one, or none is saved.

Ages, times, UIDs, addresses, ports, hashes in names and the like are left out of the comparison:
kitlib/notebooks/stable.py. More patterns come from a file, in nbval's format: `--nbval-sanitize-with FILE`.
`--kit-namespaces` gives each notebook a namespace of its own in kit's cluster, as KIT_NAMESPACE and
KIT_LESSON_NAMESPACE, and removes it afterwards. `--junitxml` carries the differences.

`kit notebooks refresh` runs notebooks and saves the outputs of the tagged cells, and no others; where an
output is the same but for what is left out, the saved one stays, so that a second run changes nothing.
`kit notebooks lint` reads notebooks without running them.
"""
