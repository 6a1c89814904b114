"""Hooks that let LocalStack run without its container image, several side by side on one machine.

All of them are idle in Docker, where their environment variables are not set.
"""

import os
import warnings

from localstack.runtime import hooks

if not hasattr(warnings, "deprecated"):
    # LocalStack 4.14 imports this from the standard library, which has it since Python 3.13.
    from typing_extensions import deprecated

    warnings.deprecated = deprecated


@hooks.on_infra_start()
def keep_s3_objects_in_run_dir():
    """LocalStack writes S3 objects to one fixed folder that all instances share and none removes."""
    if folder := os.environ.get("COLDBUCKET_S3_DIR"):
        from localstack.services.s3 import provider

        provider.DEFAULT_S3_TMP_DIR = folder


@hooks.on_infra_ready()
def answer_run_token():
    """LocalStack says Ready even when its port is taken. `start` asks for this token, so that it
    never takes somebody else's LocalStack for the one it started."""
    if token := os.environ.get("COLDBUCKET_RUN_TOKEN"):
        from localstack.services.edge import ROUTER
        from rolo import Response

        ROUTER.add("/_coldbucket/run", lambda request: Response(token, mimetype="text/plain"))
