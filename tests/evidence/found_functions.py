"""Right optimizers as functions, and in PyTorch: which rule each is, and its text."""

FUNCTIONS = {
    "a function of one number": (
        "gd",
        """
def sgd(x, grad, lr=.1):
    return float(x) - lr * float(grad)
""",
    ),
    "a state that begins as None": (
        "adam",
        """
def adam(params, grads, state=None, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    if state is None:
        state = {"t": 0, **{s: {k: np.zeros_like(p) for k, p in params.items()} for s in "mv"}}
    state["t"] += 1
    t = state["t"]
    out = {}
    for k in params:
        state["m"][k] = b1 * state["m"][k] + (1 - b1) * grads[k]
        state["v"][k] = b2 * state["v"][k] + (1 - b2) * grads[k]**2
        out[k] = params[k] - lr * (state["m"][k] / (1 - b1**t)) / (np.sqrt(state["v"][k] / (1 - b2**t)) + eps)
    return out, state
""",
    ),
    "a named tuple as state": (
        "adam",
        """
from typing import NamedTuple
class AdamState(NamedTuple):
    m: object
    v: object
    t: int
def init_state(w):
    return AdamState(np.zeros_like(w), np.zeros_like(w), 0)
def adam_step(w, g, state, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    t = state.t + 1
    m = b1 * state.m + (1 - b1) * g
    v = b2 * state.v + (1 - b2) * g**2
    return w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), AdamState(m, v, t)
""",
    ),
    "a config with defaults": (
        "adam",
        """
def adam(w, dw, config=None):
    if config is None: config = {}
    config.setdefault('learning_rate', 1e-3)
    config.setdefault('beta1', 0.9)
    config.setdefault('beta2', 0.999)
    config.setdefault('epsilon', 1e-8)
    config.setdefault('m', np.zeros_like(w))
    config.setdefault('v', np.zeros_like(w))
    config.setdefault('t', 0)
    config['t'] += 1
    config['m'] = config['beta1']*config['m'] + (1-config['beta1'])*dw
    config['v'] = config['beta2']*config['v'] + (1-config['beta2'])*dw**2
    mt = config['m']/(1-config['beta1']**config['t'])
    vt = config['v']/(1-config['beta2']**config['t'])
    return w - config['learning_rate']*mt/(np.sqrt(vt)+config['epsilon']), config
""",
    ),
    "a loop that returns its history": (
        "adam",
        """
def adam_optimizer(grad_func, theta_init, alpha=0.01, beta1=0.9, beta2=0.999, eps=1e-8, num_iters=100):
    theta = np.array(theta_init, dtype=float)
    m = np.zeros_like(theta); v = np.zeros_like(theta)
    history = [theta.copy()]
    for t in range(1, num_iters + 1):
        g = grad_func(theta)
        m = beta1*m + (1-beta1)*g
        v = beta2*v + (1-beta2)*g**2
        theta = theta - alpha*(m/(1-beta1**t))/(np.sqrt(v/(1-beta2**t))+eps)
        history.append(theta.copy())
    return theta, history
""",
    ),
    "a loop that is given the function, too": (
        "gd",
        """
def gradient_descent(f, grad_f, x0, lr=0.1, max_iter=100, tol=1e-12):
    x = x0
    path = [x]
    for i in range(max_iter):
        x = x - lr*grad_f(x)
        path.append(x)
    return np.array(path)
""",
    ),
    "a function of lists": (
        "gd",
        """
def sgd_step(params, grads, lr):
    return [p - lr*g for p, g in zip(params, grads)]
""",
    ),
    "a function that unpacks": (
        "gd",
        """
def sgd(params, grads, lr=.1):
    W, b = params
    dW, db = grads
    return W - lr*dW, b - lr*db
""",
    ),
    "keywords only": (
        "momentum",
        """
def momentum_step(*, theta, grad, velocity, learning_rate=.1, momentum=.9):
    velocity = momentum*velocity + grad
    return theta - learning_rate*velocity, velocity
""",
    ),
    "three functions, as in JAX": (
        "momentum",
        """
def momentum(step_size=.1, mass=.9):
    def init(x0): return x0, np.zeros_like(x0)
    def update(i, g, state):
        x, v = state
        v = mass*v + g
        return x - step_size*v, v
    def get_params(state): return state[0]
    return init, update, get_params
""",
    ),
}

IN_TORCH = {
    "an optimizer of PyTorch's": (
        "adam",
        """
import torch
class MyAdam(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None: continue
                s = self.state[p]
                if not s:
                    s["t"] = 0; s["m"] = torch.zeros_like(p); s["v"] = torch.zeros_like(p)
                s["t"] += 1
                b1, b2 = group["betas"]
                s["m"].mul_(b1).add_(p.grad, alpha=1-b1)
                s["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1-b2)
                mh = s["m"]/(1-b1**s["t"]); vh = s["v"]/(1-b2**s["t"])
                p.sub_(group["lr"]*mh/(vh.sqrt()+group["eps"]))
""",
    ),
    "tensors of PyTorch": (
        "momentum",
        """
import torch
class TorchMomentum:
    def __init__(self, lr=.1, beta=.9): self.lr=lr; self.beta=beta; self.v={}
    def step(self, params, grads):
        for i,(p,g) in enumerate(zip(params, grads)):
            v = self.v.get(i, torch.zeros_like(p))
            self.v[i] = self.beta*v + g
            p.sub_(self.lr*self.v[i])
""",
    ),
}
