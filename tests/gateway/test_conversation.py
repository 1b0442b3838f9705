from __future__ import annotations

from codeforge_gateway.conversation import reply


def test_a_greeting_is_told_what_can_be_done_and_how() -> None:
    answer = reply("Hello there")
    assert "Analyse a repository" in answer
    assert "🔧 Background" in answer


def test_work_is_sent_to_the_background() -> None:
    for message in ("Please review my code", "Fix the bug in octo/cat", "analyze https://github.com/octo/cat"):
        assert reply(message).startswith("That is work for the background.")
        assert "backgroundMode" in reply(message)


def test_the_same_message_gets_the_same_answer() -> None:
    assert reply("Hello") == reply("Hello")
