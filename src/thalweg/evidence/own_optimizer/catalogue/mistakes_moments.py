"""Mistakes in Adam and its kin. How a block is read is said in known.py."""

MOMENTS = """
# neither moment is bias-corrected
m_hat = m
v_hat = v

# v is not bias-corrected
v_hat = v

# m is not bias-corrected
m_hat = m

# both corrections use beta instead of beta**t
m_hat = m / (1 - beta1)
v_hat = v / (1 - beta2)

# the correction of m uses beta1 instead of beta1**t
m_hat = m / (1 - beta1)

# the correction of v uses beta2 instead of beta2**t
v_hat = v / (1 - beta2)

# the corrections are exchanged: each has the beta of the other
m_hat = m / (1 - beta2**t)
v_hat = v / (1 - beta1**t)

# both corrections use beta1
v_hat = v / (1 - beta1**t)

# both corrections use beta2
m_hat = m / (1 - beta2**t)

# both corrections multiply instead of dividing
m_hat = m * (1 - beta1**t)
v_hat = v * (1 - beta2**t)

# both corrections use beta * t instead of beta**t
m_hat = m / (1 - beta1 * t)
v_hat = v / (1 - beta2 * t)

# both corrections divide by beta**t instead of 1 - beta**t
m_hat = m / beta1**t
v_hat = v / beta2**t

# the corrected moments are kept as the moments
then m = m_hat
then v = v_hat

# the corrected first moment is kept as the moment
then m = m_hat

# the corrected second moment is kept as the moment
then v = v_hat

# beta1 and beta2 are exchanged
every beta1: beta2
every beta2: beta1

# beta1 serves for both moments
every beta2: beta1

# beta2 serves for both moments
every beta1: beta2

# beta1 and beta2 are exchanged in the moments
m = beta2 * m + (1 - beta2) * g
v = beta1 * v + (1 - beta1) * g**2

# beta and 1 - beta are exchanged in both moments
m = (1 - beta1) * m + beta1 * g
v = (1 - beta2) * v + beta2 * g**2

# beta1 and 1 - beta1 are exchanged
m = (1 - beta1) * m + beta1 * g

# beta2 and 1 - beta2 are exchanged
v = (1 - beta2) * v + beta2 * g**2

# the factors 1 - beta1 and 1 - beta2 are missing
m = beta1 * m + g
v = beta2 * v + g**2

# the factor 1 - beta1 is missing
m = beta1 * m + g

# the factor 1 - beta2 is missing
v = beta2 * v + g**2

# beta2 is missing: v never fades
v = v + g**2

# beta1 is missing: m never fades
m = m + g

# the square of m is averaged instead of that of g
v = beta2 * v + (1 - beta2) * m**2

# the square of g - m is averaged instead of that of g, as in AdaBelief
v = beta2 * v + (1 - beta2) * (g - m)**2

# the square is averaged over the entries: one rate for all
v = beta2 * v + (1 - beta2) * mean(g**2)

# the square is summed over the entries: one rate for all
v = beta2 * v + (1 - beta2) * total(g**2)

# g is not squared in v
v = beta2 * v + (1 - beta2) * g

# g is not squared in v, and the root is that of the absolute value
where w = w - lr * m_hat / (sqrt(v_hat) + eps)
v = beta2 * v + (1 - beta2) * g
w = w - lr * m_hat / (sqrt(abs(v_hat)) + eps)

# m and v are cut to whole numbers: their memory has an integer dtype
m = trunc(beta1 * m + (1 - beta1) * g)
v = trunc(beta2 * v + (1 - beta2) * g**2)

# the average itself is squared instead of the gradient
v = (beta2 * v + (1 - beta2) * g)**2

# the largest of the decayed v and |g| is kept, as in Adamax
v = maximum(beta2 * v, abs(g))

# the moments start at the first gradient and its square instead of 0
m = first(g, beta1 * m + (1 - beta1) * g)
v = first(g**2, beta2 * v + (1 - beta2) * g**2)

# m starts at the first gradient instead of 0
m = first(g, beta1 * m + (1 - beta1) * g)

# v starts at the first squared gradient instead of 0
v = first(g**2, beta2 * v + (1 - beta2) * g**2)

# m starts at 1 instead of 0
start m = 1

# v starts at 1 instead of 0
start v = 1

# v is kept as its root
then v = sqrt(v)

# t never advances: every step is corrected as the first
t = 1

# t is one too low
t = k - 1

# t is one too high
t = k + 1

# t advances twice in each step
t = 2 * k

# t advances once for each of two parameters
t = 2 * k - 1

# the moments are not kept from step to step
m = (1 - beta1) * g
v = (1 - beta2) * g**2

# nothing is kept from step to step, not even t: every step is a first step
t = 1
m = (1 - beta1) * g
v = (1 - beta2) * g**2

# m and v are one array: each overwrites the other
v = beta2 * m + (1 - beta2) * g**2
m_hat = v / (1 - beta1**t)
then m = v
"""

ADAM_STEP = """
where w = w - lr * m_hat / (sqrt(v_hat) + eps)

# the moments of the step before are used
w = w - lr * (m_old / (1 - beta1**t)) / (sqrt(v_old / (1 - beta2**t)) + eps)

# g stands where m_hat belongs
w = w - lr * g / (sqrt(v_hat) + eps)

# eps is inside the root
w = w - lr * m_hat / sqrt(v_hat + eps)

# the root is missing
w = w - lr * m_hat / (v_hat + eps)

# eps is missing
w = w - lr * m_hat / sqrt(v_hat)

# the corrections are computed but not used
w = w - lr * m / (sqrt(v) + eps)

# m is used without its correction
w = w - lr * m / (sqrt(v_hat) + eps)

# v is used without its correction
w = w - lr * m_hat / (sqrt(v) + eps)
"""

IN_THE_RATE = """
where a = lr * sqrt(1 - beta2**t) / (1 - beta1**t)

# neither moment is bias-corrected
a = lr

# v is not bias-corrected
a = lr / (1 - beta1**t)

# m is not bias-corrected
a = lr * sqrt(1 - beta2**t)

# the correction is upside down
a = lr * (1 - beta1**t) / sqrt(1 - beta2**t)

# the root of the correction of v is missing
a = lr * (1 - beta2**t) / (1 - beta1**t)

# the corrected rate is kept as lr, so that the correction piles up
then lr = a
"""

IN_BOTH = """
where d = sqrt(v) / sqrt(1 - beta2**t) + eps

# neither moment is bias-corrected
a = lr
d = sqrt(v) + eps

# m is not bias-corrected
a = lr

# v is not bias-corrected
d = sqrt(v) + eps

# the root of the correction of v is missing
d = sqrt(v) / (1 - beta2**t) + eps
"""
