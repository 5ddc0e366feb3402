#!/usr/bin/python3
"""Runs Weft and the peers that are installed alternately, and writes what came out: every repetition as JSON, a picture
(SVG) and a table (Markdown). `./dev bench --compare` calls it; see README.md."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys

from targets import TARGETS

BENCH = pathlib.Path(__file__).resolve().parent
WORKLOADS = [f"W{i}" for i in range(1, 12)]
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"


# --- what was printed --------------------------------------------------------


def read_lines(text):
    """{(peer, workload, metric): (value, unit)} of the `_best` lines: with one repetition it is that repetition."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) == 5 and words[1] in WORKLOADS and words[2].endswith("_best"):
            peer, workload, metric, value, unit = words
            found[peer, workload, metric.removesuffix("_best")] = (float(value), unit)
    return found


def more_is_better(unit):
    return unit.endswith("/s")


def collect(rounds):
    """One row per metric, with all its repetitions, from what read_lines gave for each round."""
    rows = {}
    for each in rounds:
        for (peer, workload, metric), (value, unit) in each.items():
            key = f"{peer} {workload} {metric}"
            rows.setdefault(key, {"unit": unit, "values": []})["values"].append(value)
    for row in rows.values():
        row["best"] = (max if more_is_better(row["unit"]) else min)(row["values"])
        row["median"] = statistics.median(row["values"])
    return rows


# --- what it means -----------------------------------------------------------


def judge(rows):
    """For each target of which both sides were measured: (target, Weft's best, the peer's best or None, ratio or the
    figure itself, whether it is met)."""
    found = []
    for target in TARGETS:
        if target.weft not in rows or (target.peer and target.peer not in rows):
            continue
        ours = rows[target.weft]["best"]
        theirs = rows[target.peer]["best"] if target.peer else None
        if theirs == 0:
            continue
        reached = ours / theirs if target.peer else ours
        met = reached >= target.factor if target.at_least else reached <= target.factor
        found.append((target, ours, theirs, reached, met))
    return found


def figure(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def table(result):
    """The Markdown that goes between the README's markers."""
    machine, rows = result["machine"], result["rows"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    lines = [
        f"{result['date']}, {machine['processor']}, {machine['cores']} cores, Linux {machine['kernel']}, "
        f"{machine['compiler']}; {versions}. Best of {result['rounds']} rounds, all programs in turn"
        + ("." if result["scale"] == 100 else f", at {result['scale']} % of the tasks."),
        "",
        "| Weft | best | median | unit | peer's best | ratio | target | met |",
        "|---|---:|---:|---|---:|---:|---|---|",
    ]
    for target, ours, theirs, reached, met in judge(rows):
        row = rows[target.weft]
        lines.append(
            f"| {target.weft} | {figure(ours)} | {figure(row['median'])} | {row['unit']} | {figure(theirs)} | "
            f"{figure(reached) if target.peer else ''} | {target.said()} | {'yes' if met else '**no**'} |"
        )
    return "\n".join(lines) + "\n"


def put_between_markers(text, what):
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the markers {BEGIN} and {END} are missing")
    return f"{before}{BEGIN}\n{what}{END}{after}"


def draw(rows, to):
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    wanted = [("throughput", ["W1", "W3", "W4", "W5"], "tasks/s"), ("hop", ["W2"], "us"), ("round_trip", ["W6"], "us")]
    wanted = [each for each in wanted if any(f" {each[1][0]} {each[0]}" in key for key in rows)]
    if not wanted:
        return False
    colours = {peer: f"C{i}" for i, peer in enumerate(sorted({key.split()[0] for key in rows}))}
    drawn = {}
    picture, charts = pyplot.subplots(1, len(wanted), figsize=(5 * len(wanted), 4), squeeze=False)
    for chart, (metric, workloads, unit) in zip(charts[0], wanted):
        peers = sorted({key.split()[0] for key in rows if key.split()[2] == metric and key.split()[1] in workloads})
        for i, peer in enumerate(peers):
            bars = [(k, rows[f"{peer} {w} {metric}"]["best"]) for k, w in enumerate(workloads) if f"{peer} {w} {metric}" in rows]
            width = 0.8 / len(peers)
            places, heights = [k + i * width for k, _ in bars], [value for _, value in bars]
            drawn[peer] = chart.bar(places, heights, width, color=colours[peer], align="edge")
        chart.set_xticks([k + 0.4 for k in range(len(workloads))], workloads)
        chart.set_yscale("log")
        chart.set_title(f"{metric}, {unit} ({'more' if more_is_better(unit) else 'less'} is better)")
    picture.tight_layout(rect=(0, 0.08, 1, 1))
    picture.legend(drawn.values(), drawn.keys(), loc="lower center", ncols=len(drawn))
    picture.savefig(to)
    return True


# --- running -----------------------------------------------------------------


def program_lines(folder):
    """Command lines of what is built or installed, and a sentence about each peer that is not."""
    programs, missing = [], []
    for mode in ("inproc", "procs"):
        programs.append([str(folder / "weft_bench"), mode])
    programs.append([str(folder / "weft_scheduler_bench")])
    for name in ("limit", "tbb", "starpu"):
        path = folder / f"{name}_bench"
        if path.exists():
            programs.append([str(path)])
        else:
            missing.append(f"{name} is skipped: it was not built, because its package is not installed")
    mpirun = ["mpirun", "--allow-run-as-root", "--bind-to", "core", "-np", "2", "--mca", "btl_tcp_if_include", "lo"]
    if (folder / "mpi_bench").exists() and shutil.which("mpirun"):
        for word, transport in (("tcp", "self,tcp"), ("shm", "self,vader")):
            programs.append([*mpirun, "--mca", "btl", transport, str(folder / "mpi_bench"), word])
    else:
        missing.append("mpi is skipped: it was not built, because its package is not installed")
    if subprocess.run(["/usr/bin/python3", "-c", "import distributed, numpy"], capture_output=True).returncode == 0:
        programs.append(["/usr/bin/python3", str(BENCH / "peers" / "dask_bench.py")])
    else:
        missing.append("dask is skipped: python3-distributed or python3-numpy is not installed")
    return programs, missing


def offers(program):
    """The workloads of a program, from its --help."""
    said = subprocess.run([*program, "--help"], capture_output=True, text=True)
    return [word for word in WORKLOADS if word in said.stdout.replace("[", " ").replace("]", " ").split()]


def run_once(program, workload, scale):
    line = [*program, workload, "--repeat", "1", "--scale", str(scale)]
    environment = {**os.environ, "STARPU_SILENT": "1", "HWLOC_HIDE_ERRORS": "2"}
    done = subprocess.run(line, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        print(f"compare: {' '.join(line)} failed:\n{done.stderr}", file=sys.stderr)
    return read_lines(done.stdout)


def run_rounds(programs, workloads, rounds, scale):
    """Each round runs every program, so that what disturbs the machine disturbs all of them."""
    able = [(program, offers(program)) for program in programs]
    results = []
    for i in range(rounds):
        found = {}
        for workload in workloads:
            for program, names in able:
                if workload in names:
                    found |= run_once(program, workload, scale)
        print(f"compare: round {i + 1} of {rounds}: {len(found)} figures", flush=True)
        results.append(found)
    return results


def machine_facts():
    processor = platform.processor() or platform.machine()
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.splitlines()
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "compiler": compiler[0] if compiler else "unknown",
    }


def versions():
    packages = {
        "oneTBB": "libtbb-dev",
        "StarPU": "libstarpu-dev",
        "OpenMPI": "libopenmpi-dev",
        "dask.distributed": "python3-distributed",
    }
    found = {}
    for name, package in packages.items():
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
        if asked.returncode == 0 and asked.stdout:
            found[name] = asked.stdout
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=" ".join(WORKLOADS))
    parser.add_argument("--programs", type=pathlib.Path, required=True, help="the folder of the built programs")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scale", type=int, default=100, help="percent of the full number of tasks")
    parser.add_argument("--results", type=pathlib.Path, default=BENCH / "results")
    parser.add_argument("--readme", type=pathlib.Path, help="put the table between this file's markers")
    told = parser.parse_args()
    unknown = [name for name in told.workloads if name not in WORKLOADS]
    if unknown:
        parser.error(f"what is {unknown[0]}?")

    programs, missing = program_lines(told.programs)
    for sentence in missing:
        print(f"compare: {sentence}")
    rounds = run_rounds(programs, told.workloads or WORKLOADS, told.rounds, told.scale)
    result = {
        "date": datetime.date.today().isoformat(),
        "machine": machine_facts(),
        "versions": versions(),
        "rounds": told.rounds,
        "scale": told.scale,
        "rows": collect(rounds),
    }
    told.results.mkdir(parents=True, exist_ok=True)
    path = told.results / result["date"]
    path.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    text = table(result)
    path.with_suffix(".md").write_text(text)
    drawn = False
    try:
        drawn = draw(result["rows"], path.with_suffix(".svg"))
    except ImportError:
        print("compare: no picture: python3-matplotlib is not installed")
    if told.readme:
        told.readme.write_text(put_between_markers(told.readme.read_text(), text))
    print(text)
    print(f"compare: {path}.json, {path}.md" + (f", {path}.svg" if drawn else ""))
    return 0 if result["rows"] else 1


if __name__ == "__main__":
    sys.exit(main())
