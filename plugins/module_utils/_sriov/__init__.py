"""The collection below Ansible: nothing here imports ansible."""
