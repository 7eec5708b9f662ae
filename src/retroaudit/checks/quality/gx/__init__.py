"""Great Expectations judging what the measures know: the only place that imports it, which takes seconds."""

import os
import warnings

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read where it is imported: nothing is sent anywhere

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # GX imports what Python will not have any more
    import great_expectations  # noqa: F401
