"""The report's data and page: what scripts/make_report.py writes, from records and completions."""
