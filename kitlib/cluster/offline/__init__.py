"""A Kubernetes of our own making, for machines that no container registry answers.

`binaries` builds the control plane from its Go modules; `images` builds the node image for kind.
"""
