"""The keys that a machine makes for itself."""

import multiprocessing
import stat
from multiprocessing.synchronize import Barrier
from pathlib import Path

from cryptography.fernet import Fernet

from reseller_portal.keys import LocalKeys, local_keys

ROUNDS = 40


def test_the_first_start_makes_keys_that_work(tmp_path: Path) -> None:
    keys = local_keys(tmp_path / "var" / "keys")

    assert len(keys.secret_key) >= 50
    assert Fernet(keys.encryption_key).decrypt(Fernet(keys.encryption_key).encrypt(b"x")) == b"x"


def test_the_next_start_finds_them_again(tmp_path: Path) -> None:
    assert local_keys(tmp_path) == local_keys(tmp_path)


def test_every_machine_has_its_own(tmp_path: Path) -> None:
    one, other = local_keys(tmp_path / "one"), local_keys(tmp_path / "other")

    assert one.secret_key != other.secret_key
    assert one.encryption_key != other.encryption_key


def test_only_the_owner_reads_them_and_nothing_else_is_left(tmp_path: Path) -> None:
    local_keys(tmp_path)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"secret_key": 0o600, "encryption_key": 0o600}


def test_keys_that_a_person_put_there_are_kept(tmp_path: Path) -> None:
    own = Fernet.generate_key().decode()
    (tmp_path / "secret_key").write_text("mine\n")
    (tmp_path / "encryption_key").write_text(f"{own}\n")

    assert local_keys(tmp_path) == LocalKeys("mine", own)


def test_two_processes_at_once_get_the_same_keys(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, found = context.Barrier(2), context.SimpleQueue()
    processes = [context.Process(target=make_keys, args=(tmp_path, barrier, found)) for _ in range(2)]

    for process in processes:
        process.start()
    one, other = found.get(), found.get()
    for process in processes:
        process.join()

    assert len(one) == ROUNDS
    assert one == other


def make_keys(parent: Path, barrier: Barrier, found: "multiprocessing.queues.SimpleQueue[list[LocalKeys]]") -> None:
    """In a process of its own: make keys in one new folder after the other, each at the same instant as the other."""
    keys = []
    for number in range(ROUNDS):
        barrier.wait(120)
        keys.append(local_keys(parent / str(number)))
    found.put(keys)
