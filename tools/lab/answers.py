"""Checks written answers against their digests: the items of lab 0."""

import hashlib
import tomllib

from . import result


def normal(answer):
    """Returns an answer in one form: numbers in decimal, words in small letters."""
    text = str(answer).strip().lower().replace("_", "")
    try:
        return str(int(text, 0))
    except ValueError:
        return text


def salt_of(seed):
    """Returns the salt of a seed's digests. Whoever has it cannot make the questions' answers of it."""
    return hashlib.sha256(f"salt of {seed}".encode()).hexdigest()[:16]


def digest(salt, key, answer):
    """Returns the digest of an answer."""
    return hashlib.sha256(f"{salt}/{key}/{normal(answer)}".encode()).hexdigest()


def digests_of(seed, right):
    """Returns {key: digest} of {key: answer}."""
    return {key: digest(salt_of(seed), key, answer) for key, answer in right.items()}


def read(text):
    """Returns {group.key: answer} of an answer file. Raises ValueError if it is none."""
    try:
        said = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return {f"{group}.{key}": answer for group, given in said.items()
            if isinstance(given, dict) for key, answer in given.items()}


def judge(item, given, digests, salt):
    """Returns what an item earned: all answers of its group must be right."""
    wrong = [key for key, wanted in digests.items() if key.startswith(item.answers + ".")
             and digest(salt, key, given.get(key, "")) != wanted]
    why = [f"{key}: {'no answer' if not given.get(key) else f'{given[key]} is not right'}" for key in wrong]
    return result.ItemResult(item.name, item.what, item.points, 0 if wrong else item.points, False, why,
                             item.reason if wrong else "", f"make grade ITEM={item.name}")
