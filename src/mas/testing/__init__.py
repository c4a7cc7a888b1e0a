"""Doubles and builders for tests of MAS and of what is built on it; public.

Here live clocks, doubles of ports and builders of realistic input. No test cases live here, and
nothing that the product itself needs; only tests, benchmarks and examples import it.
"""
