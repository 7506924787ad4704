"""With an engine that draws per request, all tasks are one queue, kept completion by completion."""

import random

import pytest

from scripts.lib.evaluation.journal import BatchJournal, Journal
from scripts.lib.files import digest_files, read_json
from tests.evaluation_case import make_model, run

TASKS = {"gsm8k": 3, "amc23": 2, "training/gsm8k": 3}


class SeededEngine:
    """Writes a few tokens that follow from a request's seed, the last request first."""

    facts = {"engine": "seeded"}

    def __init__(self, ends_after=None):
        self.ends_after, self.asked, self.closed = ends_after, [], 0

    def generate(self, requests, sampling):
        raise AssertionError("all completions were sampled in the queue")

    def stream(self, asked):
        self.asked += asked
        for done, number in enumerate(reversed(range(len(asked)))):
            if done == self.ends_after:
                raise KeyboardInterrupt
            chance = random.Random(asked[number][0].seed)
            yield number, [chance.randrange(300) for _ in range(chance.randint(1, 9))]

    def close(self):
        self.closed += 1


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The record of a tiny random model."""
    return make_model(tmp_path_factory.mktemp("tiny"), seed=1)


@pytest.fixture
def engines(monkeypatch):
    """The engines that evaluations start, in order; the first one can be made to end early."""
    made, plans = [], []

    def start(*_):
        made.append(SeededEngine(plans.pop() if plans else None))
        return made[-1]

    monkeypatch.setattr("scripts.lib.evaluation.lighteval_model.start_engine", start)
    return made, plans


def files_in(folder):
    """Return the digests of an evaluation's files, without those of the run."""
    return {name: digest for name, digest in digest_files(folder).items() if ".run." not in name}


@pytest.mark.slow
def test_a_killed_queue_samples_what_it_lacks_and_ends_in_the_same_bytes(tiny, tmp_path, engines):
    made, plans = engines
    whole = files_in(run(tmp_path / "whole", tiny, TASKS))
    plans.append(7)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", tiny, TASKS)
    (journal, *_) = sorted((tmp_path / "killed" / "store").rglob(".*.completions.jsonl"))
    with journal.open("a") as file:
        file.write('["0", 0, [1, 2')  # of the kill
    assert files_in(run(tmp_path / "killed", tiny, TASKS)) == whole
    assert [len(engine.asked) for engine in made] == [16, 16, 16 - 7]
    assert not list((tmp_path / "killed" / "store").rglob(".*"))


@pytest.mark.slow
def test_all_tasks_are_one_queue_the_longest_expected_first_and_judged_beside_it(
    tiny, tmp_path, engines, monkeypatch
):
    from scripts.lib.evaluation.judges import Judges

    submitted = []
    submit = Judges._submit

    def note(self, work):
        submitted.append(made[0].closed)
        return submit(self, work)

    monkeypatch.setattr(Judges, "_submit", note)
    (made, _), expected = engines, {"amc23": 3.0, "gsm8k": 1.0}
    out = run(tmp_path, tiny, TASKS, expected=expected)
    (engine,) = made
    asked = [request for request, _ in engine.asked]
    lengths = [len(request.prompt) for request in asked]
    assert lengths[:4] == sorted(lengths[:4], reverse=True)  # amc23: two problems, two samples
    assert lengths[4:] == sorted(lengths[4:], reverse=True)
    assert len({request.seed for request in asked}) == 10  # a seed knows no prompt
    assert submitted and not any(submitted)  # all of them while the device was held
    runs = [read_json(out / f"{name}.run.json") for name in TASKS]
    assert all(record["queue_seconds"] > 0 for record in runs)


def test_a_journal_gives_back_what_is_whole_in_it(tmp_path):
    path = tmp_path / "task" / ".entry.completions.jsonl"
    journal = Journal(path)
    journal.add(("a", 0), [5, 6])
    journal.add(("b\u2028", 1), [])
    with path.open("a") as file:
        file.write('["c", 0, [7')
    again = Journal(path)
    assert again.known == {("a", 0): [5, 6], ("b\u2028", 1): []}
    again.add(("c", 0), [7])
    assert Journal(path).known == again.known


def test_batches_of_another_device_are_not_gone_on_from(tmp_path):
    path = tmp_path / "completions.jsonl"
    BatchJournal(path, "cpu").add([[5], [6]], "00")
    again = BatchJournal(path, "cpu")
    assert (again.completions, again.state) == ([[5], [6]], "00")
    other = BatchJournal(path, "cuda")
    assert (other.completions, other.state) == ([], None)
    other.add([[7]], "01")
    assert BatchJournal(path, "cuda").completions == [[7]]
