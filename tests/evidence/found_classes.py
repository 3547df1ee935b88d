"""Right optimizers as classes, as in books, courses and libraries: which rule each is, and its text."""

CLASSES = {
    "a class for one number": (
        "adam",
        """
import math
class ScalarAdam:
    def __init__(self, lr=.1, beta1=.9, beta2=.999, eps=1e-8):
        self.lr=lr; self.b1=beta1; self.b2=beta2; self.eps=eps; self.m=0.0; self.v=0.0; self.t=0
    def step(self, x, g):
        self.t += 1
        self.m = self.b1*self.m+(1-self.b1)*g
        self.v = self.b2*self.v+(1-self.b2)*g*g
        return x - self.lr*(self.m/(1-self.b1**self.t))/(math.sqrt(self.v/(1-self.b2**self.t))+self.eps)
""",
    ),
    "a dataclass": (
        "rmsprop",
        """
from dataclasses import dataclass, field
@dataclass
class RMSProp:
    lr: float = 0.01
    rho: float = 0.9
    eps: float = 1e-8
    cache: dict = field(default_factory=dict)
    def step(self, params, grads):
        for k, g in grads.items():
            self.cache[k] = self.rho * self.cache.get(k, 0) + (1 - self.rho) * g * g
            params[k] = params[k] - self.lr * g / (np.sqrt(self.cache[k]) + self.eps)
""",
    ),
    "the rate given at each step": (
        "momentum",
        """
class Momentum:
    def __init__(self, beta=0.9):
        self.beta = beta; self.v = None
    def step(self, params, grads, lr):
        if self.v is None: self.v = [np.zeros_like(p) for p in params]
        for i in range(len(params)):
            self.v[i] = self.beta * self.v[i] + grads[i]
            params[i] -= lr * self.v[i]
""",
    ),
    "t given at each step": (
        "adam",
        """
class Adam:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = 0; self.v = 0
    def step(self, w, g, t):
        self.m = self.beta1*self.m + (1-self.beta1)*g
        self.v = self.beta2*self.v + (1-self.beta2)*g**2
        return w - self.lr*(self.m/(1-self.beta1**t))/(np.sqrt(self.v/(1-self.beta2**t))+self.eps)
""",
    ),
    "t given at each step, from 0": (
        "adam",
        """
class Adam:
    def __init__(self, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = 0; self.v = 0
    def step(self, w, g, i):
        self.m = self.beta1*self.m + (1-self.beta1)*g
        self.v = self.beta2*self.v + (1-self.beta2)*g**2
        return w - self.lr*(self.m/(1-self.beta1**(i+1)))/(np.sqrt(self.v/(1-self.beta2**(i+1)))+self.eps)
""",
    ),
    "memory made by shape": (
        "momentum",
        """
class Momentum:
    def __init__(self, shape, lr=0.1, beta=0.9):
        self.v = np.zeros(shape); self.lr = lr; self.beta = beta
    def step(self, w, g):
        self.v = self.beta*self.v + (1-self.beta)*g
        return w - self.lr*self.v
""",
    ),
    "all numbers written out": (
        "adam",
        """
class Adam:
    def __init__(self):
        self.m = None; self.t = 0
    def step(self, params, grads):
        if self.m is None:
            self.m = [0*p for p in params]; self.v = [0*p for p in params]
        self.t += 1
        for i, g in enumerate(grads):
            self.m[i] = 0.9*self.m[i] + 0.1*g
            self.v[i] = 0.999*self.v[i] + 0.001*g**2
            mh = self.m[i]/(1-0.9**self.t); vh = self.v[i]/(1-0.999**self.t)
            params[i] -= 0.01*mh/(np.sqrt(vh)+1e-8)
""",
    ),
    "settings in globals": (
        "momentum",
        """
LR = 0.05
BETA = 0.8
class MomentumOpt:
    def __init__(self): self.v = 0
    def __call__(self, w, g):
        self.v = BETA * self.v + g
        return w - LR * self.v
""",
    ),
    "settings in class attributes": (
        "rmsprop",
        """
class RMSProp:
    lr = 0.01
    decay = 0.95
    eps = 1e-6
    def __init__(self): self.s = {}
    def update(self, params, grads):
        for k in grads:
            self.s[k] = self.decay*self.s.get(k, 0) + (1-self.decay)*grads[k]**2
            params[k] -= self.lr*grads[k]/(np.sqrt(self.s[k])+self.eps)
""",
    ),
    "alpha as the weight of the new": (
        "momentum",
        """
class Momentum:
    def __init__(self, lr=0.1, alpha=0.1): self.lr = lr; self.alpha = alpha; self.v = 0
    def step(self, w, g):
        self.v = (1-self.alpha)*self.v + self.alpha*g
        return w - self.lr*self.v
""",
    ),
    "the flags of PyTorch's SGD": (
        "momentum",
        """
class SGD:
    def __init__(self, params, lr=1e-3, momentum=0, dampening=0, weight_decay=0, nesterov=False):
        self.params, self.lr, self.momentum, self.damp = params, lr, momentum, dampening
        self.wd, self.nesterov = weight_decay, nesterov
        self.buf = [None]*len(params)
    def step(self):
        for i, p in enumerate(self.params):
            d = p.grad
            if self.wd: d = d + self.wd*p.data
            if self.momentum:
                if self.buf[i] is None: self.buf[i] = d.copy()
                else: self.buf[i] = self.momentum*self.buf[i] + (1-self.damp)*d
                d = d + self.momentum*self.buf[i] if self.nesterov else self.buf[i]
            p.data -= self.lr*d
    def zero_grad(self):
        for p in self.params: p.grad = None
""",
    ),
}
