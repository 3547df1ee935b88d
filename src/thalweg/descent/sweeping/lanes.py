"""Numerics of the compiled strides: a product of matrices in registers, and functions that vectorise.

A product adds its terms one after another, whatever stands beside it, so that the bits of a run do not depend on
its company; a BLAS chooses its order by the shape of the whole. Needs Numba.
"""

import numpy as np
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
        number, step = c.dtype, types.int64
        signature = types.void(
            c, step, step, a, step, step, step, b, step, step, bias, step, step, step
        )
        return signature, lambda context, builder, sig, args: _emit(context, builder, sig, args, number, rows, wide)

    return panel


def _emit(context, builder, sig, args, number, rows, wide):
    lanes = LANES[str(number)]
    scalar = ir.FloatType() if str(number) == "float32" else ir.DoubleType()
    vector, index = ir.VectorType(scalar, lanes), ir.IntType(64)
    c_at, c_row, a_at, a_row, a_term, b_at, b_term, bias_at, bias_row, terms = (
        args[i] for i in (1, 2, 4, 5, 6, 8, 9, 11, 12, 13)
    )
    c, a, b, bias = (context.make_array(sig.args[i])(context, builder, args[i]).data for i in (0, 3, 7, 10))
    add, mul = builder.add, builder.mul

    def times(stride, k):
        return mul(stride, ir.Constant(index, k))

    def spread(value):
        one = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
        return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)

    def place(base, at):
        return builder.bitcast(builder.gep(base, [at]), vector.as_pointer())

    sums = []
    for r in range(rows):
        first = spread(builder.load(builder.gep(bias, [add(bias_at, times(bias_row, r))])))
        sums.append([cgutils.alloca_once_value(builder, first) for _ in range(wide)])
    kind = ir.FunctionType(vector, [vector] * 3)
    name = f"llvm.fmuladd.v{lanes}f{32 if lanes == 8 else 64}"
    fma = cgutils.get_or_insert_function(builder.module, kind, name)
    with cgutils.for_range(builder, terms) as loop:
        k = builder.sext(loop.index, index) if loop.index.type != index else loop.index
        line = add(b_at, mul(b_term, k))
        right = [builder.load(place(b, add(line, ir.Constant(index, v * lanes))), align=1) for v in range(wide)]
        column = add(a_at, mul(a_term, k))
        for r in range(rows):
            left = spread(builder.load(builder.gep(a, [add(column, times(a_row, r))])))
            for v in range(wide):
                builder.store(builder.call(fma, [left, right[v], builder.load(sums[r][v])]), sums[r][v])
    for r in range(rows):
        for v in range(wide):
            at = add(add(c_at, times(c_row, r)), ir.Constant(index, v * lanes))
            builder.store(builder.load(sums[r][v]), place(c, at), align=1)
    return context.get_dummy_value()


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
