"""Mistakes that can be made in every rule. How a block is read is said in known.py."""

ANY = """
# the step goes uphill: its sign is wrong
g = -grad(w)

# the step goes uphill: its sign is wrong
every lr: -lr

# lr is missing
every lr: 1

# lr is used twice
every lr: lr * lr

# lr divides instead of multiplying
every lr: 1 / lr

# every step is twice as long as it should be
every lr: 2 * lr

# every step is half as long as it should be
every lr: lr / 2

# the rate is divided by the number of steps
every lr: lr / k

# the rate is divided by the root of the number of steps
every lr: lr / sqrt(k)

# the rate is divided by the number of entries of the parameter
every lr: lr / n

# the rate is multiplied by the number of entries of the parameter
every lr: lr * n

# the gradient is divided by the number of entries of the parameter
g = grad(w) / n

# the gradient is multiplied by the number of entries of the parameter
g = grad(w) * n

# the gradient is doubled
g = 2 * grad(w)

# the gradient is halved
g = grad(w) / 2

# the gradient is divided by the number of rows of the parameter
g = grad(w) / rows

# the gradient is multiplied by the number of rows of the parameter
g = grad(w) * rows

# the gradient is averaged over its first axis, as if that were the batch
g = mean_of_rows(grad(w))

# the gradient is summed over its first axis, as if that were the batch
g = mean_of_rows(grad(w)) * rows

# only the sign of the gradient is used
g = sign(grad(w))

# the absolute value of the gradient is used
g = abs(grad(w))

# the gradient is squared
g = grad(w)**2

# the gradient is divided by its norm
g = grad(w) / norm(grad(w))

# the gradient is divided by its norm plus eps
g = grad(w) / (norm(grad(w)) + eps)

# the gradient is averaged over the entries
g = mean(grad(w))

# the gradient is summed over the entries
g = total(grad(w))

# the gradient is multiplied by the weights
g = grad(w) * w

# the weights are added to the gradient
g = grad(w) + w

# the gradient is rounded to float32
g = float32(grad(w))

# the weights are rounded to float32
then w = float32(w)
"""

WITH_A_NUMBER = """
# the gradient is clipped to -C … C, which is not part of the rule
g = minimum(maximum(grad(w), -C), C)

# the gradient is clipped to the norm C, which is not part of the rule
g = grad(w) * minimum(1, C / norm(grad(w)))

# the gradient is clipped to the norm C, which is not part of the rule
g = grad(w) * minimum(1, C / (norm(grad(w)) + 1e-6))

# every step is C times as long as it should be
every lr: lr * C

# the gradient is multiplied by C
g = grad(w) * C

# lr shrinks: it is multiplied by C after every step
every lr: lr * C**(k - 1)

# lr shrinks: it is multiplied by C before every step
every lr: lr * C**k

# lr shrinks as 1 / (1 + C * t)
every lr: lr / (1 + C * k)

# lr shrinks as 1 / (1 + C * t), t from 0
every lr: lr / (1 + C * (k - 1))

# the weights decay: C * w is added to the gradient
g = grad(w) + C * w

# the weights are multiplied by C after every step
then w = w * C

# the weights are clipped to -C … C
then w = minimum(maximum(w, -C), C)
"""
