#!/usr/bin/env python3
"""Writes src/classify/validators/phones.bin, the telephone numbers of the world as one table of states.

  pip install phonenumbers && tests/generate/phones.py           writes the table
  tests/generate/phones.py --check                               says whether the table is the one this script writes

The facts are those of libphonenumber's metadata (Apache-2.0), read through its Python port. Every pattern of every kind of
number (fixed line, mobile, toll free, ...) of every region is put behind the region's country code; all of them together are
one minimal automaton over digits. Layout: a state is ten little-endian u16, one for each digit: 0 = no number continues so,
else 1 + the next state, with the highest bit where a number may end there. The first state is where numbers begin."""
import collections, os, struct, sys

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

try:
    import re._parser as parser
except ImportError:
    import sre_parse as parser

OUT = os.path.join(os.path.dirname(__file__), "../../src/classify/validators/phones.bin")
KINDS = "fixed_line mobile toll_free premium_rate shared_cost personal_number voip pager uan voicemail".split()
ENDS = 0x8000


class Automaton:
    """A nondeterministic automaton that regular expressions are added to."""

    def __init__(self):
        self.free = collections.defaultdict(set)
        self.digits = collections.defaultdict(list)
        self.n = 0

    def new(self):
        self.n += 1
        return self.n - 1

    def fork(self, a):
        b = self.new()
        self.free[a].add(b)
        return b

    def step(self, a, digits):
        b = self.new()
        self.digits[a].append((frozenset(digits), b))
        return b

    def join(self, ends):
        b = self.new()
        for e in ends:
            self.free[e].add(b)
        return b

    def add(self, tree, a):
        for op, arg in tree:
            name = str(op)
            if name == "LITERAL":
                a = self.step(a, [arg - 48])
            elif name == "IN":
                a = self.step(a, [d for item in arg for d in self.members(item)])
            elif name == "SUBPATTERN":
                a = self.add(arg[3], a)
            elif name == "BRANCH":
                a = self.join([self.add(alternative, self.fork(a)) for alternative in arg[1]])
            elif name == "MAX_REPEAT":
                low, high, inner = arg
                for _ in range(low):
                    a = self.add(inner, a)
                ends = [a]
                for _ in range(int(high) - low):
                    ends.append(self.add(inner, ends[-1]))
                a = self.join(ends)
            else:
                sys.exit(f"an expression holds {name}, which this script does not know")
        return a

    @staticmethod
    def members(item):
        kind, value = str(item[0]), item[1]
        return {"LITERAL": lambda: [value - 48], "RANGE": lambda: range(value[0] - 48, value[1] - 47), "CATEGORY": lambda: range(10)}[kind]()

    def closure(self, states):
        todo, seen = list(states), set(states)
        while todo:
            for y in self.free.get(todo.pop(), ()):
                if y not in seen:
                    seen.add(y)
                    todo.append(y)
        return frozenset(seen)

    def minimal(self, start, ends):
        """Rows of the smallest deterministic automaton, first state first: (may end, next states or None)."""
        first = self.closure([start])
        rows, todo = {}, [first]
        while todo:
            here = todo.pop()
            if here in rows:
                continue
            following = [set() for _ in range(10)]
            for x in here:
                for digits, b in self.digits.get(x, ()):
                    for d in digits:
                        following[d].add(b)
            rows[here] = [self.closure(f) if f else None for f in following]
            todo.extend(f for f in rows[here] if f)
        same, smallest = {}, {}

        def go(s):  # numbers have at most 17 digits, so this ends
            if s not in smallest:
                row = (bool(s & ends), tuple(go(n) if n else None for n in rows[s]))
                smallest[s] = same.setdefault(row, len(same)) if row[0] or any(n is not None for n in row[1]) else None
            return smallest[s]

        last = go(first)
        table = list(same)
        assert last == len(table) - 1
        return [(end, [None if n is None else last - n for n in row]) for end, row in reversed(table)]


def regions():
    for r in sorted(phonenumbers.SUPPORTED_REGIONS):
        yield PhoneMetadata.metadata_for_region(r)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        yield PhoneMetadata.metadata_for_nongeo_region(code)


def build():
    a = Automaton()
    start, ends = a.new(), set()
    for region in regions():
        code = start
        for d in str(region.country_code):
            code = a.step(code, [int(d)])
        for kind in KINDS:
            description = getattr(region, kind)
            if description and description.national_number_pattern:
                ends.add(a.add(parser.parse(description.national_number_pattern), a.fork(code)))
    table = a.minimal(start, ends)
    assert len(table) < ENDS
    entry = lambda n: 0 if n is None else (n + 1) | (ENDS if table[n][0] else 0)
    return b"".join(struct.pack("<10H", *map(entry, row)) for _, row in table)


if __name__ == "__main__":
    data = build()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if open(OUT, "rb").read() == data else "phones.bin is not what this script writes")
    open(OUT, "wb").write(data)
    print(f"{len(data) // 20} states, {len(data)} bytes, phonenumbers {phonenumbers.__version__}")
