"""What a simulated host is and does: rules, filters, traffic, records, tasks, and the truth."""
