"""Why it did what it did: functions of Specs and Runs."""
