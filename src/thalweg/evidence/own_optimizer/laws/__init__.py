"""What holds for every optimizer, whatever its rule: checked by comparing runs of the learner's code with each other."""
