#!/usr/bin/env python3
"""Makes src/classify/names/words.bin, the dictionary of names and words. Standard library only; the sources are told in README.md.

  words.py --ssa us-name-data.sqlite --census1990 dist.all.last --faker DIR --scowl DIR [--out FILE]

The file: magic "PIIW1\\n", u16 little-endian 12 (bits of the bucket number), then 2^12 + 1 u32 (the number of entries before
each bucket), then all entries' u16 of the hash behind the bucket's bits, then all entries' u16 of classes. A word's hash is
64-bit FNV-1a of its folded form (lower case, diacritics dropped), multiplied once more so that the high bits are good.
"""
import argparse, collections, importlib, math, os, random, sqlite3, struct, sys, unicodedata

BITS = 12
TRIGRAMS = 4096
ROLES = ["", "title", "suffix", "particle", "kin", "work", "label", "hand", "speech", "deed", "place", "org", "street", "work2", "title2",
         "article", "possessive", "be", "auxiliary", "and", "of", "for", "pronoun", "month"]
HERE = os.path.dirname(os.path.abspath(__file__))
SPECIAL = {"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n", "ĸ": "k", "ŉ": "n", "ſ": "s"}


def fold(word):
    """Lower case without diacritics: Latin letters to U+024F and U+1E00..U+1EFF, others only lower case."""
    out = []
    for c in word.lower():
        if c in SPECIAL:
            out.append(SPECIAL[c])
        elif ord(c) < 0x250 or 0x1e00 <= ord(c) <= 0x1eff:
            out.append("".join(x for x in unicodedata.normalize("NFKD", c) if not unicodedata.combining(x)))
        elif not unicodedata.combining(c):
            out.append(c)
    return "".join(out).replace("\u2019", "'")


def hash64(folded):
    h = 0xcbf29ce484222325
    for b in folded.encode():
        h = (h ^ b) * 0x100000001b3 & 0xffffffffffffffff
    return (h ^ h >> 29) * 0x9e3779b97f4a7c15 & 0xffffffffffffffff


def sounds(names, others, path):
    """Makes sounds.bin beside it: how much each three letters in a row speak for a name, in sixteenths; logistic regression."""
    data = [(list(trigrams(w)), 1, k) for w, k in names] + [(list(trigrams(w)), 0, k) for w, k in others]
    w, seen = [0.0] * TRIGRAMS, [0] * TRIGRAMS
    for f, _, _ in data:
        for j in f:
            seen[j] += 1
    rng = random.Random(3)
    for r in range(5):
        rng.shuffle(data)
        for f, y, k in data:
            d = (1 / (1 + math.exp(-max(-20, min(20, sum(w[j] for j in f))))) - y) * k * 0.2 / (1 + r)
            for j in f:
                w[j] -= d + 0.0005 * w[j]
    with open(path, "wb") as out:
        out.write(struct.pack(f"<{TRIGRAMS}b", *(max(-127, min(127, round(16 * x))) for x in w)))
    right = sum((sum(w[j] for j in f) > 0) == y for f, y, _ in data)
    print(f"sounds: {len(data)} words, {100 * right / len(data):.1f} % told apart")


def trigrams(folded):
    word = b"^" + folded.encode() + b"$"
    for i in range(len(word) - 2):
        yield ((word[i] << 16 | word[i + 1] << 8 | word[i + 2]) * 0x9e3779b1 & 0xffffffff) >> 12 & TRIGRAMS - 1


def parts(text):
    """The words of a name: letters, inner apostrophes; hyphens part."""
    word = ""
    for c in text + " ":
        if c.isalpha() or unicodedata.combining(c) or (c in "'\u2019" and word):
            word += c
        else:
            if len(word.strip("'\u2019")) >= 2:
                yield word.strip("'\u2019")
            word = ""


def main():
    ap = argparse.ArgumentParser()
    for o in ("ssa", "census1990", "faker", "scowl"):
        ap.add_argument("--" + o, required=True)
    ap.add_argument("--out", default=os.path.join(HERE, "..", "..", "..", "src", "classify", "names", "words.bin"))
    a = ap.parse_args()
    given, family, common, place, role = ({} for _ in range(5))

    spelled = {}

    def most(table, word, value):
        w = fold(word)
        spelled.setdefault(w, word.title() if word.isupper() or word.islower() else word)
        if 2 <= len(w) <= 40 or value and len(w) == 1:
            table[w] = max(table.get(w, 0), value)

    # Given names by how many births carry them, 1880 to now: 5 is the thousand or so that everyone knows.
    for name, births in sqlite3.connect(a.ssa).execute("select name, sum(births) from usNameData group by name"):
        level = sum(births >= n for n in (250, 1000, 8000, 50000, 400000))
        if level:
            most(given, name, level)
    # Family names by rank.
    for rank, line in enumerate(open(a.census1990)):
        if rank < 48000:
            most(family, line.split()[0], 5 if rank < 1000 else 4 if rank < 5000 else 3 if rank < 20000 else 2 if rank < 35000 else 1)
    # Names of many countries; `en` has no locale of its own, only famous names, and `cs`-like feminine forms come along.
    sys.path.insert(0, a.faker)
    folder = os.path.join(a.faker, "faker", "providers", "person")
    for locale in sorted(os.listdir(folder)):
        if not os.path.isdir(os.path.join(folder, locale)) or locale.startswith("__"):
            continue
        provider = importlib.import_module("faker.providers.person." + locale).Provider
        for attribute in dir(provider):
            if attribute.startswith(("first_name", "last_name", "middle_name")) and isinstance(getattr(provider, attribute), (tuple, list, dict)):
                for name in getattr(provider, attribute):
                    for p in parts(str(name)):
                        if all("LATIN" in unicodedata.name(c, "") or c in "'\u2019" for c in p):
                            most(family if attribute.startswith("last") else given, p, 2)
    # Words that are written small: SCOWL's levels are its measure of how common they are.
    for size, level in ((10, 5), (20, 4), (35, 3), (40, 2), (50, 2), (55, 1), (60, 1), (70, 1)):
        for kind in ("english", "american", "british"):
            path = os.path.join(a.scowl, f"{kind}-words.{size}")
            for word in open(path, encoding="latin-1") if os.path.exists(path) else ():
                word = word.strip()
                if word.isascii() and word.isalpha():
                    # Rare words count only against names; common ones are kept to tell them from names that nobody lists.
                    if size <= 40 or fold(word) in given or fold(word) in family:
                        common.setdefault(fold(word), level)
    for line in open(os.path.join(HERE, "common.txt")):
        for word in () if line.startswith("#") else line.split():
            common[word] = max(common.get(word, 0), 4)
            family.pop(word, 0) if family.get(word, 0) < 3 else None
            given.pop(word, 0) if given.get(word, 0) < 3 else None
    # Places: 2 a country, a state or a large city, 1 a lesser place or another word that is always written large.
    for line in open(os.path.join(HERE, "places.txt"), encoding="utf-8"):
        if not line.startswith("#"):
            for p in parts(line.replace("-", " ")):
                most(place, p, 2)
    countries = importlib.import_module("faker.providers.address").Provider
    english = importlib.import_module("faker.providers.address.en").Provider
    for c in list(getattr(countries, "countries", ())) + list(english.countries):
        for p in parts(c):
            if p[0].isupper() and fold(p) not in common and (fold(p) not in given or p == c):
                most(place, p, 2)
                # A country is more often meant than the few who are called so.
                if p == c and p not in ("Jordan", "Chad", "Georgia", "Martinique"):
                    for table in (given, family):
                        table[fold(p)] = min(table.get(fold(p), 0), 1)
    for size in (10, 35, 40, 50):
        for word in open(os.path.join(a.scowl, f"english-upper.{size}"), encoding="latin-1"):
            word = word.strip()
            if "'" not in word and len(word) > 2 and (size < 50 and given.get(fold(word), 0) < 4 or given.get(fold(word), 0) < 2 and family.get(fold(word), 0) < 2):
                most(place, word, 1 if size == 50 else 3)
    for line in open(os.path.join(HERE, "roles.txt")):
        if line.strip() and not line.startswith("#"):
            name, words = line.split(":")
            for w in words.split():
                role.setdefault(w, ROLES.index(name))
    # Kinds of streets that few are called.
    for w in ("street", "road", "avenue", "boulevard", "square", "highway", "parkway", "plaza", "bridge", "drive", "tower", "towers"):
        given.pop(w, None)
        family.pop(w, None)
    # A family name that only the long tail knows and that is an ordinary word says nothing.
    for w in [w for w, f in family.items() if f == 1 and common.get(w, 0) >= 3]:
        del family[w]
    rng = random.Random(5)
    with open(os.path.join(HERE, "samples.tsv"), "w", encoding="utf-8") as out:
        for kind, table in (("given", given), ("family", family)):
            top = sorted((w for w in table if table[w] >= 4 and spelled.get(w)), key=lambda w: (-table[w], w))
            rare = rng.sample(sorted(w for w in table if table[w] in (2, 3) and spelled.get(w)), 700)
            for w in (rng.sample(top, 500) + rare):
                out.write(f"{kind}\t{spelled[w]}\n")
    name = [w for w in set(given) | set(family) if common.get(w, 0) < 2 and place.get(w, 0) < 2 and max(given.get(w, 0), family.get(w, 0)) >= 2]
    other = [w for w, c in common.items() if c >= 2 and max(given.get(w, 0), family.get(w, 0)) < 3] + [w for w in place if max(given.get(w, 0), family.get(w, 0)) < 2]
    sounds([(w, 1.0) for w in sorted(name)], [(w, len(name) / len(other)) for w in sorted(other)], os.path.join(os.path.dirname(a.out), "sounds.bin"))
    entries = {}
    for w in set(given) | set(family) | set(common) | set(place) | set(role):
        classes = given.get(w, 0) | family.get(w, 0) << 3 | common.get(w, 0) << 6 | place.get(w, 0) << 9 | role.get(w, 0) << 11
        h = hash64(w)
        entries[h >> 64 - BITS - 16] = entries.get(h >> 64 - BITS - 16, 0) or classes
    keys = sorted(entries)
    starts = [0] * (2 ** BITS + 1)
    for k in keys:
        starts[(k >> 16) + 1] += 1
    for i in range(2 ** BITS):
        starts[i + 1] += starts[i]
    with open(a.out, "wb") as f:
        f.write(b"PIIW1\n" + struct.pack("<H", BITS))
        f.write(struct.pack(f"<{len(starts)}I", *starts))
        f.write(struct.pack(f"<{len(keys)}H", *(k & 0xffff for k in keys)))
        f.write(struct.pack(f"<{len(keys)}H", *(entries[k] for k in keys)))
    print(f"{len(keys)} words ({len(given)} given, {len(family)} family, {len(common)} common, {len(place)} places), {os.path.getsize(a.out)} bytes")
    print("given", sorted(collections.Counter(given.values()).items()), "family", sorted(collections.Counter(family.values()).items()))


main()
