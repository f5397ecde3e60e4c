"""Runs the test cases of the DMN Technology Compatibility Kit (github.com/dmn-tck/tck) against the FEEL of this house.

The kit is fetched by whoever wants the figures and never kept here: ``make tck TCK=DIR``.
"""
