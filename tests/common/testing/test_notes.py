from __future__ import annotations

from codeforge_common.secrets import Redactor
from codeforge_common.testing import Line, Notes, Output, Progress


def test_only_news_of_progress_are_written_down() -> None:
    notes = Notes()
    notes.progress(10, "Reading")
    notes.progress(10, "Reading")
    notes.progress(5)
    notes.progress(20)
    assert notes.progresses == [(10, "Reading"), (20, "Reading")]
    assert notes.stages == ["Reading"]


def test_a_secret_in_two_halves_is_found_with_the_second() -> None:
    notes = Notes(redactor=Redactor(["hunter2-hunter2"]))
    notes.output("the key: hunter2")
    notes.output("-hunter2.")
    assert notes.events == [Output("the key: "), Output("[redacted].")]


def test_a_full_output_says_so_once() -> None:
    notes = Notes(room=5)
    notes.output("123456")
    notes.output("7")
    notes.close()
    assert [event for event in notes.events if isinstance(event, Line)] == [
        Line("The job's output is full, the rest is dropped")
    ]
    assert "".join(notes.outputs) == "12345"


def test_after_the_end_nothing_is_heard() -> None:
    heard: list[str] = []
    notes = Notes(heard=heard.append)
    notes.progress(1, "Begun")
    notes.log("one\ntwo")
    notes.close()
    notes.progress(2, "More")
    notes.log("three")
    notes.output("four")
    assert notes.events == [Progress(1, "Begun"), Line("one"), Line("two")]
    assert heard == ["Begun", "one", "two"]
    assert repr(notes) == f"Notes({notes.events})"


def test_what_is_held_back_is_lost_with_the_worker() -> None:
    notes = Notes(redactor=Redactor(["hunter2-hunter2"]))
    notes.output("hunter2")
    notes.close(lost=True)
    assert notes.events == []
