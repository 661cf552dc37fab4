# SPDX-License-Identifier: Apache-2.0
"""A container that one build of tare created, started by another."""
import os
import socket
import struct
import threading

VERSION_AT, GATE_AT = 4, 40  # struct plan_header


def edit_plan(container, offset):
    """As if another build had written it."""
    path = container.tare.root / container.id / "plan"
    data = bytearray(path.read_bytes())
    own, = struct.unpack_from("<I", data, offset)
    struct.pack_into("<I", data, offset, 0xabcd)
    path.write_bytes(data)
    return f"{own:08x}"


def test_start_works_over_an_upgrade(bundle):
    """Lost otherwise: an upgrade of tare makes the containers that wait to be started worthless."""
    container = bundle.shell("exec sleep 1000000").create()
    edit_plan(container, VERSION_AT)
    container.start()
    assert container.status == "running"
    container.remove()


def test_a_failure_names_both_versions(bundle):
    """Lost otherwise: an error that says nothing of its cause, or names a field of another step."""
    container = bundle.create()
    (bundle.rootfs / "bin/sh").unlink()
    own = edit_plan(container, VERSION_AT)
    message = bundle.tare.fails("start", container.id)
    assert "No such file" in message and "version 0000abcd" in message and own in message
    container.remove()


def test_another_gate_is_named(bundle):
    """Lost otherwise: a start that fails for no reason that anyone could find."""
    container = bundle.create()
    own = edit_plan(container, GATE_AT)
    gate = container.tare.root / container.id / "gate"
    gate.unlink()
    here = os.open(gate.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
        server.bind(f"/proc/self/fd/{here}/gate")
        server.listen()

        def hang_up():
            caller, _ = server.accept()
            caller.recv(4096)
            caller.close()
        other = threading.Thread(target=hang_up)
        other.start()
        message = bundle.tare.fails("start", container.id)
        other.join()
    os.close(here)
    assert "gate version 0000abcd" in message and own in message and "delete it" in message
    container.remove()
