"""Right optimizers in still more styles; found_style_mistakes.py makes mistakes in them."""

from found_styles_more import MORE_STYLES

FOUND_STYLES = {
    "PyTorch's param_groups": (
        "adam",
        """
class AdamOptimizer:
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        self.param_groups = [dict(params=list(params), lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)]
        self.state = {}
    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                st = self.state.setdefault(id(p), {"step": 0, "m": np.zeros_like(p.data), "v": np.zeros_like(p.data)})
                st["step"] += 1
                grad = p.grad
                if group["weight_decay"]:
                    grad = grad + group["weight_decay"] * p.data
                st["m"] = b1 * st["m"] + (1 - b1) * grad
                st["v"] = b2 * st["v"] + (1 - b2) * grad * grad
                mhat = st["m"] / (1 - b1 ** st["step"])
                vhat = st["v"] / (1 - b2 ** st["step"])
                p.data -= group["lr"] * mhat / (np.sqrt(vhat) + group["eps"])
""",
    ),
    "a base class with slots": (
        "rmsprop",
        """
from abc import ABC, abstractmethod
class Optimizer(ABC):
    def __init__(self, learning_rate):
        self.learning_rate = learning_rate
        self.slots = {}
    def step(self, params, grads):
        return {name: self._apply(name, params[name], grads[name]) for name in params}
    @abstractmethod
    def _apply(self, name, w, g): ...
class RMSprop(Optimizer):
    def __init__(self, learning_rate=0.01, decay_rate=0.9, epsilon=1e-8):
        super().__init__(learning_rate)
        self.decay_rate, self.epsilon = decay_rate, epsilon
    def _apply(self, name, w, g):
        cache = self.slots.get(name, np.zeros_like(w))
        cache = self.decay_rate * cache + (1 - self.decay_rate) * g**2
        self.slots[name] = cache
        return w - self.learning_rate * g / (np.sqrt(cache) + self.epsilon)
""",
    ),
    "a config dictionary": (
        "momentum",
        """
def sgd_momentum(w, dw, config=None):
    if config is None:
        config = {}
    config.setdefault("learning_rate", 1e-2)
    config.setdefault("momentum", 0.9)
    v = config.get("velocity", np.zeros_like(w))
    v = config["momentum"] * v - config["learning_rate"] * dw
    next_w = w + v
    config["velocity"] = v
    return next_w, config
""",
    ),
    "init, update, get_params": (
        "momentum",
        """
def momentum(step_size=0.1, mass=0.9):
    def init(x0):
        v0 = np.zeros_like(x0)
        return x0, v0
    def update(i, g, state):
        x, velocity = state
        velocity = mass * velocity + g
        x = x - step_size * velocity
        return x, velocity
    def get_params(state):
        x, _ = state
        return x
    return init, update, get_params
""",
    ),
    "state in and out": (
        "nesterov",
        """
def nesterov_step(theta, velocity, gradient, eta=0.01, mu=0.9):
    new_velocity = mu * velocity - eta * gradient
    theta = theta - mu * velocity + (1 + mu) * new_velocity
    return theta, new_velocity
""",
    ),
    "a whole loop on a flat array": (
        "adam",
        """
def adam(grad, x, num_iters=100, step_size=0.001, b1=0.9, b2=0.999, eps=10**-8):
    m = np.zeros(len(x))
    v = np.zeros(len(x))
    for i in range(num_iters):
        g = grad(x)
        m = (1 - b1) * g + b1 * m
        v = (1 - b2) * (g**2) + b2 * v
        mhat = m / (1 - b1**(i + 1))
        vhat = v / (1 - b2**(i + 1))
        x = x - step_size * mhat / (np.sqrt(vhat) + eps)
    return x
""",
    ),
    "flat moments in place": (
        "adamw",
        """
class AdamW:
    def __init__(self, n_params, lr=3e-4, beta_1=0.9, beta_2=0.95, eps=1e-8, lam=0.1):
        self.lr = lr; self.beta_1 = beta_1; self.beta_2 = beta_2; self.eps = eps; self.lam = lam
        self.first = np.zeros(n_params); self.second = np.zeros(n_params); self.iteration = 0
    def step(self, theta, grad):
        self.iteration += 1
        self.first *= self.beta_1
        self.first += (1 - self.beta_1) * grad
        self.second *= self.beta_2
        self.second += (1 - self.beta_2) * np.multiply(grad, grad)
        first_hat = self.first / (1 - self.beta_1 ** self.iteration)
        second_hat = self.second / (1 - self.beta_2 ** self.iteration)
        theta *= 1 - self.lr * self.lam
        theta -= self.lr * first_hat / (np.sqrt(second_hat) + self.eps)
        return theta
""",
    ),
    "moments that start as 0.0": (
        "adam",
        """
import math
class Adam:
    def __init__(self, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = self.v = None
        self.t = 0
    def step(self, params, grads):
        if self.m is None:
            self.m = [0.0] * len(params)
            self.v = [0.0] * len(params)
        self.t += 1
        for i, (p, g) in enumerate(zip(params, grads)):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g ** 2
            m_hat = self.m[i] / (1 - math.pow(self.beta1, self.t))
            v_hat = self.v[i] / (1 - math.pow(self.beta2, self.t))
            params[i] = p - self.lr * m_hat / (v_hat ** 0.5 + self.eps)
        return params
""",
    ),
    "scalars with data and grad": (
        "momentum",
        """
class SGD:
    def __init__(self, parameters, learning_rate=0.1, momentum=0.9):
        self.parameters, self.learning_rate, self.momentum = parameters, learning_rate, momentum
        self.velocities = [0.0 for _ in parameters]
    def zero_grad(self):
        for p in self.parameters:
            p.grad = 0.0
    def step(self):
        for i, p in enumerate(self.parameters):
            self.velocities[i] = self.momentum * self.velocities[i] + p.grad
            p.data -= self.learning_rate * self.velocities[i]
""",
    ),
    "defaultdict and __call__": (
        "rmsprop",
        """
from collections import defaultdict
class RMSProp:
    def __init__(self, lr=0.01, gamma=0.99, epsilon=1e-6):
        self.lr = lr
        self.gamma = gamma
        self.epsilon = epsilon
        self.E = defaultdict(float)
    def __call__(self, params, grads):
        for key, grad in grads.items():
            self.E[key] = self.gamma * self.E[key] + (1.0 - self.gamma) * np.power(grad, 2)
            params[key] -= self.lr / (np.sqrt(self.E[key]) + self.epsilon) * grad
""",
    ),
    "what to add": (
        "nesterov",
        """
class NesterovMomentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr = lr
        self.momentum = momentum
        self.v = 0
    def get_update(self, grads):
        self.v = self.momentum * self.v - self.lr * grads
        return self.momentum * self.v - self.lr * grads
""",
    ),
    **MORE_STYLES,
}
