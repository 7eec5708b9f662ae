"""What an audit is told: the model, its archive, its columns, its thresholds and its windows."""
