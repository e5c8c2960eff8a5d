"""tools.remote, and dvc-gdrive itself, against a Drive on this machine; nothing leaves it."""

import hashlib
import json
import multiprocessing
import os
import pty
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dvc.fs import RemoteMissingDepsError

from stages.library.common.dvc_internals import are_targets
from tests.standins.drive.keys import CLIENT_ID, ROBOT, Keys, make_keys
from tests.standins.drive.machines import DRIVE, Machine, machine_with
from tests.standins.drive.server import CODE, USER, Drive, Fault, serving
from tests.standins.drive.store import SHARED
from tests.support.clones import PROJECT
from tools.remote.__main__ import KILLED, main, push
from tools.remote.advice import FULL, WAIT
from tools.remote.checks import Finding

pytestmark = pytest.mark.e2e

WAITING_SECONDS = 120
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["dvc_gdrive", "tests.e2e.test_remote"])


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def drive(keys: Keys) -> Iterator[Drive]:
    """Return a Drive that holds the folder NasuTomo/dvc; nobody asks for another host."""
    with serving(keys) as drive:
        drive.folder("NasuTomo/dvc")
        yield drive
    assert drive.refused == []


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    files = {f"なす {n}'s.png": noise(n, 20_000 * n) for n in range(5)}
    return machine_with(tmp_path_factory.mktemp("small"), files)


@pytest.fixture
def machine(small: Machine, drive: Drive, tmp_path: Path) -> Machine:
    """Return a machine with five files, one of them empty, that uses the Drive's My Drive."""
    root, home = tmp_path / "repository", tmp_path / "home"
    shutil.copytree(small.root, root)
    machine = Machine(root, home, drive.environment())
    machine.configure_drive()
    return machine


def noise(seed: int, size: int) -> bytes:
    """Return bytes that nothing compresses, the same for the same seed."""
    return hashlib.shake_128(bytes([seed])).digest(size)


def uploaded(drive: Drive, top: str = "") -> dict[str, bytes]:
    """Return what lies in the remote; no path may hold two different objects."""
    found = drive.store.paths(drive.folder("NasuTomo/dvc", top))
    assert all(len(set(contents)) == 1 for contents in found.values())
    return {path: contents[0] for path, contents in found.items()}


def assert_arrived(machine: Machine, drive: Drive, folder: Path) -> None:
    """Assert that every object is in Drive, and that another computer gets the same files."""
    assert uploaded(drive) == machine.objects()
    second = machine.second(folder / "second")
    second.run("dvc", "pull")
    assert second.digests() == machine.digests()


def test_fifty_files_and_one_of_100_mb_reach_a_second_clone(
    drive: Drive, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("large")
    files = {f"img{n:03}.png": noise(n, 1000 * n) for n in range(50)}
    files["nasumiso_v1.safetensors"] = noise(0, 100 * 2**20 + 1)  # two pieces
    machine = replace(machine_with(folder, files), variables=drive.environment())
    machine.configure_drive()
    output = machine.remote("push")
    assert "push: done, gdrive: 52 files pushed; 52 of 52 objects there" in output
    assert drive.asked.count("upload") == 53
    assert_arrived(machine, drive, folder)
    shutil.rmtree(folder)


def test_service_account_uses_a_shared_drive(
    drive: Drive, machine: Machine, tmp_path: Path
) -> None:
    drive.store.members.add("robot")
    drive.folder("NasuTomo/dvc", drive.store.shared())
    machine.configure(
        f"gdrive://{SHARED}/NasuTomo/dvc",
        gdrive_use_service_account="true",
        gdrive_service_account_json_file_path=str(drive.keys.robot),
    )
    assert f"sign-in       {ROBOT}" in machine.remote("check")
    machine.remote("push")
    assert uploaded(drive, SHARED) == machine.objects()
    second = machine.second(tmp_path / "second")
    second.run("dvc", "pull")
    assert second.digests() == machine.digests()


def test_faults_that_pydrive2_meets_itself_cost_no_rerun(
    drive: Drive, machine: Machine, tmp_path: Path
) -> None:
    drive.faults = [
        Fault("upload", "503"),
        Fault("upload", "rate limit", skip=1),
        Fault("start", "500"),
        Fault("create", "503"),
        Fault("list", "503", skip=2),
    ]
    output = machine.remote("push", "--tries", "1")
    assert not any(fault.times for fault in drive.faults)
    assert "push: done, gdrive: 6 files pushed" in output
    drive.faults = [Fault("download", "503"), Fault("get", "rate limit")]
    assert_arrived(machine, drive, tmp_path)


def test_faults_that_end_a_push_are_met_by_reruns(drive: Drive, machine: Machine) -> None:
    drive.faults = [Fault("upload", "too many", skip=1), Fault("upload", "page", skip=2)]
    output = machine.remote("push", "--pause", "0.1", "--", "--jobs", "1")
    assert "push: dvc push failed, exit code 1" in output
    assert "push: again in 0.1 s" in output
    assert "push: done, gdrive: " in output
    assert uploaded(drive) == machine.objects()


def test_push_that_waits_for_ever_is_killed_and_run_again(drive: Drive, machine: Machine) -> None:
    """A connection that is lost may also end the push, or do no harm, as chance has it."""
    drive.faults = [
        Fault("upload", "stalled", skip=1),
        Fault("upload", "reset after", skip=2),
        Fault("upload", "reset", skip=3),
    ]
    output = machine.remote("push", "--pause", "0", "--minutes", "0.05")
    assert "push: nothing moved for 0.05 minutes; stopped" in output
    assert "push: done, gdrive: " in output
    assert not any(fault.times for fault in drive.faults)
    assert uploaded(drive) == machine.objects()


def test_push_gives_up_at_last_with_the_exit_code_of_the_last_try(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes, pauses = iter([1, KILLED, 255]), list[float]()
    monkeypatch.chdir(machine.root)
    monkeypatch.setattr("tools.remote.__main__.watched", lambda *_: (next(codes), ""))
    monkeypatch.setattr("tools.remote.__main__.problems", lambda *_, **__: [])
    monkeypatch.setattr("time.sleep", pauses.append)
    with pytest.raises(SystemExit) as ended:
        push("", [], minutes=5, tries=3, pause=10)
    assert ended.value.code == 255
    assert pauses == [10, 20]
    said = capsys.readouterr()
    assert "push: try 3 of 3: gdrive, " in said.out
    assert "nothing moved for 5 minutes" in said.out
    assert "run it again" in said.err


def test_push_does_not_repeat_what_only_a_person_can_mend(drive: Drive, machine: Machine) -> None:
    drive.faults = [Fault("start", "quota", times=1000)]
    output = machine.remote("push", "--pause", "0", code=1)
    assert "push: try 2" not in output
    assert "empty the Drive's trash" in output
    assert "mend what FAILED above, then run it again" in output
    assert "FAILED を直してから" in output


@pytest.mark.parametrize(
    ("finding", "tries", "said"),
    [
        (Finding("space", "0 MB free", FULL), 1, "mend what FAILED above"),
        (Finding("sign-in", "timed out", WAIT), 2, "nothing is lost, run it again"),
        (Finding("verify", "verify is off", FULL), 2, "nothing is lost, run it again"),
    ],
)
def test_last_word_of_a_push_says_whether_another_try_can_help(
    finding: Finding,
    tries: int,
    said: str,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(machine.root)
    monkeypatch.setattr("tools.remote.__main__.watched", lambda *_: (1, ""))
    monkeypatch.setattr(
        "tools.remote.__main__.findings", lambda _, before_push: [] if before_push else [finding]
    )
    with pytest.raises(SystemExit):
        push("", [], minutes=5, tries=2, pause=0)
    shown = capsys.readouterr()
    assert shown.out.count("push: try ") == tries
    assert said in shown.err
    assert len(shown.err.splitlines()) == 2


MAC = "Library/CloudStorage/GoogleDrive-you@example.com/My Drive/NasuTomo/dvc"


@pytest.mark.parametrize(
    ("path", "there", "problem"),
    [
        (MAC, "", "FAILED  mounted       no Google Drive is mounted at "),
        (MAC, MAC.removesuffix("/NasuTomo/dvc"), "FAILED  folder        there is no folder "),
        ("nowhere/NasuTomo/dvc", "", "FAILED  folder        there is no folder "),
    ],
)
def test_push_makes_no_folder_where_no_drive_is(
    machine: Machine, tmp_path: Path, path: str, there: str, problem: str
) -> None:
    (tmp_path / there).mkdir(parents=True, exist_ok=True)
    before = sorted(tmp_path.rglob("My Drive/*"))
    machine.configure(str(tmp_path / path), verify="true")
    for _ in range(2):  # the first must not make the second one succeed
        output = machine.remote("push", "--pause", "0", code=1)
        assert f"  {problem}{tmp_path}" in output
        assert output.count("push: try ") == 1
        assert "mend what FAILED above" in output
    assert sorted(tmp_path.rglob("My Drive/*")) == before
    assert not (tmp_path / "nowhere").exists()


def test_push_looks_for_the_folder_before_every_try(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Drive may be unmounted while a push waits for its next try."""
    (tmp_path / "dvc").mkdir()
    machine.configure(str(tmp_path / "dvc"), verify="true")
    monkeypatch.chdir(machine.root)
    codes = iter([1])  # dvc is run once
    monkeypatch.setattr("tools.remote.__main__.watched", lambda *_: (next(codes), ""))
    monkeypatch.setattr("time.sleep", lambda _: (tmp_path / "dvc").rmdir())
    with pytest.raises(SystemExit):
        push("", [], minutes=5, tries=3, pause=0)


def test_a_push_whose_folder_went_away_meanwhile_is_none(
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "dvc").mkdir()
    machine.configure(str(tmp_path / "dvc"), verify="true")
    monkeypatch.chdir(machine.root)

    def unmounted(*_: object) -> tuple[int, str]:
        (tmp_path / "dvc").rmdir()
        return 0, "2 files pushed"

    monkeypatch.setattr("tools.remote.__main__.watched", unmounted)
    with pytest.raises(SystemExit) as stopped:
        push("", [], minutes=5, tries=3, pause=0)
    assert stopped.value.code == 1
    assert "push: the folder went away meanwhile" in capsys.readouterr().out


def test_push_does_not_wait_for_a_sign_in_that_google_blocks(machine: Machine) -> None:
    machine.configure(DRIVE)
    output = machine.remote("push", code=1)
    assert "FAILED  credentials   no OAuth client of your own" in output
    assert "dvc push failed" not in output  # it was not run


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--jobz", "2"], 254, "unrecognized arguments: --jobz"),
        (["--jobs", "two"], 254, "invalid int value: 'two'"),
        (["datset"], 1, "'datset' does not exist as an output or a stage name"),
    ],
)
def test_push_does_not_repeat_words_that_dvc_does_not_know(
    machine: Machine, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    machine.configure(str(tmp_path), verify="true")
    output = machine.remote("push", "--pause", "0", "--", *words, code=code)
    assert said in output
    assert output.count("push: try ") == 1
    assert "push: nothing went up: correct the words after --" in output
    assert "-- のあとの言葉を直すか" in output


@pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")  # DVC's use of pygtrie
def test_targets_are_misspelt_only_if_dvc_knows_none_like_them(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(machine.root)
    for words in (["data"], ["data.dvc", "--jobs", "2"], ["--glob", "d*.dvc"], [], ["-A", "old"]):
        assert are_targets(words)
    for words in (["datset"], ["data", "datset"], ["nothing.dvc"], ["--glob", "x*.dvc"]):
        assert not are_targets(words)


def test_killed_push_is_completed_by_the_next(
    drive: Drive, machine: Machine, tmp_path: Path
) -> None:
    drive.faults = [Fault("upload", "stalled", times=1000, skip=3)]
    with machine.start("dvc", "push", "--jobs", "2") as process:
        wait_for(lambda: drive.asked.count("upload") > 4)
        process.kill()
    assert 3 <= len(uploaded(drive)) < len(machine.objects())
    drive.faults = []
    machine.remote("push")
    assert_arrived(machine, drive, tmp_path)


def test_objects_that_drive_lost_come_back_though_dvc_believes_them_there(
    drive: Drive, machine: Machine, tmp_path: Path
) -> None:
    machine.remote("push")
    files = [item for item in drive.store.items.values() if item.content]
    for item in [each for each in files if not each.title.endswith(".dir")][:2]:
        del drive.store.items[item.id]
    assert "up to date" in machine.run("dvc", "push")
    assert "warning objects       4 of 6 objects there" in machine.remote("check")
    drive.asked.clear()
    assert "6 of 6 objects there" in machine.remote("push")
    assert drive.asked.count("upload") == 2
    assert drive.asked.count("get") < 6  # files are listed, not asked for one by one
    assert_arrived(machine, drive, tmp_path)
    short = next(item for item in drive.store.items.values() if len(item.content) > 100)
    short.content = short.content[:100]
    assert "6 of 6 objects there" in machine.remote("push")
    assert_arrived(machine, drive, tmp_path / "again")


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAITING_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_mounted_folder_and_drive_are_interchangeable(
    drive: Drive, machine: Machine, tmp_path: Path
) -> None:
    """The same folder, seen by an artist through Drive's API and by Colab as a mount."""
    mount = tmp_path / "drive" / "MyDrive" / "NasuTomo" / "dvc"
    mount.mkdir(parents=True)
    machine.run("dvc", "push")
    for name, content in uploaded(drive).items():
        (mount / name).parent.mkdir(parents=True, exist_ok=True)
        (mount / name).write_bytes(content)
    second = machine.second(tmp_path / "second")
    second.configure(str(mount), verify="true")
    second.run("dvc", "pull")
    assert second.digests() == machine.digests()
    (second.root / "data" / "new.png").write_bytes(b"drawn in Colab")
    second.run("dvc", "add", "--quiet", "data")
    assert "2 files pushed" in second.run("dvc", "push")
    for path in (path for path in mount.rglob("*") if path.is_file()):
        place = f"NasuTomo/dvc/{path.parent.relative_to(mount).as_posix()}"
        names = [item.title for item in drive.store.children([drive.folder(place)])]
        if path.name not in names:
            drive.store.add(path.name, drive.folder(place), "text/plain", path.read_bytes())
    shutil.copyfile(second.root / "data.dvc", machine.root / "data.dvc")
    machine.run("dvc", "pull")
    assert machine.digests() == second.digests()


def test_folder_without_verify_takes_a_corrupted_object_for_the_right_one(
    machine: Machine, tmp_path: Path
) -> None:
    """Why the check insists on verify."""
    shutil.copytree(machine.root / ".dvc" / "cache", tmp_path / "dvc")
    machine.configure(str(tmp_path / "dvc"), verify="true")
    objects = [path for path in (tmp_path / "dvc").rglob("*") if path.is_file()]
    broken = next(path for path in objects if path.suffix != ".dir" and path.stat().st_size)
    broken.chmod(0o644)
    broken.write_bytes(b"broken")
    machine.second(tmp_path / "second").run("dvc", "pull", code=1)
    machine.configure(str(tmp_path / "dvc"))
    machine.second(tmp_path / "third").run("dvc", "pull")


def test_first_check_signs_in_with_the_browser(machine: Machine, tmp_path: Path) -> None:
    shutil.rmtree(machine.home)
    browser = tmp_path / "browser.py"
    browser.write_text(
        f"#!{sys.executable}\n"
        "import sys, urllib.parse, urllib.request\n"
        "asked = urllib.parse.parse_qs(urllib.parse.urlsplit(sys.argv[1]).query)\n"
        "direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))\n"
        f"direct.open(asked['redirect_uri'][0] + '?code={CODE}').read()\n"
    )
    browser.chmod(0o755)
    keyboard, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "tools.remote", "check"],
        cwd=machine.root,
        env=machine.environment() | {"BROWSER": f"{browser} %s &"},
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output, _ = process.communicate(timeout=WAITING_SECONDS)
    os.close(keyboard)
    os.close(terminal)
    assert process.returncode == 0, output
    assert f"sign-in       {USER}" in output
    assert json.loads((machine.home / "cache/pydrive2fs" / CLIENT_ID / "default.json").read_text())
    assert f"sign-in       {USER}" in machine.remote("check")  # the sign-in was saved


def test_check_of_a_drive_in_order_leaves_nothing_behind(drive: Drive, machine: Machine) -> None:
    output = machine.remote("check")
    assert "FAILED" not in output
    for line in (
        f"gdrive: {DRIVE}",
        f"credentials   client {CLIENT_ID}",
        f"sign-in       {USER}",
        "clock         as Google's",
        "space         13.0 GB free",
        "folder        root/NasuTomo/dvc, 0 entries",
        "write, read   a file of 4096 bytes came back the same, and is deleted",
        "gdrive can be used",
    ):
        assert line in output
    assert uploaded(drive) == {}


def checked(machine: Machine) -> str:
    """Return what a check prints that fails.

    It runs in a copy of a process that has all modules loaded, unless they are what is wrong.
    """
    if "PYTHONPATH" in machine.variables:
        return machine.remote("check", code=1)
    output = machine.home.parent / "output"
    process = SERVER.Process(
        target=check_in, args=(machine.root, machine.environment(), output), daemon=True
    )
    process.start()
    process.join(timeout=WAITING_SECONDS)
    assert process.exitcode == 1
    return output.read_text(encoding="utf-8")


def check_in(folder: Path, environment: dict[str, str], output: Path) -> None:
    """Run a check as a process of its own would, for that machine."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    file = os.open(output, os.O_WRONLY | os.O_CREAT, 0o644)
    for stream in (1, 2):
        os.dup2(file, stream)
    sys.exit(main(["check"]))


def forget_folder(drive: Drive, _: Machine) -> None:
    drive.store.items.clear()


def forget_client(_: Drive, machine: Machine) -> None:
    machine.configure(DRIVE)


def forget_sign_in(_: Drive, machine: Machine) -> None:
    shutil.rmtree(machine.home)


def expire_sign_in(drive: Drive, _: Machine) -> None:
    drive.sign_in = "invalid_grant"


def mix_up_clients(drive: Drive, _: Machine) -> None:
    drive.sign_in = "invalid_client"


def fill_up(drive: Drive, _: Machine) -> None:
    drive.quota = (15 * 10**9, 15 * 10**9)


def set_clock_back(drive: Drive, _: Machine) -> None:
    drive.clock = 3600


def pull_the_plug(_: Drive, machine: Machine) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        machine.variables["https_proxy"] = f"http://127.0.0.1:{closed.getsockname()[1]}"


def scan_for_viruses(_: Drive, machine: Machine) -> None:
    del machine.variables["HTTPLIB2_CA_CERTS"]


def use_robot(drive: Drive, machine: Machine, url: str = DRIVE, key: str = "") -> None:
    machine.configure(
        url,
        gdrive_use_service_account="true",
        gdrive_service_account_json_file_path=key or str(drive.keys.robot),
    )


def use_robot_without_key(drive: Drive, machine: Machine) -> None:
    use_robot(drive, machine, key="/nowhere/robot.json")


def use_robot_with_the_key(content: bytes) -> Callable[[Drive, Machine], None]:
    def spoil(drive: Drive, machine: Machine) -> None:
        (machine.home / "robot.json").write_bytes(content)
        use_robot(drive, machine, key=str(machine.home / "robot.json"))

    return spoil


def damage_sign_in(_: Drive, machine: Machine) -> None:
    (machine.home / "cache" / "pydrive2fs" / CLIENT_ID / "default.json").write_text("{")


def damage_variable(_: Drive, machine: Machine) -> None:
    machine.variables["GDRIVE_CREDENTIALS_DATA"] = "robot.json"


def put_a_file_in_the_folder_s_place(_: Drive, machine: Machine) -> None:
    (machine.home / "file").touch()
    machine.configure(str(machine.home / "file"), verify="true")


def use_robot_in_a_folder_of_mine(drive: Drive, machine: Machine) -> None:
    use_robot(drive, machine, f"gdrive://{drive.folder('NasuTomo')}/dvc")


def use_robot_with_a_wrong_clock(drive: Drive, machine: Machine) -> None:
    use_robot(drive, machine, f"gdrive://{drive.store.shared()}/NasuTomo/dvc")
    set_clock_back(drive, machine)


def install_old_pydrive2(_: Drive, machine: Machine) -> None:
    info = machine.home / "PyDrive2-1.21.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: PyDrive2\nVersion: 1.21.2\n")
    machine.variables["PYTHONPATH"] = os.pathsep.join([str(machine.home), str(PROJECT)])


def install_what_pip_chose(_: Drive, machine: Machine) -> None:
    """Put pyOpenSSL 22 beside cryptography 50, or what comes of it."""
    (machine.home / "OpenSSL").mkdir()
    error = "module 'lib' has no attribute 'GEN_EMAIL'"
    (machine.home / "OpenSSL" / "__init__.py").write_text(f"raise AttributeError({error!r})\n")
    machine.variables["PYTHONPATH"] = os.pathsep.join([str(machine.home), str(PROJECT)])


def fault(operation: str, kind: str) -> Callable[[Drive, Machine], None]:
    return lambda drive, _: drive.faults.append(Fault(operation, kind, times=1000))


def folder(path: str, **settings: str) -> Callable[[Drive, Machine], None]:
    return lambda _, machine: machine.configure(str(machine.home / path), **settings)


@pytest.mark.parametrize(
    ("spoil", "check", "remedy"),
    [
        (forget_folder, "folder", "make the folder first"),
        (forget_client, "credentials", "easiest, on a Mac and in Colab: the mounted folder; else"),
        (forget_client, "credentials", "make an OAuth client of your own"),
        (forget_sign_in, "sign-in", "in a terminal of a computer with a browser"),
        (expire_sign_in, "sign-in", f"pydrive2fs/{CLIENT_ID}/default.json and run this check"),
        (mix_up_clients, "sign-in", "client id and secret don't belong together"),
        (fill_up, "space", "empty the Drive's trash"),
        (pull_the_plug, "sign-in", "see to the network"),
        (scan_for_viruses, "sign-in", "let googleapis.com pass"),
        (use_robot, "credentials", "use a Shared Drive"),
        (use_robot_without_key, "credentials", "gdrive_service_account_json_file_path …; if the"),
        (use_robot_without_key, "credentials", "make a new JSON key"),
        (use_robot_with_the_key(b"no JSON"), "credentials", "make a new JSON key"),
        (use_robot_with_the_key(b"\xff\xfe"), "credentials", "correct the path"),
        (use_robot_with_the_key(b"[1]"), "credentials", "correct the path"),
        (use_robot_with_the_key(b"{}"), "credentials", "correct the path"),
        (damage_sign_in, "credentials", f"pydrive2fs/{CLIENT_ID}/default.json and run this check"),
        (damage_variable, "credentials", "unset GDRIVE_CREDENTIALS_DATA"),
        (use_robot_in_a_folder_of_mine, "space", "use a Shared Drive"),
        (use_robot_with_a_wrong_clock, "sign-in", "set this computer's clock"),
        (install_old_pydrive2, "packages", "pip install -r requirements.txt"),
        (install_what_pip_chose, "packages", "pip install -r requirements.txt"),
        (fault("about", "not enabled"), "sign-in", "enable the Google Drive API"),
        (fault("start", "forbidden"), "write, read", "share the folder as Editor"),
        (fault("start", "too many"), "write, read", "wait a minute"),
        (fault("download", "corrupt"), "write, read", "don't use this remote"),
        (folder("remote", verify="true"), "folder", "mkdir -p"),
        (put_a_file_in_the_folder_s_place, "folder", "correct the url"),
        (folder("MyDrive/NasuTomo/dvc", verify="true"), "mounted", "drive.mount"),
    ],
)
def test_check_names_what_is_wrong_and_what_to_do(
    drive: Drive,
    machine: Machine,
    spoil: Callable[[Drive, Machine], None],
    check: str,
    remedy: str,
) -> None:
    spoil(drive, machine)
    output = checked(machine)
    wrong = output.splitlines()
    at = next(n for n, line in enumerate(wrong) if line.startswith("  FAILED"))
    assert wrong[at].startswith(f"  FAILED  {check:<14}")
    assert remedy in wrong[at + 1]
    assert not wrong[at + 2].isascii()  # and in Japanese
    assert "remote: error: gdrive can't be used yet" in output
    assert len(wrong) < 24


@pytest.mark.parametrize("content", [None, b"no JSON", b"{}"])
def test_check_names_the_key_file_that_is_wrong(
    drive: Drive, machine: Machine, content: bytes | None
) -> None:
    key = machine.home / "robot.json"
    if content is not None:
        key.write_bytes(content)
    use_robot(drive, machine, key=str(key))
    line = next(line for line in checked(machine).splitlines() if "FAILED" in line)
    assert str(key) in line


@pytest.mark.parametrize(
    ("spoil", "check", "remedy"),
    [
        (set_clock_back, "clock", "set this computer's clock"),
        (folder("cache"), "verify", "dvc remote modify --local gdrive verify true"),
    ],
)
def test_what_lets_a_push_succeed_is_a_warning(
    drive: Drive,
    machine: Machine,
    spoil: Callable[[Drive, Machine], None],
    check: str,
    remedy: str,
) -> None:
    spoil(drive, machine)
    output = machine.remote("check", "gdrive")
    lines = output.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith(f"  warning {check:<14}"))
    assert remedy in lines[at + 1]
    assert not lines[at + 2].isascii()
    assert "FAILED" not in output
    assert "gdrive can be used, but see the warning / 使えますが" in output
    assert "python -m tools.remote push gdrive, dvc pull --remote gdrive" in output


def test_remote_of_another_kind_gets_one_clear_line(machine: Machine) -> None:
    machine.configure("https://example.com/dvc")
    output = machine.remote("check", code=1)
    assert "remote: error: https can't be checked here; dvc push and dvc pull say" in output
    for url in ("s3://bucket/dvc", "ssh://example.com/dvc"):
        machine.configure(url)
        for action in ("check", "push"):
            output = machine.remote(action, code=1)
            assert len(output.splitlines()) == 1
            assert "to be installed; install it, or use Google Drive" in output
            assert "docs/drive.ja.md のどれかの方法" in output


@pytest.mark.parametrize(
    "error",
    [
        ImportError("gdrive is supported, but requires 'dvc-gdrive' to be installed"),
        RemoteMissingDepsError(None, "gdrive", DRIVE, ["pydrive2"]),
    ],
)
def test_missing_package_of_google_drive_is_told_in_one_line(
    error: Exception,
    machine: Machine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def get_remote(*_: object) -> None:
        raise error

    monkeypatch.chdir(machine.root)
    monkeypatch.setattr("dvc.data_cloud.DataCloud.get_remote", get_remote)
    assert main(["check"]) == 1
    said = capsys.readouterr().err
    assert "pip install -r requirements.txt" in said
    assert "--> " not in said
    assert not said.isascii()


def test_check_of_a_folder_in_order(machine: Machine) -> None:
    machine.configure(str(machine.home / "cache"), verify="true")
    output = machine.remote("check", "gdrive")
    assert "warning objects       0 of 6 objects there" in output
    assert "gdrive can be used, but see the warning" in output
    assert [path.name for path in (machine.home / "cache").iterdir()] == ["pydrive2fs"]
    machine.run("dvc", "push")
    output = machine.remote("check", "gdrive")
    assert "verify        true" in output
    assert "ok      objects       6 of 6 objects there" in output
    assert "gdrive can be used / 使えます: python -m tools.remote push gdrive" in output


def test_remote_that_is_not_configured_is_named(machine: Machine) -> None:
    assert "remote 'gdriev' doesn't exist" in machine.remote("check", "gdriev", code=1)
    machine.configure(DRIVE, gdrive_use_service_account="true")
    assert "gdrive_service_account_json_file_path" in machine.remote("check", code=1)
