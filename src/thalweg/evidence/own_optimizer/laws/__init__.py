"""What holds for every optimizer, whatever its rule: runs of the learner's code are compared with each other."""
