"""Start a script as `accelerate launch` does: in a process of its own, failures made opaque."""

import argparse
import subprocess
import sys


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for option in ("num_cpu_threads_per_process", "num_processes", "num_machines"):
        parser.add_argument(f"--{option}", type=int)
    parser.add_argument("--dynamo_backend")
    parser.add_argument("script")
    parser.add_argument("words", nargs=argparse.REMAINDER)
    args = parser.parse_args()
    words = [sys.executable, args.script, *args.words]
    process = subprocess.Popen(words)
    process.wait()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)


if __name__ == "__main__":
    main()
