"""Settings of every test process."""

import os
import platform

# As in a job: sums must not depend on a BLAS's threads or kernels. NumPy reads this on import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if platform.machine() in ("x86_64", "AMD64"):
    os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
