"""What the parameters of a learner's functions mean, by the names in use in the field."""

from collections.abc import Collection, Mapping
from inspect import Parameter
from types import CodeType
from typing import Any

BARE = Parameter.empty


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order."""
    return tuple(text.split())


# Hyperparameters: the name here, and what others call it, the clearest first. Names as plain() makes them.
HYPER = {
    "lr": words("lr learningrate stepsize lrate eta rate alpha eta0 lr0 gamma a"),
    "beta": words(
        "beta momentum mu mom momentumcoeff momentumcoefficient momentumfactor beta1 b1 gamma rho b alpha mass decay "
        "decayrate decayfactor"
    ),
    "rho": words("rho decayrate decay beta gamma alpha beta2 b2 smoothing decayfactor mu momentum b"),
    "beta1": words("beta1 b1 betaone betam rho1 decay1 mu momentum beta"),
    "beta2": words("beta2 b2 betatwo betav rho2 decay2 nu rho gamma decayrate"),
    "eps": words("eps epsilon e tiny delta fudge stability smoothingterm smallnumber"),
    "decay": words(
        "weightdecay wd decay lam lambda lambd lmbda lamda lmd weightdecayrate wdecay decoupledweightdecay l2 reg "
        "l2reg decayrate"
    ),
    "psi": words("psi momentumdecay"),
}
MEMORIES = ("beta", "rho", "beta1", "beta2")
CLEAR_LR = ("lr", "learningrate", "stepsize", "lrate")  # these may have any default; the others a rate's

PARAMS = words(
    "params parameters param parameter p w ws weights weight theta thetas th x xs var vars variables variable values "
    "point position modelparams coef coefs coefficients wt wts"
)
GRADS = words(
    "grads grad gradients gradient g gs gt dw dws dparams dparam dtheta dx dp dl derivatives derivative nabla gradw "
    "gradsw gradtheta gradx"
)
GRADIENT_FUNCTIONS = words(
    "gradfn gradfunc gradf gradfunction gradientfn gradientfunc gradientfunction gradientf gradof gradoracle closure "
    "fn f func oracle computegrad computegradient computegrads computegradients getgrad getgrads getgradient df dfdx "
    "dfdw dloss lossgrad lossgradient nablaf fprime jac fgrad fungrad gradloss gradl evalgrad calcgrad gradientof "
    "objectivegrad"
)
BOTH_FUNCTIONS = words("lossandgrad valueandgrad lossandgradient lossandgradients valueandgradient fandg")
LOSS_FUNCTIONS = words("loss lossfn lossf objective cost costfn costf function fun")
PAIRS = words("gradsandvars gradsandparams gradientsandvariables gradvars")
PAIRS_TURNED = words("paramsandgrads paramsgrads varsandgrads paramgrads parametersandgradients")
BUNDLES = words("state states optstate optimizerstate optimstate st cache config memory slots mem buffers moments")
COUNTS = words(
    "t step steps iteration iter it i k timestep count epoch stepcount nstep nupdates iterations tstep counter n"
)
LENGTHS = words(
    "steps nsteps numsteps niter niters numiter numiters iterations niterations numiterations maxiter maxiters "
    "maxiterations maxsteps epochs nepochs numepochs maxepochs n t k iters nit"
)
SHAPES = words("shape shapes paramshape paramshapes")
SIZES = words("n size dim ndim dims nparams numparams nweights numweights d ndims length nvars")
LAYERS = words("layer model net network nn")  # that hold parameters and gradients
LOOK_AHEAD = words("lookahead lookaheadparams lookaheadpoint lookaheadpoints getlookahead peek ahead")
STEPS = words(
    "step update __call__ applygradients applygrads apply updateparams updateparameters updateweights optimize "
    "optimise minimize move getupdate updateone run iterate updates"
)
SETUPS = words("setup register attach bind setparams setparameters addparams addparameters build prepare target")
MODEL_METHODS = words("fit train predict score forward backward loss")  # of a model, not of an optimizer
BEGINNINGS = words(
    "init initialize initialise initstate initialstate initializestate zerostate createstate newstate makestate start "
    "startstate"
)


def plain(name: str) -> str:
    """Without underscores and case: learning_rate, learningRate and LearningRate are one name."""
    return name.replace("_", "").casefold() if name != "__call__" else name


def words_in(function: Any) -> list[str]:
    """All the texts that a function's code holds, its keys of dictionaries among them."""
    code = getattr(function, "__code__", None)
    return sorted(_strings(code)) if code else []


def _strings(code: CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return {const for const in code.co_consts if isinstance(const, str)}.union(*(_strings(one) for one in inner))


def hyper_roles(names: Mapping[str, Any], wanted: Collection[str]) -> dict[str, str]:
    """{a learner's name: ours} for the hyperparameters of a rule. `names` has their defaults, BARE where none.

    >>> hyper_roles({"eta": 0.01, "gamma": 0.9, "verbose": False}, ["lr", "beta"])
    {'eta': 'lr', 'gamma': 'beta'}
    """
    left = {plain(name): name for name in names}
    roles = {}
    for role in wanted:
        if role == "beta1" and (both := _pair(left, names)):
            roles[left.pop(both)] = "betas"
        if "betas" in roles.values() and role in ("beta1", "beta2"):
            continue
        match = next((alias for alias in HYPER[role] if alias in left and _can_be(role, alias, names[left[alias]])), "")
        if match:
            roles[left.pop(match)] = role
    return roles


def _pair(left: Mapping[str, str], names: Mapping[str, Any]) -> str:
    """The name that holds both betas, as PyTorch's betas=(0.9, 0.999)."""
    for name in ("betas", "beta"):
        if name in left and (name == "betas" or isinstance(names[left[name]], tuple | list)):
            return name
    return ""


def _can_be(role: str, alias: str, default: Any) -> bool:
    """A name of two meanings is told by its default: a rate is small, a memory is near 1."""
    if default is BARE or default is None:
        return True
    if isinstance(default, bool | str) or not isinstance(default, int | float):
        return False
    if role == "lr":
        return alias in CLEAR_LR or default < 0.5
    if alias == "alpha" or (alias.startswith("decay") and role in MEMORIES):
        return default >= 0.5  # of a memory: only where it is plainly no rate, and no decay of the rate
    return True


def is_parameters(name: str) -> bool:
    """Does this name mean the parameters, or where they begin: w, theta_init, initial_weights?"""
    flat = plain(name)
    for word in ("initial", "init", "start", "current", "curr", "old", "prev", "0"):
        flat = flat.removeprefix(word).removesuffix(word) if flat not in PARAMS else flat
    return flat in PARAMS


def is_gradient(name: str) -> bool:
    """Does this name mean the gradients, one array or several?"""
    flat = plain(name)
    return flat in GRADS or (flat.startswith("grad") and not is_gradient_function(name) and flat not in PAIRS)


def is_gradient_function(name: str) -> bool:
    """Does this name mean a function that returns the gradient?"""
    flat = plain(name)
    return flat in GRADIENT_FUNCTIONS or flat in BOTH_FUNCTIONS or flat.endswith(("gradfn", "gradfunc", "gradientfn"))
