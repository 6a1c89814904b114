#!/bin/sh
# Run by LocalStack inside its container once it is ready: deploys the sample account.
exec python3 -B /coldbucket/deploy.py --endpoint-url http://127.0.0.1:4566
