"""What people and schedulers put into the log: what is due, what was decided, erased, changed, held."""
