"""Two hooks that let several LocalStacks run side by side on one machine; both are idle in Docker."""

import os

from localstack.runtime import hooks


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
