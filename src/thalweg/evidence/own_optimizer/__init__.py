"""Is a learner's own optimizer right, and if not, what is the mistake?

    check.py      the answer: check_optimizer(Adam) -> OptimizerCheck
    reading/      how the class or function wants to be called: containers, hyperparameters, state
    laws/         what holds for every optimizer: no leaks, no mixing, shapes, resuming
    catalogue/    update rules as lines of text: the accepted forms, known mistakes, and every one-term change
    case.py       what the learner's code did on two probes
    fingerprint.py  whose path is it? Against all of these, to rounding

A mistake is named only where the learner's path is, to rounding, the path of the rule with that one mistake.
Otherwise the first difference is reported.
"""
