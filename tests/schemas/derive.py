#!/usr/bin/env python3
"""Derives the two schemas that nobody publishes as a file.

    python3 -m venv v && v/bin/pip install botocore==1.44.8 ocsf-json-schema==1.2.0
    v/bin/python tests/schemas/derive.py

ASFF: AWS describes BatchImportFindings in the service model that botocore ships. Shapes become JSON
Schema; the limits that the model tells in prose only ("Maximum length of 256") are read from there,
and the prose itself is left out. OCSF: the class as the schema server would give it, without titles.

The tests read the derived files; this script only runs when somebody takes a newer version.
"""

import gzip
import json
import pathlib
import re

import botocore
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

HERE = pathlib.Path(__file__).parent
OCSF = "1.8.0"
# Details of a resource are some hundred shapes, and coldbucket gives none.
LEFT_OUT = {"ResourceDetails"}


def limits(prose):
    """What the prose says about lengths and numbers of members."""
    text = re.sub(r"<[^>]+>|[`]", "", prose or "")
    found = {}
    for key, pattern in {
        "maxLength": r"Maximum (?:length )?of (\d+)(?: length)?(?! items)",
        "minLength": r"Minimum (?:length )?of (\d+)(?: length)?",
        "maxItems": r"Maximum number of (\d+) items",
    }.items():
        if match := re.search(pattern, text):
            found[key] = int(match.group(1))
    if match := re.search(r"Length Constraints: (\d+)\.", text):
        found["minLength"] = found["maxLength"] = int(match.group(1))
    return found


def asff():
    folder = pathlib.Path(botocore.__file__).parent / "data/securityhub/2018-10-26"
    model = json.loads(gzip.decompress((folder / "service-2.json.gz").read_bytes()))
    shapes, defs, todo = model["shapes"], {}, ["BatchImportFindingsRequestFindingList"]

    def reference(name):
        if name in LEFT_OUT:
            return False
        todo.append(name)
        return {"$ref": f"#/$defs/{name}"}

    def schema(shape):
        kind = shape["type"]
        if kind == "structure":
            properties = {}
            for member, target in shape["members"].items():
                inner = reference(target["shape"])
                said = limits(target.get("documentation"))
                properties[member] = {"allOf": [inner], **said} if said and inner else inner
            return {
                "type": "object",
                "properties": properties,
                "required": sorted(shape.get("required", [])),
                "additionalProperties": False,
            }
        if kind == "list":
            ends = {"min": "minItems", "max": "maxItems"}
            return {
                "type": "array",
                "items": reference(shape["member"]["shape"]),
                **{ends[end]: shape[end] for end in ends if end in shape},
            }
        if kind == "map":
            return {
                "type": "object",
                "propertyNames": reference(shape["key"]["shape"]),
                "additionalProperties": reference(shape["value"]["shape"]),
            }
        if kind == "string":
            # `.` of the model does not match a line feed, and the pattern may be found anywhere.
            return {"type": "string", **{k: shape[k] for k in ("enum", "pattern") if k in shape}}
        if kind in ("integer", "long", "double", "float"):
            ends = {"min": "minimum", "max": "maximum"}
            return {
                "type": "integer" if kind in ("integer", "long") else "number",
                **{ends[end]: shape[end] for end in ends if end in shape},
            }
        return {"type": {"boolean": "boolean", "timestamp": "string"}[kind]}

    while todo:
        name = todo.pop()
        if name not in defs:
            defs[name] = None
            defs[name] = schema(shapes[name])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"Derived by derive.py from the service model of AWS Security Hub in botocore {botocore.__version__} (Apache-2.0).",
        "$ref": "#/$defs/BatchImportFindingsRequestFindingList",
        "$defs": dict(sorted(defs.items())),
    }


def ocsf():
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(OCSF)).get_class_schema("compliance_finding", ["cloud"])

    def bare(node):
        if isinstance(node, dict):
            # A property may be called `title`; then it stands for an object.
            return {k: bare(v) for k, v in node.items() if not (k == "title" and isinstance(v, str))}
        return [bare(item) for item in node] if isinstance(node, list) else node

    def closed(schema):
        """Only the definitions that are reached."""
        kept, todo = {}, re.findall(r"#/\$defs/([^\"]+)", json.dumps({**schema, "$defs": {}}))
        while todo:
            name = todo.pop()
            if name not in kept:
                kept[name] = schema["$defs"][name]
                todo += re.findall(r"#/\$defs/([^\"]+)", json.dumps(kept[name]))
        return {**schema, "$defs": dict(sorted(kept.items()))}

    return {
        **closed(bare(schema)),
        "$comment": f"OCSF {OCSF} (Apache-2.0), class Compliance Finding with profile cloud, derived by derive.py with ocsf-json-schema 1.2.0.",
    }


for name, schema in {"asff.schema.json": asff(), f"ocsf-{OCSF}-compliance-finding.schema.json": ocsf()}.items():
    (HERE / name).write_text(json.dumps(schema, separators=(",", ":")) + "\n")
    print(name)
