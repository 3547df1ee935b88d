"""Mistakes in the weight decay of AdamW. How a block is read is said in known.py."""

DECOUPLED = """
# the decay is not multiplied by lr (the paper has a schedule multiplier there, PyTorch has lr)
w = w - lr * m_hat / (sqrt(v_hat) + eps) - decay * w

# the decay is an L2 penalty in the gradient, not decoupled from the moments
g = grad(w) + decay * w
w = w - lr * m_hat / (sqrt(v_hat) + eps)

# the decay is an L2 penalty in the gradient, not decoupled from the moments, and eps is inside the root
g = grad(w) + decay * w
w = w - lr * m_hat / sqrt(v_hat + eps)

# the decay is an L2 penalty in the gradient with the factor 2, not decoupled from the moments
g = grad(w) + 2 * decay * w
w = w - lr * m_hat / (sqrt(v_hat) + eps)

# the decay is an L2 penalty in the gradient as well as decoupled
g = grad(w) + decay * w

# the decay goes into the first moment
m = beta1 * m + (1 - beta1) * (g + decay * w)
w = w - lr * m_hat / (sqrt(v_hat) + eps)

# the decay is an L1 penalty: the sign of w is used
w = w - lr * (m_hat / (sqrt(v_hat) + eps) + decay * sign(w))

# the decay is divided by the root of v, too
w = w - lr * (m_hat + decay * w) / (sqrt(v_hat) + eps)

# the decay is divided by the root of v, too
w = w - lr * (m_hat / (sqrt(v_hat) + eps) + decay * w / (sqrt(v_hat) + eps))

# the decay makes the weights grow: its sign is wrong
w = w - lr * (m_hat / (sqrt(v_hat) + eps) - decay * w)

# the decay makes the weights grow: its sign is wrong
w = w - lr * m_hat / (sqrt(v_hat) + eps) + decay * w

# the decay is multiplied by lr twice
w = w - lr * (m_hat / (sqrt(v_hat) + eps) + lr * decay * w)

# the decay is applied twice
w = w - lr * (m_hat / (sqrt(v_hat) + eps) + 2 * decay * w)

# the decay is applied to the gradient instead of the weights
w = w - lr * (m_hat / (sqrt(v_hat) + eps) + decay * g)

# the decay does not use the weights: a constant is subtracted
w = w - lr * (m_hat / (sqrt(v_hat) + eps) + decay)

# the weights are multiplied by the decay instead of by 1 - lr * decay
u = w * decay

# the weights are multiplied by lr * decay instead of by 1 - lr * decay
u = w * lr * decay

# the weights are divided by 1 - lr * decay
u = w / (1 - lr * decay)
"""

DECOUPLED_FIRST = """
# the decay is not multiplied by lr (the paper has a schedule multiplier there, PyTorch has lr)
where u = w * (1 - lr * decay)
u = w * (1 - decay)

# the decay is not multiplied by lr (the paper has a schedule multiplier there, PyTorch has lr)
where u = w - lr * decay * w
u = w - decay * w

# the decay is not multiplied by lr (the paper has a schedule multiplier there, PyTorch has lr)
where w = u - lr * decay * u
w = u - decay * u
"""
