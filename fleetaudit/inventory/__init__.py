"""Ansible's inventory, read as Ansible reads it: hosts and how to reach them."""
