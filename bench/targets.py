"""What Weft is to reach, as ratios to a peer within the same run or as plain numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """`peer WORKLOAD METRIC` times or per `factor`; without a peer, `factor` is the figure itself."""

    weft: str  # "weft-inproc W1 throughput"
    factor: float
    peer: str = ""
    at_least: bool = True  # or at most

    def said(self):
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.factor:g}" + (f" × {self.peer}" if self.peer else "")


TARGETS = [
    Target("weft-inproc W1 throughput", 1.5, "tbb W1 throughput"),
    Target("weft-inproc W1 throughput", 3000, "dask W1 throughput"),
    Target("weft-procs W1 throughput", 1.5e6),
    Target("weft-procs W1 throughput", 0.3, "mpi-tcp W1 throughput_by_64"),
    Target("weft-inproc W2 hop", 1, "tbb W2 hop", False),
    Target("weft-procs W2 hop", 1, "", False),
    Target("weft-procs W2 hop_across", 2, "limit W6 round_trip_tcp", False),
    Target("weft-inproc W3 throughput", 2.5e6),
    Target("weft-procs W3 throughput", 8e5),
    Target("weft-inproc W4 throughput", 3e6),
    Target("weft-procs W4 throughput", 8e5),
    Target("weft-inproc W4 leaves", 1.5e7),
    Target("weft-inproc W5 throughput", 2e6),
    Target("weft-procs W5 throughput", 4e5),
    Target("weft-inproc W6 round_trip", 3, "tbb W6 round_trip", False),
    Target("weft-inproc W6 round_trip_p99", 10, "weft-inproc W6 round_trip", False),
    Target("weft-inproc W6 idle_processor", 1, "", False),
    Target("weft-procs W6 round_trip", 2.5, "limit W6 round_trip_tcp", False),
    *(
        Target(f"weft-procs W7 {way}", factor, f"limit W7 transfer_{wire}")
        for way in ("scatter", "gather", "worker_to_worker")
        for factor, wire in ((0.9, "tcp"), (0.9, "unix"))
    ),
    *(
        Target(f"weft-procs W7 {way}_buffer", 2, "limit W7 transfer_tcp")
        for way in ("scatter", "gather", "worker_to_worker")
    ),
    *(
        Target(f"weft-inproc W8 metg_{pattern}_{width}", 2, f"tbb W8 metg_{pattern}_{width}", False)
        for pattern in ("stencil_1d", "fft")
        for width in (2, 16)
    ),
    # A message over TCP takes half a round trip.
    *(
        Target(f"weft-procs W8 metg_stencil_1d_{width}", 10, "limit W6 round_trip_tcp", False)
        for width in (2, 16)
    ),
    *(Target(f"weft-{mode} W9 pending_{size}", 256, "", False) for mode in ("inproc", "procs") for size in ("1M", "10M")),
    Target("weft-scheduler W11 throughput_1000", 1e6),
    Target("weft-scheduler W11 throughput_10000", 0.5, "weft-scheduler W11 throughput_1"),
    # Linear: ten times the workers, ten times the memory and half as much again.
    Target("weft-scheduler W11 memory_10000", 15, "weft-scheduler W11 memory_1000", False),
]
