"""Right optimizers as classes, as in courses and libraries: which rule each is, and its text."""

LIBRARY_CLASSES = {
    "layers, with hooks around": (
        "adam",
        """
class Optimizer_Adam:
    def __init__(self, learning_rate=0.001, decay=0., epsilon=1e-7, beta_1=0.9, beta_2=0.999):
        self.learning_rate = learning_rate
        self.current_learning_rate = learning_rate
        self.decay = decay
        self.iterations = 0
        self.epsilon = epsilon
        self.beta_1 = beta_1
        self.beta_2 = beta_2
    def pre_update_params(self):
        if self.decay:
            self.current_learning_rate = self.learning_rate * (1. / (1. + self.decay * self.iterations))
    def update_params(self, layer):
        if not hasattr(layer, 'weight_cache'):
            layer.weight_momentums = np.zeros_like(layer.weights)
            layer.weight_cache = np.zeros_like(layer.weights)
            layer.bias_momentums = np.zeros_like(layer.biases)
            layer.bias_cache = np.zeros_like(layer.biases)
        layer.weight_momentums = self.beta_1 * layer.weight_momentums + (1 - self.beta_1) * layer.dweights
        layer.bias_momentums = self.beta_1 * layer.bias_momentums + (1 - self.beta_1) * layer.dbiases
        wmc = layer.weight_momentums / (1 - self.beta_1 ** (self.iterations + 1))
        bmc = layer.bias_momentums / (1 - self.beta_1 ** (self.iterations + 1))
        layer.weight_cache = self.beta_2 * layer.weight_cache + (1 - self.beta_2) * layer.dweights**2
        layer.bias_cache = self.beta_2 * layer.bias_cache + (1 - self.beta_2) * layer.dbiases**2
        wcc = layer.weight_cache / (1 - self.beta_2 ** (self.iterations + 1))
        bcc = layer.bias_cache / (1 - self.beta_2 ** (self.iterations + 1))
        layer.weights += -self.current_learning_rate * wmc / (np.sqrt(wcc) + self.epsilon)
        layer.biases += -self.current_learning_rate * bmc / (np.sqrt(bcc) + self.epsilon)
    def post_update_params(self):
        self.iterations += 1
""",
    ),
    "pairs of gradients and variables": (
        "adam",
        """
class AdamKw:
    def __init__(self, *, learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
        self.__dict__.update(lr=learning_rate, b1=beta_1, b2=beta_2, eps=epsilon, t=0, slots={})
    def apply_gradients(self, grads_and_vars):
        self.t += 1
        for j, (g, v) in enumerate(grads_and_vars):
            m, s = self.slots.get(j, (np.zeros_like(v), np.zeros_like(v)))
            m = self.b1*m + (1-self.b1)*g
            s = self.b2*s + (1-self.b2)*np.square(g)
            self.slots[j] = (m, s)
            v -= self.lr*np.sqrt(1-self.b2**self.t)/(1-self.b1**self.t)*m/(np.sqrt(s)+self.eps)
""",
    ),
    "a loop in a class": (
        "gd",
        """
class GradientDescent:
    def __init__(self, lr=0.1, n_iter=100):
        self.lr = lr; self.n_iter = n_iter
    def minimize(self, grad_fn, w0):
        w = w0.copy()
        for _ in range(self.n_iter):
            w -= self.lr * grad_fn(w)
        return w
""",
    ),
    "parameters kept by the object": (
        "adamw",
        """
class AdamW:
    def __init__(self, params, lr=1e-3, beta1=.9, beta2=.999, eps=1e-8, weight_decay=1e-2):
        self.params = params
        self.lr, self.b1, self.b2, self.eps, self.wd = lr, beta1, beta2, eps, weight_decay
        self.m = {k: np.zeros_like(p) for k, p in params.items()}
        self.v = {k: np.zeros_like(p) for k, p in params.items()}
        self.t = 0
    def step(self, grads):
        self.t += 1
        for k in self.params:
            g = grads[k]
            self.m[k] += (1-self.b1)*(g-self.m[k])
            self.v[k] += (1-self.b2)*(g*g-self.v[k])
            self.params[k] -= self.lr*self.wd*self.params[k]
            self.params[k] -= self.lr*(self.m[k]/(1-self.b1**self.t))/(np.sqrt(self.v[k]/(1-self.b2**self.t))+self.eps)
""",
    ),
    "biases free of decay": (
        "adamw",
        """
class AdamW:
    def __init__(self, lr=1e-3, betas=(.9,.999), eps=1e-8, weight_decay=1e-2):
        self.lr, self.betas, self.eps, self.wd = lr, betas, eps, weight_decay
        self.m = {}; self.v = {}; self.t = 0
    def step(self, params, grads):
        self.t += 1
        b1, b2 = self.betas
        for k, p in params.items():
            g = grads[k]
            self.m[k] = b1*self.m.get(k, 0)+(1-b1)*g
            self.v[k] = b2*self.v.get(k, 0)+(1-b2)*g*g
            if not k.startswith("b"):
                p *= 1 - self.lr*self.wd
            p -= self.lr*(self.m[k]/(1-b1**self.t))/(np.sqrt(self.v[k]/(1-b2**self.t))+self.eps)
""",
    ),
    "a method that looks ahead": (
        "nesterov",
        """
class NAG:
    def __init__(self, lr=0.1, mu=0.9): self.lr, self.mu, self.v = lr, mu, None
    def lookahead(self, params):
        if self.v is None: self.v = [np.zeros_like(p) for p in params]
        return [p + self.mu*v for p, v in zip(params, self.v)]
    def step(self, params, grads):
        for i, g in enumerate(grads):
            self.v[i] = self.mu*self.v[i] - self.lr*g
            params[i] += self.v[i]
""",
    ),
    "two sequences of points": (
        "nesterov",
        """
class Nesterov:
    def __init__(self, lr=0.1, beta=0.9): self.lr, self.beta, self.y = lr, beta, None
    def step(self, w, g):
        if self.y is None: self.y = w.copy()
        y = w - self.lr*g
        w = y + self.beta*(y - self.y)
        self.y = y
        return w
""",
    ),
    "an inherited step": (
        "momentum",
        """
class Base:
    def __init__(self, lr): self.lr = lr
    def step(self, params, grads):
        for k in params: params[k] = self.update(k, params[k], grads[k])
class Momentum(Base):
    def __init__(self, lr=.1, beta=.9):
        super().__init__(lr); self.beta = beta; self.v = {}
    def update(self, k, w, g):
        self.v[k] = self.beta*self.v.get(k, np.zeros_like(w)) + g
        return w - self.lr*self.v[k]
""",
    ),
    "out= in NumPy": (
        "rmsprop",
        """
class RMSProp:
    def __init__(self, lr=1e-3, rho=.9, eps=1e-8): self.lr=lr; self.rho=rho; self.eps=eps; self.s=None
    def step(self, params, grads):
        if self.s is None: self.s=[np.zeros_like(p) for p in params]
        for s,p,g in zip(self.s,params,grads):
            np.multiply(s, self.rho, out=s); s += (1-self.rho)*np.square(g)
            np.subtract(p, self.lr*g/(np.sqrt(s)+self.eps), out=p)
        return params
""",
    ),
    "powers of beta kept": (
        "adam",
        """
class Adam:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.state = {}
        self.beta1_power = 1.0; self.beta2_power = 1.0
    def step(self, params, grads):
        self.beta1_power *= self.beta1; self.beta2_power *= self.beta2
        for i, (p, g) in enumerate(zip(params, grads)):
            m, v = self.state.setdefault(i, [np.zeros_like(p), np.zeros_like(p)])
            m[...] = self.beta1*m + (1-self.beta1)*g
            v[...] = self.beta2*v + (1-self.beta2)*g*g
            p -= self.lr*(m/(1-self.beta1_power))/(np.sqrt(v/(1-self.beta2_power))+self.eps)
""",
    ),
    "flags in a NumPy SGD": (
        "momentum",
        """
class SGD:
    def __init__(self, lr=.1, momentum=0.0, nesterov=False):
        self.lr, self.mu, self.nesterov, self.v = lr, momentum, nesterov, {}
    def step(self, params, grads):
        for k in params:
            self.v[k] = self.mu*self.v.get(k,0)+grads[k]
            d = grads[k]+self.mu*self.v[k] if self.nesterov else self.v[k]
            params[k] = params[k]-self.lr*d
""",
    ),
    "a model with params and grads": (
        "gd",
        """
class GD:
    def __init__(self, lr=.1): self.lr = lr
    def step(self, model):
        for k in model.params:
            model.params[k] -= self.lr*model.grads[k]
""",
    ),
    "memory made at the first step": (
        "momentum",
        """
class Momentum:
    def __init__(self, lr=.1, momentum=.9): self.lr=lr; self.momentum=momentum
    def step(self, w, dw):
        if not hasattr(self, 'v'): self.v = np.zeros_like(w)
        self.v = self.momentum*self.v - self.lr*dw
        w += self.v
        return w
""",
    ),
    "dW beside W": (
        "rmsprop",
        """
class RMSProp:
    def __init__(self, lr=.01, beta=.9, epsilon=1e-8): self.lr=lr; self.beta=beta; self.epsilon=epsilon; self.S={}
    def update(self, params, grads):
        for key in params:
            g = grads['d'+key]
            self.S[key] = self.beta*self.S.get(key,0)+(1-self.beta)*g**2
            params[key] = params[key]-self.lr*g/(np.sqrt(self.S[key])+self.epsilon)
        return params
""",
    ),
    "a penalty by default": (
        "adam",
        """
class Adam:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, amsgrad=False):
        self.lr, self.beta1, self.beta2, self.eps, self.wd = lr, beta1, beta2, eps, weight_decay
        self.m, self.v, self.t = 0, 0, 0
    def step(self, w, g):
        g = g + self.wd*w
        self.t += 1
        self.m = self.beta1*self.m + (1-self.beta1)*g
        self.v = self.beta2*self.v + (1-self.beta2)*g**2
        return w - self.lr*(self.m/(1-self.beta1**self.t))/(np.sqrt(self.v/(1-self.beta2**self.t))+self.eps)
""",
    ),
}
