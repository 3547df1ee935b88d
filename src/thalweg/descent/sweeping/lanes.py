"""Numerics of the compiled strides: a product of matrices in registers, and functions that vectorise.

A product adds its terms one after another, whatever stands beside it, so that the bits of a run do not depend on
its company; a BLAS chooses its order by the shape of the whole. Needs Numba.
"""

# mypy: ignore-errors
# Numba gives these functions their types.

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = {"float32": 8, "float64": 4}  # numbers in one 256-bit register
ROWS, WIDE = 4, 2  # 4 rows × 2 registers of sums: enough to hide a multiply-add's latency, and they all fit
FLAGS = {"contract", "reassoc"}  # no nnan: a NaN must stay one


def _panel(rows, wide):
    """rows × wide registers of C = bias + A B, as an intrinsic. Offsets and strides count numbers."""

    @intrinsic
    def panel(typing, c, c_at, c_row, a, a_at, a_row, a_term, b, b_at, b_term, bias, bias_at, bias_row, terms):
        step = types.int64
        signature = types.void(c, step, step, a, step, step, step, b, step, step, bias, step, step, step)

        def emit(context, builder, sig, args):
            function = _function(builder.module, str(c.dtype), rows, wide)
            starts = []
            for array, at in ((0, 1), (3, 4), (7, 8), (10, 11)):
                data = context.make_array(sig.args[array])(context, builder, args[array]).data
                starts.append(builder.gep(data, [args[at]]))
            builder.call(function, [*starts, *(args[i] for i in (2, 5, 6, 9, 12, 13))])
            return context.get_dummy_value()

        return signature, emit

    return panel


def _function(module, dtype, rows, wide):
    """The panel as a function of its own, never inlined: a kernel calls it in many places, and compiles it once."""
    name = f"thalweg_panel_{dtype}_{rows}_{wide}"
    if name in module.globals:
        return module.globals[name]
    lanes, index = LANES[dtype], ir.IntType(64)
    scalar = ir.FloatType() if dtype == "float32" else ir.DoubleType()
    pointer = scalar.as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer] * 4 + [index] * 6), name)
    function.linkage = "linkonce_odr"
    function.attributes.add("noinline")
    _body(ir.IRBuilder(function.append_basic_block()), function.args, ir.VectorType(scalar, lanes), rows, wide)
    return function


def _body(builder, args, vector, rows, wide):
    """sums = bias; for each term: sums += A[row, term] · B[term, registers]; C = sums."""
    c, a, b, bias, c_row, a_row, a_term, b_term, bias_row, terms = args
    lanes, index = vector.count, ir.IntType(64)
    undefined, whole = ir.Constant(vector, ir.Undefined), ir.IntType(32)

    def at(pointer, stride, times):
        return builder.gep(pointer, [builder.mul(stride, ir.Constant(index, times))])

    def spread(number):
        one = builder.insert_element(undefined, number, ir.Constant(whole, 0))
        return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(whole, lanes), [0] * lanes))

    def register(pointer, v):
        return builder.bitcast(builder.gep(pointer, [ir.Constant(index, v * lanes)]), vector.as_pointer())

    kind = ir.FunctionType(vector, [vector] * 3)
    name = f"llvm.fmuladd.v{lanes}f{256 // lanes}"
    multiply_add = cgutils.get_or_insert_function(builder.module, kind, name)
    sums = [[cgutils.alloca_once_value(builder, spread(builder.load(at(bias, bias_row, r)))) for _ in range(wide)]
            for r in range(rows)]  # fmt: skip
    with cgutils.for_range(builder, terms) as loop:
        line = builder.gep(b, [builder.mul(b_term, loop.index)])
        column = builder.gep(a, [builder.mul(a_term, loop.index)])
        right = [builder.load(register(line, v), align=1) for v in range(wide)]
        for r in range(rows):
            left = spread(builder.load(at(column, a_row, r)))
            for v in range(wide):
                builder.store(builder.call(multiply_add, [left, right[v], builder.load(sums[r][v])]), sums[r][v])
    for r in range(rows):
        for v in range(wide):
            builder.store(builder.load(sums[r][v]), register(at(c, c_row, r), v), align=1)
    builder.ret_void()


_41, _42, _11, _12 = _panel(4, 1), _panel(4, 2), _panel(1, 1), _panel(1, 2)
_21, _22, _31, _32 = _panel(2, 1), _panel(2, 2), _panel(3, 1), _panel(3, 2)


@njit(error_model="numpy", cache=True)
def product(c, c_at, c_row, a, a_at, a_row, a_term, b, b_at, b_term, bias, bias_at, bias_row, rows, columns, terms):
    """C (rows, columns) = bias (rows, 1) + A (rows, terms) B (terms, columns), in place.

    All flat, with the place of their first number and strides. Columns are padded to whole registers; B and C
    have room for them, and B's rows are contiguous. A may be read either way round.
    """
    lanes = 8 if c.itemsize == 4 else 4
    columns = (columns + lanes - 1) // lanes * lanes
    n = 0
    while n < columns:
        wide = 2 if columns - n >= 2 * lanes else 1
        m = 0
        while m < rows:
            left = rows - m
            cc, aa, bb, dd = c_at + m * c_row + n, a_at + m * a_row, b_at + n, bias_at + m * bias_row
            if wide == 2:
                if left >= 4:
                    _42(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
                elif left == 3:
                    _32(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
                elif left == 2:
                    _22(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
                else:
                    _12(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
            elif left >= 4:
                _41(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
            elif left == 3:
                _31(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
            elif left == 2:
                _21(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
            else:
                _11(c, cc, c_row, a, aa, a_row, a_term, b, bb, b_term, bias, dd, bias_row, terms)
            m += 4
        n += wide * lanes
