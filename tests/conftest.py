"""Settings of every test process."""

import os

# As in a job: results must not depend on a BLAS's threads. NumPy reads this when first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
