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


def test_features_tells_what_tare_is(tare):
    """As of runc and crun: an engine asks before it offers checkpoints."""
    annotations = json.loads(tare("features"))["annotations"]
    assert annotations["run.oci.tare.checkpoint.enabled"] == "true"
    assert annotations["run.oci.tare.version"] in tare("--version")
    assert annotations["io.github.seccomp.libseccomp.version"][0].isdigit()


def test_features_tells_of_mapped_mounts(tare):
    """Without it, kubelet refuses pods with user namespaces."""
    document = json.loads(tare("features"))
    assert document["linux"]["mountExtensions"] == {"idmap": {"enabled": True}}
    assert {"idmap", "ridmap", "rro", "tmpcopyup", "copy-symlink", "nosymfollow"} <= set(document["mountOptions"])


def judged(bundle, change):
    """What `validate` makes of a config that uses something."""
    config = json.loads(json.dumps(bundle.config))
    change(config)
    bundle.write(json.dumps(config))
    return bundle.tare.try_("validate", "--bundle", bundle.path)


def set_capability(name):
    def change(config):
        config["process"]["capabilities"]["bounding"] = [name]
    return change


def set_linux(field, value):
    def change(config):
        config["linux"][field] = value
    return change


def set_hook(kind):
    def change(config):
        config["hooks"] = {kind: [{"path": "/bin/true"}]}
    return change


def set_option(option):
    def change(config):
        config["mounts"].append({"destination": "/mnt", "type": "bind", "source": "/usr", "options": ["rbind", option]})
    return change


def set_namespace(kind):
    def change(config):
        linux = config["linux"]
        linux["namespaces"] = [row for row in linux["namespaces"] if row["type"] != kind] + [{"type": kind}]
        if kind == "user":
            linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": 100000, "size": 65536}]
    return change


def seccomp(**more):
    return set_linux("seccomp", {"defaultAction": "SCMP_ACT_ALLOW", **more})


def rule(**more):
    return {"names": ["getpid"], "action": "SCMP_ACT_ERRNO", **more}


def policy(mode, *flags):
    nodes = {} if mode in ("MPOL_DEFAULT", "MPOL_LOCAL") else {"nodes": "0"}
    return set_linux("memoryPolicy", {"mode": mode, "flags": list(flags), **nodes})


def uses(document):
    """Each word that features lists, and a config that uses it."""
    linux = document["linux"]
    yield from ((word, set_hook(word)) for word in document["hooks"])
    yield from ((word, set_option(word)) for word in document["mountOptions"]
                if word not in ("tmpcopyup", "idmap", "ridmap"))
    yield from ((word, set_namespace(word)) for word in linux["namespaces"])
    yield from ((word, set_capability(word)) for word in linux["capabilities"])
    for word in linux["seccomp"]["actions"]:
        listener = {"listenerPath": "/x"} if word == "SCMP_ACT_NOTIFY" else {}
        yield word, seccomp(syscalls=[{"names": ["getpid"], "action": word}], **listener)
    yield from ((word, seccomp(syscalls=[rule(args=[{"index": 0, "value": 1, "valueTwo": 1, "op": word}])]))
                for word in linux["seccomp"]["operators"])
    yield from ((word, seccomp(architectures=[word])) for word in linux["seccomp"]["archs"])
    yield from ((word, seccomp(flags=[word])) for word in linux["seccomp"]["knownFlags"]
                if word != "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")
    yield from ((word, policy(word)) for word in linux["memoryPolicy"]["modes"])
    yield from ((word, policy("MPOL_BIND", word)) for word in linux["memoryPolicy"]["flags"])


def test_features_tells_the_truth(bundle):
    """An engine sends what is listed: it must be accepted; and what is not must be told from it."""
    document = json.loads(bundle.tare("features"))
    assert [word for word, change in uses(document) if judged(bundle, change).status != 0] == []
    for change in (set_capability("CAP_NONE"), seccomp(flags=["SECCOMP_FILTER_FLAG_NONE"]), policy("MPOL_NONE"),
                   seccomp(architectures=["SCMP_ARCH_NONE"]), set_linux("namespaces", [{"type": "none"}])):
        outcome = judged(bundle, change)
        assert outcome.status != 0 or "NONE" in outcome.out + outcome.err, outcome


def test_features_of_resctrl_and_devices(tare):
    """The words of runtime-spec 1.3.0: without them engines keep their fields to themselves."""
    linux = json.loads(tare("features"))["linux"]
    assert linux["intelRdt"] == {"enabled": True, "schemata": True, "monitoring": True}
    assert linux["netDevices"] == {"enabled": True}
    assert set(linux["seccomp"]["supportedFlags"]) <= set(linux["seccomp"]["knownFlags"])
