# SPDX-License-Identifier: Apache-2.0
"""What `features` tells engines."""
import json
import pathlib

import pytest

SCHEMA = pathlib.Path(__file__).parents[1] / "golden/spec/schema"


def test_features_fits_the_schema(tare):
    """Engines parse the document by runtime-spec's schema; what does not fit is passed over."""
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((SCHEMA / "features-schema.json").read_text())
    resolver = jsonschema.RefResolver(f"file://{SCHEMA}/features-schema.json", schema)
    validator = jsonschema.Draft4Validator(schema, resolver=resolver)
    document = json.loads(tare("features"))
    assert [error.message for error in validator.iter_errors(document)] == []
    document["linux"]["mountExtensions"]["idmap"]["enabled"] = "yes"
    assert list(validator.iter_errors(document)), "the schema lets everything pass"


def test_features_tells_of_mapped_mounts(tare):
    """Without it, kubelet refuses pods with user namespaces."""
    document = json.loads(tare("features"))
    assert document["linux"]["mountExtensions"] == {"idmap": {"enabled": True}}
    assert {"idmap", "ridmap", "rro", "tmpcopyup", "copy-symlink", "nosymfollow"} <= set(document["mountOptions"])
