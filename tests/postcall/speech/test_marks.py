import pytest

from postcall.speech.marks import without_marks


@pytest.mark.parametrize(
    ("tokens", "words", "marks"),
    [
        ([], [], 0),
        ([" добрый", "день."], ["добрый", "день."], 0),
        (["[noise]", "да", "<unk>", "{laughter}"], ["", "да", "", ""], 3),
        (["[background", "noise]", "да"], ["", "", "да"], 1),
        (["{uh", "/", "um}", "well"], ["", "", "", "well"], 1),
        (["hello[noise]"], ["hello"], 1),
        (["да", "-", "♪", "…"], ["да", "", "", ""], 3),
        (["100", "%", "№"], ["100", "%", "№"], 0),
        (["[unclosed", "да"], ["[unclosed", "да"], 0),
        (["", "  "], ["", ""], 0),
        (["您好，", "请"], ["您好，", "请"], 0),
    ],
)
def test_marks_are_taken_out(tokens: list[str], words: list[str], marks: int) -> None:
    assert without_marks(tokens) == (words, marks)
