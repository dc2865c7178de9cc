"""The demo's folder, whole or not at all."""

from pathlib import Path

import pytest

from clones.demo.folder import DemoFolder, FolderTakenError


def test_a_folder_is_filled_once_its_accounts_are_written(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "demo")
    assert not folder.is_filled

    folder.write_accounts({"admin": "open sesame"})

    assert folder.is_filled
    assert folder.read_accounts() == {"admin": "open sesame"}


def test_emptying_leaves_the_keys_that_this_process_has_read(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / "one").touch()
    (tmp_path / "portal.sqlite3").touch()
    folder.write_accounts({})

    folder.empty()

    assert {path.name for path in tmp_path.iterdir()} == {"keys", "demo.lock"}


def test_emptying_does_not_follow_a_link_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    folder = DemoFolder(tmp_path / "demo")
    (tmp_path / "demo" / "sessions").symlink_to(tmp_path / "precious")

    folder.empty()

    assert (tmp_path / "precious" / "file").exists()


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    held = DemoFolder(tmp_path)

    with pytest.raises(FolderTakenError, match="A demo runs already"):
        DemoFolder(tmp_path)

    assert held.path == tmp_path


@pytest.mark.parametrize("name", ["portal.sqlite3", "thesis.txt"])
def test_a_folder_that_is_no_demos_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / name).touch()

    with pytest.raises(FolderTakenError, match="something else than a demo"):
        DemoFolder(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"keys", name}


def test_a_first_start_that_was_cut_off_is_a_demos_folder(tmp_path: Path) -> None:
    (tmp_path / "demo.lock").touch()
    (tmp_path / "portal.sqlite3").touch()

    assert not DemoFolder(tmp_path).is_filled
