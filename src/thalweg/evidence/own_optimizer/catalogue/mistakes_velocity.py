"""Mistakes in momentum and Nesterov. How a block is read is said in known.py."""

PLAIN = """
# weights and gradient are exchanged
w = g - lr * w
"""

VELOCITY = """
# the velocity starts at 1 instead of 0
start v = 1

# the velocity starts at the weights instead of 0
start v = w

# beta shrinks with every step: its power of t is used
every beta: beta**k

# beta is squared
every beta: beta * beta

# the velocity is kept with the rate in it
where w = w - lr * v
then v = lr * v
"""

AVERAGE = """
where v = beta * v + (1 - beta) * g

# beta and 1 - beta are exchanged
v = (1 - beta) * v + beta * g

# the old velocity is forgotten
v = (1 - beta) * g

# beta is missing: the velocity never fades
v = v + (1 - beta) * g

# beta and 1 - beta are both missing: the velocity never fades
v = v + g

# the gradient is subtracted from the velocity instead of added, so that the step goes uphill
where w = w - lr * v
v = beta * v - (1 - beta) * g

# the gradient is subtracted from the velocity instead of added
v = beta * v - (1 - beta) * g

# the square of the gradient is remembered instead of the gradient
v = beta * v + (1 - beta) * g**2

# beta multiplies both the old velocity and the gradient
v = beta * v + beta * g
"""

SUM = """
where v = beta * v + g

# the old velocity is multiplied by 1 - beta instead of beta
v = (1 - beta) * v + g

# the old velocity is forgotten
v = g

# beta is missing: the velocity never fades
v = v + g

# beta multiplies the gradient instead of the old velocity
v = v + beta * g

# beta multiplies both the old velocity and the gradient
v = beta * (v + g)

# the gradient is subtracted from the velocity instead of added, so that the step goes uphill
where w = w - lr * v
v = beta * v - g

# the gradient is subtracted from the velocity instead of added
v = beta * v - g

# the square of the gradient is remembered instead of the gradient
v = beta * v + g**2
"""

RATE_INSIDE = """
where v = beta * v - lr * g

# the old velocity is forgotten
v = -lr * g

# beta is missing: the velocity never fades
v = v - lr * g

# beta multiplies the gradient instead of the old velocity
v = v - beta * g

# beta multiplies both the old velocity and the gradient
v = beta * (v - lr * g)

# lr is missing in the velocity
v = beta * v - g

# the gradient is added to the velocity instead of subtracted, so that the step goes uphill
where w = w + v
v = beta * v + lr * g

# the gradient is added to the velocity instead of subtracted
v = beta * v + lr * g

# the gradient is scaled by 1 - beta, as in the moving average, and by lr
v = beta * v - (1 - beta) * lr * g

# lr multiplies the old velocity, too
v = lr * (beta * v - g)
"""

MOMENTUM = """
where w = w - lr * v

# beta is applied twice
w = w - lr * beta * v

# the velocity of the step before is used
w = w - lr * v_old

# the velocity is not used
w = w - lr * g

# the gradient is added to the velocity once more
w = w - lr * (g + v)

# the weights are moved before the velocity is renewed, and with the gradient
w = w - lr * (v_old + g)
"""

RATE_INSIDE_STEP = """
where w = w + v

# lr is used twice, in the velocity and in the step
w = w + lr * v

# the velocity is subtracted instead of added, so that the step goes uphill
w = w - v

# the velocity of the step before is used
w = w + v_old

# beta is applied twice
w = w + beta * v

# the gradient is used once more beside the velocity
w = w + v - lr * g
"""

NESTEROV_SUM = """
where v = beta * v + g
where w = w - lr * (g + beta * v)

# beta is missing in the look-ahead
w = w - lr * (g + v)

# the look-ahead goes backwards
w = w - lr * (g - beta * v)

# the gradient is missing beside the velocity
w = w - lr * beta * v

# the gradient and the velocity are both scaled by beta
w = w - lr * beta * (g + v)

# the look-ahead is done twice
w = w - lr * (g + beta * (g + beta * v))
"""

NESTEROV_AVERAGE = """
where v = beta * v + (1 - beta) * g
where w = w - lr * ((1 - beta) * g + beta * v)

# the gradient is not scaled by 1 - beta as in the velocity
w = w - lr * (g + beta * v)

# beta is missing in the look-ahead
w = w - lr * ((1 - beta) * g + v)

# the look-ahead goes backwards
w = w - lr * ((1 - beta) * g - beta * v)

# the gradient is missing beside the velocity
w = w - lr * beta * v

# beta and 1 - beta are exchanged in the look-ahead
w = w - lr * (beta * g + (1 - beta) * v)
"""

LOOK_AHEAD = """
where g = grad(w - lr * beta * v)

# the look-ahead has no lr
g = grad(w - beta * v)

# the look-ahead has no beta
g = grad(w - lr * v)

# the look-ahead has neither lr nor beta
g = grad(w - v)

# the look-ahead goes backwards
g = grad(w + lr * beta * v)

# the look-ahead is done twice, for the gradient and in the step
w = w - lr * (g + beta * v)

# the step starts from the look-ahead point instead of w
w = w - lr * beta * v_old - lr * v

# the gradient is taken at beta * w
g = grad(beta * w)

# the gradient is taken at the velocity instead of ahead of w
g = grad(v)
"""

LOOK_AHEAD_RATE_INSIDE = """
where g = grad(w + beta * v)

# the look-ahead goes backwards
g = grad(w - beta * v)

# the look-ahead has no beta
g = grad(w + v)

# the look-ahead has an lr too many
g = grad(w + lr * beta * v)

# the look-ahead has lr instead of beta
g = grad(w + lr * v)

# the look-ahead is done twice, for the gradient and in the step
w = w + beta * v - lr * g

# the step starts from the look-ahead point instead of w
w = w + beta * v_old + v

# the step adds beta times the velocity once more
w = w + beta * v + v

# the velocity is subtracted instead of added, so that the step goes uphill
w = w - v
"""

NESTEROV = (NESTEROV_SUM, NESTEROV_AVERAGE, LOOK_AHEAD, LOOK_AHEAD_RATE_INSIDE)
VELOCITIES = (AVERAGE, SUM, RATE_INSIDE, VELOCITY)
