#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""completion.py TARE: what bash offers behind a few beginnings of a command line.

What a user loses if this fails: the Tab key, or worse, a shell that prints errors while one types.
"""
import os
import subprocess
import sys

# Words as bash splits them, "=" being one of its own; what must be offered; what must not.
CASES = [
    (["tare", ""], {"create", "features"}, {"completion"}),
    (["tare", "st"], {"start", "state"}, {"list"}),
    (["tare", "--ro"], {"--root", "--rootless"}, {"--log"}),
    (["tare", "--log-format", "="], {"text", "json"}, {"create"}),
    (["tare", "--log-format", "=", "j"], {"json"}, {"text"}),
    (["tare", "--root", "/x", "create", "--b"], {"--bundle"}, {"--root"}),
    (["tare", "--root", "=", "/x", "list", "--format", "=", "t"], {"table"}, {"text"}),
    (["tare", "list", "-f", ""], {"table", "json"}, set()),
    (["tare", "delete", "-"], {"--force", "--regex", "--help"}, {"--all", "--bundle"}),
    (["tare", "plan", "--format", ""], {"text", "json"}, {"table"}),
    (["tare", "run", "-b", "/us"], {"/usr"}, {"/etc"}),
]
SCRIPT = 'eval "$(tare completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tare; printf "%s\\n" "${COMPREPLY[@]}"'


def offers(tare, words):
    env = {**os.environ, "PATH": f"{os.path.dirname(os.path.abspath(tare))}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-u", "-c", SCRIPT, "bash", *words], env=env, capture_output=True, text=True)
    return set(done.stdout.split()), done.stderr


def main(tare):
    failed = 0
    for words, wanted, unwanted in CASES:
        found, errors = offers(tare, words)
        if wanted - found or unwanted & found or errors:
            print(f"{' '.join(words)}: offers {sorted(found)} {errors}")
            failed += 1
    print(f"{len(CASES) - failed} of {len(CASES)} completions are right")
    sys.exit(bool(failed))


main(sys.argv[1])
