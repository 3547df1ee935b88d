"""What is in a table, and what thalweg would do with it, as plain data.

    reading → columns (column, numbers, levels, outliers) ┐
              rows, gaps, together, order                 ├→ findings, by weight
    target  → scores → leaks; plan                        ┘

`profile` in profile.py does it all; each other file answers one question.
"""
