"""Ansible's side: options to a desired state, results to an answer."""
