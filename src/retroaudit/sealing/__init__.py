"""What of an audit goes into the log: its plan before a row is read, its report, or that it ended without one."""
