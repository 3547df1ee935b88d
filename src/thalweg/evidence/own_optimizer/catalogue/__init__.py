"""Update rules as lines of text, which can be run, shown to a learner, and changed one term at a time."""
