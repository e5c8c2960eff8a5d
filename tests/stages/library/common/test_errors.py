"""What a person can mend; tests of `command` show it as a line, and a bug with its traceback."""

from stages.library.common.errors import Problem


def test_a_problem_is_a_value_error_and_its_message_is_all_that_it_says() -> None:
    problem = Problem("params.yaml, prepare.size: 500; write 512")
    assert isinstance(problem, ValueError)
    assert str(problem) == "params.yaml, prepare.size: 500; write 512"
