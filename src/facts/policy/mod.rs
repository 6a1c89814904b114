//! IAM policies: parsed as IAM reads them, evaluated for one request, decided for all requests.
