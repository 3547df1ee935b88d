"""More of found_styles.py."""

MORE_STYLES = {
    "W1 beside dW1": (
        "momentum",
        """
def update_parameters_with_momentum(parameters, grads, v, beta=0.9, learning_rate=0.01):
    L = len(parameters) // 2
    for l in range(L):
        v["dW" + str(l + 1)] = beta * v["dW" + str(l + 1)] + (1 - beta) * grads["dW" + str(l + 1)]
        v["db" + str(l + 1)] = beta * v["db" + str(l + 1)] + (1 - beta) * grads["db" + str(l + 1)]
        parameters["W" + str(l + 1)] = parameters["W" + str(l + 1)] - learning_rate * v["dW" + str(l + 1)]
        parameters["b" + str(l + 1)] = parameters["b" + str(l + 1)] - learning_rate * v["db" + str(l + 1)]
    return parameters, v
""",
    ),
    "layers with biases": (
        "rmsprop",
        """
class Optimizer_RMSprop:
    def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7, rho=0.9):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self.epsilon = epsilon
        self.rho = rho
    def pre_update_params(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate * (1. / (1. + self.decay * self.iterations))
    def update_params(self, layer):
        if not hasattr(layer, "weight_cache"):
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_cache = np.zeros_like(layer.biases)
        layer.weight_cache = self.rho * layer.weight_cache + (1 - self.rho) * layer.dweights**2
        layer.bias_cache = self.rho * layer.bias_cache + (1 - self.rho) * layer.dbiases**2
        layer.weights += -self.current_learning_rate * layer.dweights / (np.sqrt(layer.weight_cache) + self.epsilon)
        layer.biases += -self.current_learning_rate * layer.dbiases / (np.sqrt(layer.bias_cache) + self.epsilon)
    def post_update_params(self):
        self.iterations += 1
""",
    ),
    "a dataclass by keyword": (
        "adamw",
        """
from dataclasses import dataclass, field
@dataclass
class Moments:
    m: np.ndarray
    v: np.ndarray
    t: int = 0
@dataclass
class AdamW:
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    weight_decay: float = 1e-2
    _state: dict = field(default_factory=dict, repr=False)
    def step(self, *, params, grads):
        for name in params:
            p, g = params[name], grads[name]
            st = self._state.get(name)
            if st is None:
                st = self._state[name] = Moments(np.zeros_like(p), np.zeros_like(p))
            st.t += 1
            st.m = self.betas[0] * st.m + (1 - self.betas[0]) * g
            st.v = self.betas[1] * st.v + (1 - self.betas[1]) * np.square(g)
            step_size = self.learning_rate / (1 - self.betas[0] ** st.t)
            denom = np.sqrt(st.v / (1 - self.betas[1] ** st.t)) + self.epsilon
            params[name] = p * (1 - self.learning_rate * self.weight_decay) - step_size * st.m / denom
        return params
""",
    ),
    "w and b by name": (
        "momentum",
        """
def momentum_update(w, b, dw, db, vw, vb, lr=0.1, beta=0.9):
    vw = beta * vw + (1 - beta) * dw
    vb = beta * vb + (1 - beta) * db
    w = w - lr * vw
    b = b - lr * vb
    return w, b, vw, vb
""",
    ),
    "dictionaries in a dictionary": (
        "gd",
        """
class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr
    def step(self, params, grads):
        for layer in params:
            for k in params[layer]:
                params[layer][k] -= self.lr * grads[layer][k]
""",
    ),
    "told the parameters by setup": (
        "momentum",
        """
class Momentum:
    def __init__(self, lr=0.01, momentum=0.9):
        self.lr, self.momentum = lr, momentum
    def setup(self, params):
        self.params = params
        self.v = [np.zeros_like(p) for p in params]
    def step(self, grads):
        for p, v, g in zip(self.params, self.v, grads):
            v *= self.momentum
            v -= self.lr * g
            p += v
""",
    ),
    "hyperparameters in a dictionary": (
        "adam",
        """
class Adam:
    def __init__(self, **hp):
        self.hp = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
        self.hp.update(hp)
        self.t = 0
        self.moments = {}
    def step(self, params, grads):
        self.t += 1
        h = self.hp
        for k in params:
            m, v = self.moments.get(k, (0, 0))
            m = h["beta1"] * m + (1 - h["beta1"]) * grads[k]
            v = h["beta2"] * v + (1 - h["beta2"]) * grads[k] ** 2
            self.moments[k] = m, v
            m_hat, v_hat = m / (1 - h["beta1"] ** self.t), v / (1 - h["beta2"] ** self.t)
            params[k] = params[k] - h["lr"] * m_hat / (v_hat**0.5 + h["eps"])
        return params
""",
    ),
    "W and b in place": (
        "gd",
        """
class SGD:
    def __init__(self, lr=0.01):
        self.lr = lr
    def update(self, W, b, grad_W, grad_b):
        W -= self.lr * grad_W
        b -= self.lr * grad_b
""",
    ),
    "a function of parameters that returns a step": (
        "adamw",
        """
def adamw(params, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01):
    m = [np.zeros_like(p) for p in params]
    v = [np.zeros_like(p) for p in params]
    t = 0
    def step(grads):
        nonlocal t
        t += 1
        for i, g in enumerate(grads):
            m[i] = beta1 * m[i] + (1 - beta1) * g
            v[i] = beta2 * v[i] + (1 - beta2) * g * g
            mh = m[i] / (1 - beta1**t)
            vh = v[i] / (1 - beta2**t)
            params[i] -= lr * (mh / (np.sqrt(vh) + eps) + weight_decay * params[i])
    return step
""",
    ),
    "with the paper's schedule multiplier": (
        "adamw",
        """
class AdamW:
    def __init__(self, alpha=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, lam=1e-2, eta=1.0):
        self.alpha, self.beta1, self.beta2, self.eps, self.lam, self.eta = alpha, beta1, beta2, eps, lam, eta
        self.m = self.v = 0.0
        self.t = 0
    def step(self, theta, g):
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        mh = self.m / (1 - self.beta1**self.t)
        vh = self.v / (1 - self.beta2**self.t)
        return theta - self.eta * (self.alpha * mh / (np.sqrt(vh) + self.eps) + self.lam * theta)
""",
    ),
    "biases without decay": (
        "adamw",
        """
class AdamW:
    def __init__(self, lr=0.001, b1=0.9, b2=0.999, eps=1e-8, weight_decay=0.01):
        self.lr, self.b1, self.b2, self.eps, self.wd = lr, b1, b2, eps, weight_decay
        self.m, self.v, self.t = {}, {}, 0
    def step(self, params, grads):
        self.t += 1
        for k, p in params.items():
            g = grads[k]
            self.m[k] = self.b1 * self.m.get(k, 0) + (1 - self.b1) * g
            self.v[k] = self.b2 * self.v.get(k, 0) + (1 - self.b2) * g**2
            wd = self.wd if p.ndim > 1 else 0
            m_hat, v_hat = self.m[k] / (1 - self.b1**self.t), self.v[k] / (1 - self.b2**self.t)
            params[k] = p - self.lr * (m_hat / (np.sqrt(v_hat) + self.eps) + wd * p)
""",
    ),
}
