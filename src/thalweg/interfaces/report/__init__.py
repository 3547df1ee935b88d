"""The report: one HTML file that opens offline, made of charts (charts/) on a page (page.py)."""
