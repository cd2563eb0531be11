"""English in what a person reads."""


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`: of a noun whose plural ends in s."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
