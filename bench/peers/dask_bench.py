#!/usr/bin/python3
"""The workloads on dask.distributed, two worker processes with one thread each and default settings: prints lines
"dask WORKLOAD METRIC VALUE UNIT". usage: dask_bench.py [WORKLOAD...] [--repeat N] [--scale PERCENT]"""

import argparse
import logging
import statistics
import sys
import time

from distributed import Client, LocalCluster, as_completed

now = time.perf_counter


def inc(x):
    return x + 1


def twice(x):
    return 2 * x


def add(x, y):
    return x + y


def last(data):
    return int(data[-1])


def make(size):
    import numpy

    return numpy.full(size, 7, dtype="u1")


class Workloads:
    """One repetition of each; gives {metric: (value, unit, more_is_better)}."""

    def __init__(self, client, scale):
        self.client = client
        self.scale = scale

    def scaled(self, count):
        return max(2, count * self.scale // 100)

    def submit(self, *arguments, **options):
        return self.client.submit(*arguments, pure=False, **options)

    def W1(self):
        count = self.scaled(2000)
        begun = now()
        results = self.client.gather([self.submit(inc, i) for i in range(count)])
        done = now() - begun
        assert results == list(range(1, count + 1))
        return {"throughput": (count / done, "tasks/s", True)}

    def W2(self):
        count = self.scaled(500)
        begun = now()
        value = 0
        for _ in range(count):
            value = self.submit(inc, value)
        assert value.result() == count
        return {"hop": ((now() - begun) / count * 1e6, "us", False)}

    def W3(self):
        count = self.scaled(500)
        begun = now()
        sums = []
        for i in range(count):
            x = self.submit(inc, i)
            sums.append(self.submit(add, x, self.submit(twice, x)))
        total = self.submit(sum, sums).result()
        done = now() - begun
        assert total == 3 * count * (count + 1) // 2
        return {"throughput": ((3 * count + 1) / done, "tasks/s", True)}

    def W4(self):
        count = self.scaled(1024)
        begun = now()
        level = [self.submit(inc, i) for i in range(count)]
        while len(level) > 1:
            rest = level[-1:] if len(level) % 2 else []
            level = [self.submit(add, level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + rest
        total = level[0].result()
        done = now() - begun
        assert total == count * (count + 1) // 2
        return {"throughput": ((2 * count - 1) / done, "tasks/s", True)}

    def W5(self):
        count = self.scaled(300)
        begun = now()
        done_first = as_completed([self.submit(inc, i) for i in range(count)])
        for _ in range(count - 1):
            first = next(done_first)
            done_first.add(self.submit(add, first, next(done_first)))
        total = next(done_first).result()
        done = now() - begun
        assert total == count * (count + 1) // 2
        return {"throughput": ((2 * count - 1) / done, "tasks/s", True)}

    def W6(self):
        def round_trip(i):
            begun = now()
            assert self.submit(inc, i).result() == i + 1
            return (now() - begun) * 1e6

        result = {}
        for name, pause in (("round_trip", 0), ("rested_round_trip", 0.02)):
            times = []
            for i in range(self.scaled(100)):
                if pause:
                    time.sleep(pause)
                times.append(round_trip(i))
            times.sort()
            result[name] = (statistics.median(times), "us", False)
            result[name + "_p99"] = (times[int(0.99 * (len(times) - 1))], "us", False)
        return result

    def W7(self):
        size = self.scaled(100_000_000)
        here, there = list(self.client.scheduler_info()["workers"])[:2]
        data = make(size)
        result = {}

        def took(name, begun):
            result[name] = (size / 1e6 / (now() - begun), "MB/s", True)

        begun = now()
        scattered = self.client.scatter(data, workers=[here], hash=False)
        assert self.submit(last, scattered, workers=[here]).result() == 7
        took("scatter", begun)
        begun = now()
        assert scattered.result()[-1] == 7
        took("gather", begun)
        begun = now()
        assert self.submit(last, scattered, workers=[there]).result() == 7
        took("worker_to_worker", begun)
        return result


NAMES = [name for name in vars(Workloads) if name.startswith("W")]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=" ".join(NAMES))
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--scale", type=int, default=100)
    told = parser.parse_args()
    unknown = [name for name in told.workloads if name not in NAMES]
    if unknown:
        parser.error(f"what is {unknown[0]}?")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # it tells at length how it ends
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        all_of_them = Workloads(client, told.scale)
        for name in told.workloads or NAMES:
            run = getattr(all_of_them, name)
            run()  # does not count
            repetitions = [run() for _ in range(told.repeat)]
            for metric, (_, unit, more_is_better) in repetitions[0].items():
                values = [each[metric][0] for each in repetitions]
                best = max(values) if more_is_better else min(values)
                print(f"dask {name} {metric}_best {best:.6g} {unit}")
                print(f"dask {name} {metric}_median {statistics.median(values):.6g} {unit}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
