"""Checks by the real runners, each with honest work and with every way to seem good (F5)."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mas.adapters.executors.local import LocalExecutor
from mas.adapters.executors.local_sandbox import LocalSandbox
from mas.core.errors import UserError
from mas.core.executors import Command, CommandOutcome, ExecutorKind, Sandbox
from mas.teams.fanout.checks.detecting import detect
from mas.teams.fanout.checks.model import Check, Checked, CheckRun
from mas.teams.fanout.checks.naming import given_checks
from mas.teams.fanout.checks.running import CheckPlace, run_checks
from mas.teams.fanout.checks.tampering import Change, find_edits
from mas.teams.fanout.checks.wording import say

LIMIT = 90.0
SLOW = 8 * LIMIT
"""Seconds for those that compile the library of their language first."""
Files = Mapping[str, str]


class Unisolated:
    """A sandbox executor that isolates nothing, for machines without any means to."""

    kind: ExecutorKind = "local"
    python = "python3"

    def __init__(self, path: str) -> None:
        self.path = path
        self._local = LocalExecutor()

    def inside(self, sandbox: Sandbox, path: Path) -> str:
        return str(path)

    async def run(self, command: Command) -> CommandOutcome:
        return await self._local.run(replace(command, sandbox=None))

    async def ready(self) -> str:
        return "nothing"

    async def sweep(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        return ()


@dataclass(kw_only=True)
class World:
    """A run folder whose commits are plain sets of files."""

    root: Path
    place: CheckPlace
    commits: dict[str, Files] = field(default_factory=dict)

    def commit(self, name: str, *layers: Files, without: Sequence[str] = ()) -> str:
        files = {path: text for layer in layers for path, text in layer.items()}
        self.commits[name] = {path: text for path, text in files.items() if path not in without}
        return name

    async def check(
        self, commit: str, *checks: Check, base: Checked | None = None, honest: bool = True
    ) -> Checked:
        """Run checks on a commit, with those files of the base that the agent had edited."""
        edits = ()
        if base is not None and not honest:
            old, new = self.commits["base"], self.commits[commit]
            changes = [
                Change(path=one, change="D" if one not in new else "M" if one in old else "A")
                for one in sorted({*old, *new})
                if old.get(one) != new.get(one)
            ]

            async def read(path: str) -> tuple[bytes | None, bytes | None]:
                pair = [side.get(path) for side in (old, new)]
                before, after = (one.encode() if one is not None else None for one in pair)
                return before, after

            edits = await find_edits(changes, files=old, checks=checks, read=read)
            assert edits
        async with asyncio.timeout(SLOW):
            return await run_checks(
                self.place, checks, commit, base=base, edits=edits, base_commit="base"
            )

    async def run(self, commit: str, *checks: Check, base: Checked | None = None) -> CheckRun:
        """The only run of the only check."""
        (run,) = (await self.check(commit, *checks, base=base)).runs
        return run

    async def detected(self, commit: str = "base") -> tuple[Check, ...]:
        files = self.commits[commit]

        async def read(path: str) -> bytes | None:
            return files[path].encode() if path in files else None

        return await detect(files, read)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with world_of(tmp_path) as made:
        yield made
        assert not list(made.place.folder.iterdir()), "a check has left its folder behind"


@asynccontextmanager
async def world_of(root: Path, **environment: str) -> AsyncIterator[World]:
    made: World

    async def checkout(
        commit: str, folder: Path, *, restore: Sequence[str] = (), restore_from: str | None = None
    ) -> None:
        files = dict(made.commits[commit])
        for path in restore:
            files.pop(path, None)
            if restore_from and path in made.commits[restore_from]:
                files[path] = made.commits[restore_from][path]
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    async def remove(folder: Path) -> None:
        await asyncio.to_thread(shutil.rmtree, folder)

    (root / "checks").mkdir()
    place = CheckPlace(
        root=root,
        folder=root / "checks",
        executor=await executor(),
        checkout=checkout,
        remove=remove,
        deadline=timedelta(seconds=SLOW / 4),
        programs=(rust(),) if shutil.which("rustc") else (),
        environment={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
    )
    made = World(root=root, place=place)
    yield made


def search_path() -> str:
    """Where this Python, its pytest, and the other runners are."""
    found = [str(Path(sys.executable).parent), os.defpath]
    found += [str(Path(where).parent) for name in ("node", "go") if (where := shutil.which(name))]
    if shutil.which("rustc"):
        found.append(f"{rust()}/bin")
    return os.pathsep.join(dict.fromkeys(os.pathsep.join(found).split(os.pathsep)))


def rust() -> Path:
    """Where the tools of Rust are, whatever stands for them on the PATH."""
    asked = ["rustc", "--print", "sysroot"]
    return Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())


async def executor() -> LocalSandbox | Unisolated:
    sandbox = LocalSandbox(search_path())
    try:
        await sandbox.ready()
    except UserError:
        return Unisolated(search_path())
    return sandbox


def words(run: CheckRun) -> str:
    return f"{say(run.reason, 'en')}\n{run.output}"


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not here")


PYTHON = {
    "shop.py": "def price(n):\n    return n * 2\n\ndef name():\n    return 'shop'\n",
    "tests/test_shop.py": "import shop\n\n"
    "def test_price():\n    assert shop.price(2) == 4\n\n"
    "def test_name():\n    assert shop.name() == 'shop'\n",
}
PYTEST = given_checks(["python3 -m pytest -q -p no:cacheprovider"])
BROKEN = {"shop.py": "def price(n):\n    return n * 3\n\ndef name():\n    return 'shop'\n"}
EXITS = {"shop.py": "import os\ndef price(n):\n    os._exit(0)\ndef name():\n    return 'shop'\n"}


async def test_f5_pytest_is_detected_and_honest_work_passes_with_its_tests_counted(
    world: World,
) -> None:
    world.commit("base", PYTHON)
    checks = await world.detected()
    assert [check.argv for check in checks] == [("python3", "-m", "pytest")]
    run = await world.run("base", *checks)
    assert run.passed, words(run)
    assert run.tests is not None
    assert (run.tests.passed, run.tests.total, run.exit_code) == (2, 2, 0)


async def test_f5_a_failing_test_is_named_and_is_a_regression_against_the_base(
    world: World,
) -> None:
    world.commit("base", PYTHON)
    world.commit("agent", PYTHON, BROKEN)
    base = await world.check("base", *PYTEST)
    (run,) = (checked := await world.check("agent", *PYTEST, base=base)).runs
    assert not run.passed
    assert run.failed_tests == ("tests.test_shop::test_price",)
    assert checked.regressions == ("tests.test_shop::test_price",)
    assert "1 of 2 tests failed" in words(run)


@pytest.mark.parametrize(
    "ending",
    ["import os; os._exit(0)", "import pytest; pytest.exit('done', returncode=0)"],
    ids=["os._exit", "pytest.exit"],
)
async def test_f5_work_that_ends_pytest_early_does_not_pass(world: World, ending: str) -> None:
    early = {"shop.py": f"def price(n):\n    {ending}\ndef name():\n    return 'shop'\n"}
    run = await world.run(world.commit("agent", PYTHON, early), *PYTEST)
    assert run.exit_code == 0
    assert not run.passed, words(run)
    assert run.reason.key in ("check.no_report", "check.early")


@pytest.mark.parametrize("mark", ["skip", "xfail"])
async def test_f5_work_that_has_tests_of_the_base_skipped_does_not_pass(
    world: World, mark: str
) -> None:
    world.commit("base", PYTHON)
    text = (
        f"def price(n):\n    import pytest; pytest.{mark}('no')\ndef name():\n    return 'shop'\n"
    )
    world.commit("agent", PYTHON, {"shop.py": text})
    base = await world.check("base", *PYTEST)
    (run,) = (checked := await world.check("agent", *PYTEST, base=base)).runs
    assert run.exit_code == 0
    assert not run.passed, words(run)
    assert run.missing == 1
    assert "test_price" in words(run)
    assert checked.regressions == ("tests.test_shop::test_price",)


async def test_f5_pytest_without_any_test_does_not_pass(world: World) -> None:
    run = await world.run(world.commit("base", {"shop.py": ""}), *PYTEST)
    assert not run.passed
    assert run.reason.key == "check.no_tests", words(run)


@needs("make")
async def test_f5_an_early_end_is_seen_when_pytest_is_hidden_behind_make(world: World) -> None:
    makefile = {"Makefile": "test:\n\t@python3 -m pytest -q -p no:cacheprovider\n"}
    world.commit("base", PYTHON, makefile)
    world.commit("agent", PYTHON, makefile, EXITS)
    checks = given_checks(["make test"])
    base = await world.check("base", *checks)
    assert base.runs[0].passed, words(base.runs[0])
    assert base.runs[0].tests is not None
    assert base.runs[0].tests.passed == 2
    (run,) = (checked := await world.check("agent", *checks, base=base)).runs
    assert run.exit_code == 0
    assert not run.passed, words(run)
    assert len(checked.regressions) == 2


@needs("make")
async def test_f5_make_test_is_detected_where_nothing_else_is_and_goes_by_exit_code(
    world: World,
) -> None:
    world.commit("base", {"Makefile": "test:\n\tgrep -q good state\n", "state": "good\n"})
    world.commit("agent", world.commits["base"], {"state": "bad\n"})
    checks = await world.detected()
    assert [check.argv for check in checks] == [("make", "test")]
    base = await world.check("base", *checks)
    assert base.runs[0].passed
    assert "exit code only" in words(base.runs[0])
    (run,) = (checked := await world.check("agent", *checks, base=base)).runs
    assert not run.passed
    assert checked.regressions == ("make test",)


async def test_f5_a_weakened_test_is_found_and_both_runs_are_told(world: World) -> None:
    world.commit("base", PYTHON)
    weak = {"tests/test_shop.py": "def test_price():\n    pass\n"}
    world.commit("agent", PYTHON, BROKEN, weak)
    base = await world.check("base", *PYTEST)
    checked = await world.check("agent", *PYTEST, base=base, honest=False)
    (left,), (run,) = checked.as_left, checked.runs
    assert left.passed, words(left)
    assert not left.restored
    assert not run.passed
    assert run.restored
    assert run.failed_tests == ("tests.test_shop::test_price",)


async def test_f5_a_conftest_that_makes_everything_pass_is_taken_out_again(world: World) -> None:
    world.commit("base", PYTHON)
    hook = (
        "import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_pyfunc_call(pyfuncitem):\n    return True\n"
    )
    world.commit("agent", PYTHON, BROKEN, {"conftest.py": hook})
    base = await world.check("base", *PYTEST)
    checked = await world.check("agent", *PYTEST, base=base, honest=False)
    assert checked.as_left[0].passed
    assert not checked.runs[0].passed


UNITTEST = {
    "shop.py": PYTHON["shop.py"],
    "test_shop.py": "import shop, unittest\n\n"
    "class T(unittest.TestCase):\n"
    "    def test_price(self):\n        self.assertEqual(shop.price(2), 4)\n"
    "    def test_zname(self):\n        self.assertEqual(shop.name(), 'shop')\n",
}


async def test_f5_unittest_is_held_to_its_summary(world: World) -> None:
    world.commit("base", UNITTEST)
    checks = given_checks(["python3 -m unittest -q"])
    base = await world.check("base", *checks)
    (good,) = base.runs
    assert good.passed, words(good)
    assert good.tests is not None
    assert good.tests.passed == 2
    bad = await world.run(world.commit("bad", UNITTEST, BROKEN), *checks, base=base)
    assert not bad.passed
    assert bad.tests is not None
    assert (bad.tests.passed, bad.tests.failed) == (1, 1)
    early = await world.run(world.commit("early", UNITTEST, EXITS), *checks, base=base)
    assert (early.exit_code, early.passed) == (0, False), words(early)
    none = await world.run(world.commit("none", UNITTEST, without=["test_shop.py"]), *checks)
    assert not none.passed
    assert none.reason.key == "check.no_tests", words(none)


NODE = {
    "package.json": '{"type": "module", "scripts": {"test": "node --test"}}',
    "shop.js": "export const price = n => n * 2;\n",
    "shop.test.js": "import test from 'node:test';\nimport assert from 'node:assert';\n"
    "import { price } from './shop.js';\n"
    "test('price', () => assert.equal(price(2), 4));\n"
    "test('zero', () => assert.equal(price(0), 0));\n",
}


@needs("npm")
async def test_f5_npm_test_is_detected_and_held_to_what_its_runner_says(world: World) -> None:
    world.commit("base", NODE)
    checks = await world.detected()
    assert [check.argv for check in checks] == [("npm", "test")]
    base = await world.check("base", *checks)
    (good,) = base.runs
    assert good.passed, words(good)
    assert good.tests is not None
    assert good.tests.passed == 2
    wrong = {"shop.js": "export const price = n => n * 3;\n"}
    bad = await world.check(world.commit("bad", NODE, wrong), *checks, base=base)
    assert bad.regressions == ("price",)
    assert not bad.runs[0].passed
    exits = {"shop.js": "export const price = n => process.exit(0);\n"}
    early = await world.run(world.commit("early", NODE, exits), *checks, base=base)
    assert (early.exit_code, early.passed) == (0, False), words(early)
    alone = await world.run("early", *checks)
    assert not alone.passed, words(alone)


async def test_f5_a_check_of_any_program_goes_by_its_exit_code_and_says_so(world: World) -> None:
    world.commit("base", {"verify.py": "import sys\nprint('looks good')\nsys.exit(0)\n"})
    world.commit("agent", {"verify.py": "import sys\nsys.exit(3)\n"})
    checks = given_checks(["python3 verify.py"])
    base = await world.check("base", *checks)
    assert base.runs[0].passed
    assert base.runs[0].tests is None
    assert "exit code only" in words(base.runs[0])
    assert "looks good" in base.runs[0].output
    run = await world.run("agent", *checks, base=base)
    assert (run.passed, run.exit_code) == (False, 3)


async def test_f5_a_check_that_does_not_end_is_stopped_at_its_deadline(world: World) -> None:
    world.place = replace(world.place, deadline=timedelta(seconds=5))
    world.commit("base", {"slow.py": "import time\nprint('begun', flush=True)\ntime.sleep(600)\n"})
    run = await world.run("base", *given_checks(["python3 slow.py"]))
    assert (run.passed, run.ended, run.exit_code) == (False, "deadline", None)
    assert run.output == "begun"


async def test_f5_a_flood_of_undecodable_output_is_kept_within_bounds(world: World) -> None:
    flood = (
        "import sys\n"
        "for _ in range(240):\n    sys.stdout.buffer.write(b'\\xff\\xfe\\x1b[31m' * 10_000)\n"
        "print('the end')\n"
    )
    run = await world.run(
        world.commit("base", {"flood.py": flood}), *given_checks(["python3 flood.py"])
    )
    assert run.passed, words(run)
    assert run.output_bytes > 16_000_000
    assert len(run.output) <= 4_000
    assert run.output.endswith("the end")
    assert "\x1b" not in run.output


async def test_f5_a_program_that_is_not_there_is_said_and_no_error(world: World) -> None:
    run = await world.run(world.commit("base", PYTHON), *given_checks(["no-such-runner --all"]))
    assert (run.passed, run.ended) == (False, "not_started")
    assert "no-such-runner" in words(run)


async def test_q3_a_check_sees_only_what_it_is_given(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAS_CANARY", "canary-of-this-process")
    text = "import os\nprint(sorted(os.environ))\nprint(os.environ['HOME'], os.getcwd())\n"
    run = await world.run(
        world.commit("base", {"show.py": text}), *given_checks(["python3 show.py"])
    )
    assert run.passed, words(run)
    for name in ("CI", "HOME", "LANG", "PATH", "TMPDIR"):
        assert f"'{name}'" in run.output
    assert "MAS_CANARY" not in run.output
    home, folder = run.output.split("\n")[-1].split()
    assert home.startswith(str(world.place.folder))
    assert not Path(home).is_relative_to(folder)


async def test_f5_a_report_that_is_a_link_or_a_pipe_is_none(world: World) -> None:
    for name, trick in (
        ("link", "os.symlink('/etc/hostname', path)"),
        ("pipe", "os.mkfifo(path)"),
        ("entities", "open(path, 'w').write('<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>')"),
    ):
        text = (
            "import os, shlex\n"
            "path = shlex.split(os.environ['PYTEST_ADDOPTS'])[0].partition('=')[2]\n"
            f"{trick}\nos._exit(0)\n"
        )
        run = await world.run(world.commit(name, PYTHON, {"shop.py": text}), *PYTEST)
        assert (run.exit_code, run.passed) == (0, False), words(run)


async def test_s2_a_cancelled_check_leaves_neither_process_nor_folder(world: World) -> None:
    text = "import time\nopen('begun', 'w').close()\ntime.sleep(600)\n"
    world.commit("base", {"slow.py": text})
    begun: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    checkout = world.place.checkout

    async def with_pipe(commit: str, folder: Path, **more: Any) -> None:
        await checkout(commit, folder, **more)
        os.mkfifo(folder / "begun")
        (folder / "begun").chmod(0o666)
        begun.set_result(folder / "begun")

    place = replace(world.place, checkout=with_pipe)
    task = asyncio.create_task(run_checks(place, given_checks(["python3 slow.py"]), "base"))
    async with asyncio.timeout(LIMIT):
        await asyncio.to_thread((await begun).read_bytes)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not list(place.folder.iterdir())


GO = {
    "go.mod": "module shop\n\ngo 1.20\n",
    "shop.go": "package shop\n\nfunc Price(n int) int { return n * 2 }\n",
    "shop_test.go": 'package shop\n\nimport "testing"\n\n'
    "func TestPrice(t *testing.T) {\n\tif Price(2) != 4 {\n\t\tt.Fatal(Price(2))\n\t}\n}\n"
    "func TestZero(t *testing.T) {\n\tif Price(0) != 0 {\n\t\tt.Fatal()\n\t}\n}\n",
}


@pytest.mark.e2e
@pytest.mark.timeout(SLOW)
@needs("go")
async def test_f5_go_test_is_detected_and_an_early_exit_does_not_pass(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.commit("base", GO)
        checks = await world.detected()
        assert [check.argv for check in checks] == [("go", "test", "./...")]
        base = await world.check("base", *checks)
        (good,) = base.runs
        assert good.passed, words(good)
        assert good.tests is not None
        assert good.tests.passed == 2
        assert "ok" in good.output
        # Each run compiles the library anew, so that one has both faults.
        wrong = {
            "shop.go": "package shop\n\nfunc Price(n int) int { return n * 3 }\n",
            "stock/stock.go": 'package stock\n\nimport "os"\n\nfunc init() { os.Exit(0) }\n',
            "stock/stock_test.go": 'package stock\n\nimport "testing"\n\n'
            "func TestStock(t *testing.T) {}\n",
        }
        bad = await world.check(world.commit("bad", GO, wrong), *checks, base=base)
        (run,) = bad.runs
        assert not run.passed
        assert run.reason.key == "check.early", words(run)
        assert run.failed_tests == ("shop.TestPrice",)
        assert bad.regressions == ("shop.TestPrice",)


CARGO = {
    "Cargo.toml": '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": "pub fn price(n: i32) -> i32 { n * 2 }\n",
    "tests/price.rs": "#[test]\nfn price() { assert_eq!(shop::price(2), 4); }\n"
    "#[test]\nfn zero() { assert_eq!(shop::price(0), 0); }\n",
}


@pytest.mark.e2e
@pytest.mark.timeout(SLOW)
@needs("cargo")
async def test_f5_cargo_test_is_detected_and_an_early_exit_does_not_pass(tmp_path: Path) -> None:
    async with world_of(tmp_path) as world:
        world.commit("base", CARGO)
        checks = await world.detected()
        assert [check.argv for check in checks] == [("cargo", "test")]
        base = await world.check("base", *checks)
        (good,) = base.runs
        assert good.passed, words(good)
        assert good.tests is not None
        assert good.tests.passed == 2
        wrong = {"src/lib.rs": "pub fn price(n: i32) -> i32 { n * 3 }\n"}
        bad = await world.check(world.commit("bad", CARGO, wrong), *checks, base=base)
        assert not bad.runs[0].passed
        assert len(bad.regressions) == 1
        assert "price" in bad.regressions[0]
        exits = {"src/lib.rs": "pub fn price(_: i32) -> i32 { std::process::exit(0) }\n"}
        early = await world.run(world.commit("early", CARGO, exits), *checks)
        assert (early.exit_code, early.passed) == (0, False), words(early)
        none = await world.run(world.commit("none", CARGO, without=["tests/price.rs"]), *checks)
        assert not none.passed
        assert none.reason.key == "check.no_tests", words(none)
