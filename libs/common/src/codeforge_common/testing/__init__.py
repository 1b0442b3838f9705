"""What tests of handlers are written with: ``run`` one without a worker, and look at what it ``told``.

    told = run(table_archive, context={"table": "sales"}, crash=AfterStep("download"))
    assert again(told).result == {"rows": 3}

``model_server``, a model with a script, is in :mod:`codeforge_common.testing.model_server`. Not for production: the
check of a ``context_schema`` needs the extra ``codeforge-common[testing]``.
"""

from codeforge_common.testing.job import ContextRefused, Job, context_of
from codeforge_common.testing.moments import AfterSeconds, AfterStep, AfterTelling, BeforeKept, Moment
from codeforge_common.testing.notes import (
    EffectFound,
    EffectMade,
    Event,
    Line,
    Notes,
    Output,
    Progress,
    StepKept,
)
from codeforge_common.testing.run import again, run, run_batch
from codeforge_common.testing.running import IgnoredCancel
from codeforge_common.testing.told import Told

__all__ = [
    "AfterSeconds",
    "AfterStep",
    "AfterTelling",
    "BeforeKept",
    "ContextRefused",
    "EffectFound",
    "EffectMade",
    "Event",
    "IgnoredCancel",
    "Job",
    "Line",
    "Moment",
    "Notes",
    "Output",
    "Progress",
    "StepKept",
    "Told",
    "again",
    "context_of",
    "run",
    "run_batch",
]
