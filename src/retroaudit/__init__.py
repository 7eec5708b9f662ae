"""retroaudit: batch retrospective audits of machine-learning models, on Airflow."""

__version__ = "0.1.0"
