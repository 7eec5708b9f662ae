"""Airflow: the only package that knows it."""
