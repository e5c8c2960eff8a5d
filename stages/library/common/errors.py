"""What a person can mend, as opposed to a bug."""


class Problem(ValueError):
    """Something a person can mend: the file or key, what is wrong, and what to do.

    It is raised where the fact is known, and shown as one line where the command ends
    (`command.run`); anything else is a bug, and shows its traceback.
    """
