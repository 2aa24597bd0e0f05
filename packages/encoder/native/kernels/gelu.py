"""The polynomial of gelu in vectors.inl: python gelu.py (numpy) prints its coefficients and its error."""

import math

import numpy

LARGEST = 5.5
DEGREE = 13

# Chebyshev's nodes t in [-1, 1] stand for x^2 in [0, LARGEST^2].
t = numpy.cos(numpy.pi * (numpy.arange(4000) + 0.5) / 4000)
squares = (t + 1) / 2 * LARGEST**2
roots = numpy.sqrt(squares)
wanted = numpy.array([math.erf(x / math.sqrt(2)) / 2 / x for x in roots])

# An error of the polynomial counts x^2 times in x (1/2 + x polynomial).
nodes = numpy.polynomial.chebyshev.chebvander(t, DEGREE)
fitted = numpy.linalg.lstsq(nodes * squares[:, None], wanted * squares, rcond=None)[0]
coefficients = numpy.polynomial.chebyshev.cheb2poly(fitted).astype(numpy.float32)

x = numpy.linspace(-12, 12, 1_000_001).astype(numpy.float32)
inner = numpy.clip(x, numpy.float32(-LARGEST), numpy.float32(LARGEST))
at = inner * inner * numpy.float32(2 / LARGEST**2) - 1
polynomial = numpy.zeros_like(at)
for coefficient in coefficients[::-1]:
    polynomial = polynomial * at + coefficient
exact = [value / 2 * math.erfc(-value / math.sqrt(2)) for value in x.astype(float)]

print(*(f"{coefficient:.9g}f" for coefficient in coefficients), sep=", ")
print(f"largest error for |x| <= 12: {numpy.abs(x * (inner * polynomial + numpy.float32(0.5)) - exact).max():.1e}")
