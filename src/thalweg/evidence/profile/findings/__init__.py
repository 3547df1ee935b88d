"""From a profile to sentences, one file for each kind; `in_order` puts them together, the weightiest first.

Each finding is a Check with its number and what to do: "fail" keeps thalweg from learning, "warn" spoils the
answer, "notice" is worth knowing. What is in order is not mentioned.
"""
