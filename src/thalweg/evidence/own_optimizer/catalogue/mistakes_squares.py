"""Mistakes in RMSProp and AdaGrad. How a block is read is said in known.py."""

SQUARES = """
# rho and 1 - rho are exchanged
s = (1 - rho) * s + rho * g**2

# the factor 1 - rho is missing
s = rho * s + g**2

# the old average is forgotten
s = (1 - rho) * g**2

# the old average is forgotten
s = g**2

# rho is missing: the average never fades
s = s + (1 - rho) * g**2

# g is not squared
s = rho * s + (1 - rho) * g

# g is not squared, and the root is that of the absolute value
where w = w - lr * g / (sqrt(s) + eps)
s = rho * s + (1 - rho) * g
w = w - lr * g / (sqrt(abs(s)) + eps)

# s is cut to whole numbers: its memory has an integer dtype
s = trunc(rho * s + (1 - rho) * g**2)

# the absolute value of g stands where its square belongs
s = rho * s + (1 - rho) * abs(g)

# the square is averaged over the entries: one rate for all
s = rho * s + (1 - rho) * mean(g**2)

# the square is summed over the entries: one rate for all
s = rho * s + (1 - rho) * total(g**2)
"""

SQUARES_STEP = """
where w = w - lr * g / (sqrt(s) + eps)

# s is bias-corrected, which belongs to Adam
w = w - lr * g / (sqrt(s / (1 - rho**k)) + eps)

# s of the step before is used
w = w - lr * g / (sqrt(s_old) + eps)

# the root is missing
w = w - lr * g / (s + eps)

# eps is missing
w = w - lr * g / sqrt(s)

# the root multiplies instead of dividing
w = w - lr * g * (sqrt(s) + eps)

# s is kept as its root
then s = sqrt(s)

# s starts at 1 instead of 0
start s = 1

# s starts at the first squared gradient instead of 0
s = first(g**2, rho * s + (1 - rho) * g**2)
"""

SUMS = """
# the old sum is forgotten
s = g**2

# g is not squared
s = s + g

# the absolute value of g stands where its square belongs
s = s + abs(g)

# the square is averaged over the entries: one rate for all
s = s + mean(g**2)

# the square is summed over the entries: one rate for all
s = s + total(g**2)

# s of the step before is used
w = w - lr * g / (sqrt(s_old) + eps)

# the root is missing
w = w - lr * g / (s + eps)

# eps is missing
w = w - lr * g / sqrt(s)

# s is the mean of the squares instead of their sum
w = w - lr * g / (sqrt(s / k) + eps)

# s starts at 1 instead of 0
start s = 1
"""
