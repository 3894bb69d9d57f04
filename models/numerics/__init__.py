"""Special functions, series, quadrature and root finding in TensorFlow and NumPy."""
