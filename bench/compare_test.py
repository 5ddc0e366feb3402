"""What compare.py reads, concludes and writes; run by ctest."""

import unittest

import compare
from targets import TARGETS

ROUNDS = [
    """weft-inproc W1 throughput_best 3e+06 tasks/s
weft-inproc W1 throughput_median 2e+06 tasks/s
tbb W1 throughput_best 1e+06 tasks/s
weft-procs W2 hop_best 2 us
a line that means nothing""",
    """weft-inproc W1 throughput_best 1e+06 tasks/s
tbb W1 throughput_best 1.5e+06 tasks/s
weft-procs W2 hop_best 3 us""",
]


def rows():
    return compare.collect([compare.read_lines(text) for text in ROUNDS])


class CompareTest(unittest.TestCase):
    def test_a_repetition_is_read_from_its_best_line_only(self):
        found = compare.read_lines(ROUNDS[0])
        self.assertEqual(found["weft-inproc", "W1", "throughput"], (3e6, "tasks/s"))
        self.assertEqual(len(found), 3)

    def test_best_is_the_most_of_a_rate_and_the_least_of_a_time(self):
        found = rows()
        self.assertEqual(found["weft-inproc W1 throughput"]["best"], 3e6)
        self.assertEqual(found["weft-inproc W1 throughput"]["median"], 2e6)
        self.assertEqual(found["weft-procs W2 hop"]["best"], 2)
        self.assertEqual(found["weft-procs W2 hop"]["values"], [2, 3])

    def test_a_target_is_judged_best_to_best_and_only_where_both_were_measured(self):
        judged = {(target.weft, target.peer): (reached, met) for target, _, _, reached, met in compare.judge(rows())}
        self.assertEqual(judged["weft-inproc W1 throughput", "tbb W1 throughput"], (2, True))
        self.assertEqual(judged["weft-procs W2 hop", ""], (2, False))
        self.assertEqual(len(judged), 2)

    def test_the_table_says_which_targets_are_met(self):
        machine = {"processor": "P", "cores": 2, "kernel": "6", "compiler": "g++ 12"}
        result = {"date": "2026-01-02", "machine": machine, "versions": {"oneTBB": "1"}, "rounds": 2, "scale": 100}
        lines = compare.table({**result, "rows": rows()}).splitlines()
        self.assertIn("2026-01-02, P, 2 cores, Linux 6, g++ 12; oneTBB 1.", lines[0])
        self.assertEqual(
            lines[4],
            "| weft-inproc W1 throughput | 3,000,000 | 2,000,000 | tasks/s | 1,500,000 | 2 | "
            "≥ 1.5 × tbb W1 throughput | yes |",
        )
        self.assertTrue(lines[5].endswith("| ≤ 1 | **no** |"))

    def test_the_table_replaces_what_is_between_the_markers(self):
        page = f"before\n{compare.BEGIN}\nold\n{compare.END}\nafter\n"
        self.assertEqual(
            compare.put_between_markers(page, "new\n"), f"before\n{compare.BEGIN}\nnew\n{compare.END}\nafter\n"
        )
        with self.assertRaises(ValueError):
            compare.put_between_markers("no markers", "new")

    def test_every_target_names_a_peer_a_workload_and_a_metric(self):
        for target in TARGETS:
            for side in filter(None, (target.weft, target.peer)):
                self.assertRegex(side, r"^[a-z-]+ W([1-9]|1[01]) \w+$")


if __name__ == "__main__":
    unittest.main()
