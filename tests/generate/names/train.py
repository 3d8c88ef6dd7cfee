#!/usr/bin/env python3
"""Trains src/classify/names/weights.tsv: logistic regression over the capitalised words of labelled texts. Standard library only.

  train.py [--held-out NAME,NAME] [--technical PATTERN ...] CASES.jsonl ...

A case: {"id", "text", "lang"?, "expect": [{"start", "end", "type"}], "labelled": [type, ...]} with byte offsets. Texts that do
not label persons throughout are passed over. Files whose name holds one of --held-out, and every second text of files named
with `/2`, are not trained on but measured. Needs rustc, to compile features.rs beside this file.
"""
import argparse, collections, glob, json, math, os, random, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PERSON = {"PERSON", "PERSON_NAME", "PER", "person"}


def build():
    out = os.path.join(tempfile.gettempdir(), "piimap-name-features")
    subprocess.run(["rustc", "--edition", "2024", "-O", "--cap-lints", "allow", os.path.join(HERE, "features.rs"), "-o", out], check=True)
    return out


def run(program, mode, texts):
    feed = b"".join(b"%d\n%s" % (len(t), t) for t in texts)
    out = subprocess.run([program, mode], input=feed, capture_output=True, check=True)
    sys.stderr.write(out.stderr.decode())
    return out.stdout.decode().split("\n")


def load(path, lang):
    for line in open(path, encoding="utf-8"):
        c = json.loads(line)
        if "text" in c and c.get("lang", lang) == lang and (PERSON & set(c["labelled"])):
            gold = [(x["start"], x["end"], bool(x.get("dontcare"))) for x in c["expect"] if x["type"] in PERSON]
            yield c["text"].encode(), gold


class Word:
    """A capitalised word: its features, whether it directly follows the one before, its kind, whether it is of a name (None: unsaid)."""
    __slots__ = ("features", "adjacent", "kind", "label", "weight", "fold", "first")

    def __init__(self, features, adjacent, kind, label):
        self.features, self.adjacent, self.kind, self.label = features, adjacent, kind, label


def examples(program, cases):
    """By text: its capitalised words."""
    texts = []
    for (text, gold), line in zip(cases, run(program, "features", [c[0] for c in cases])):
        f = line.split()
        words, last = [], -9
        for s, e, partner, kind, numbers in zip(*(f[i::5] for i in range(5))):
            s, e = int(s), int(e)
            hit = [g for g in gold if g[0] < e and s < g[1]]
            label = None if any(g[2] for g in hit) else 1.0 if hit else 0.0
            words.append(Word([int(n) for n in numbers.split(",")], int(partner) == last, int(kind), label))
            last = s
        texts.append(words)
    return texts


def technical(program, patterns, seed=13):
    """Technical texts, none of which is labelled: their words are no names, but those that are common given or family names are
    left out. Full names are put in place of some words, so that what is around a word says no more than it does elsewhere."""
    rng = random.Random(seed)
    texts = []
    for path in sorted(p for pattern in patterns for p in glob.glob(pattern, recursive=True)):
        data = open(path, "rb").read()[:20000]
        for chunk in (data[i:i + 3000] for i in range(0, len(data), 3000)):
            text, gold, last = b"", [], 0
            for m in re.finditer(rb"(?<![A-Za-z0-9_'.-])[A-Z][a-z]+(?![A-Za-z0-9_'-]| [A-Z])", chunk):
                if rng.random() < 0.12 and not re.search(rb"[A-Z][A-Za-z]* $", chunk[last:m.start()]):
                    text += chunk[last:m.start()]
                    name = full_name(rng).encode()
                    gold.append((len(text), len(text) + len(name), False))
                    text += name
                    last = m.end()
            texts.append((text + chunk[last:], gold))
    blocks = sizes(program)
    starts = {name: sum(n for _, n in blocks[:i]) for i, (name, _) in enumerate(blocks)}
    seen = collections.Counter()
    out = examples(program, texts)
    for word in (word for words in out for word in words):
        f = word.features
        level = lambda block: next((j - starts[block]) // 6 for j in f if 0 <= j - starts[block] < 36)
        seen[tuple(f)] += 1
        # Texts of one kind repeat themselves.
        if word.label == 0 and (level("given.common") >= 3 or level("family.common") >= 3 or seen[tuple(f)] > 3):
            word.label = None
    return out


NAMES = collections.defaultdict(list)
for _line in open(os.path.join(HERE, "samples.tsv"), encoding="utf-8"):
    NAMES[_line.split("\t")[0]].append(_line.rstrip("\n").split("\t")[1])


def full_name(rng):
    g, f = rng.choice(NAMES["given"]), rng.choice(NAMES["family"])
    style = rng.random()
    if style < 0.08:
        return f"{g} {rng.choice('ABCDEFGHJKLMPRST')}. {f}"
    if style < 0.12:
        return f"{rng.choice('ABCDEFGHJKLMPRST')}. {f}"
    if style < 0.16:
        return f"{g} {rng.choice(NAMES['given'])} {f}"
    if style < 0.20:
        return f"{g} {rng.choice(['van', 'de', 'von', 'del', 'da', 'bin'])} {f}"
    if style < 0.24:
        return f"{g} {f}-{rng.choice(NAMES['family'])}"
    if style < 0.31:
        return f"{g.upper()} {f.upper()}"
    return f"{g} {f}"


def synthetic(count, seed=11):
    """Texts made from templates.txt and samples.tsv."""
    rng = random.Random(seed)
    lines = [l.rstrip("\n").replace("\\n", "\n").replace("\\t", "\t") for l in open(os.path.join(HERE, "templates.txt")) if not l.startswith("#")]
    places = [p.strip() for l in open(os.path.join(HERE, "places.txt"), encoding="utf-8") if not l.startswith("#") for p in l.split(",")]
    ends = ["Inc", "Inc.", "Ltd", "LLC", "Corp", "GmbH", "Group", "Partners", "Bank", "Systems", "Logistics", "Enterprises", "Analytics", "Labs", "Industries", "Insurance"]
    syllables = ["tek", "lo", "vi", "ra", "nex", "cor", "mi", "zen", "da", "syn", "flux", "glo", "ter", "pix", "ho", "lu"]
    capitals = ["API", "HTTP", "SQL", "MAC", "DNS", "VPN", "CPU", "GC", "JVM", "Redis", "Kafka", "Postgres", "Linux", "Config", "Cluster", "Docker", "NullPointerException", "Tomcat", "Jenkins", "LDAP", "SSO", "CA", "TX", "NY", "PB", "FAQ"]

    def company():
        r = rng.random()
        if r < 0.3:
            return "".join(rng.sample(syllables, rng.choice((2, 3)))).title()
        if r < 0.5:
            return "".join(rng.sample(syllables, 2)).title() + " " + rng.choice(ends)
        if r < 0.65:
            return f"{rng.choice(NAMES['family'])} & {rng.choice(NAMES['family'])}"
        return f"{rng.choice(NAMES['family'])} {rng.choice(ends)}"

    for k in range(count):
        template, text, gold, last = lines[k % len(lines)], "", [], "info"
        i = 0
        while i < len(template):
            if template[i] == "{" and i + 2 < len(template) and template[i + 2] == "}":
                kind = template[i + 1]
                value = {"N": lambda: full_name(rng), "G": lambda: rng.choice(NAMES["given"]), "F": lambda: rng.choice(NAMES["family"]), "g": lambda: rng.choice(NAMES["given"]),
                         "f": lambda: rng.choice(NAMES["family"]), "c": company, "p": lambda: rng.choice(places), "x": lambda: rng.choice(capitals),
                         "n": lambda: str(rng.randrange(1, 10 ** rng.randrange(2, 7))), "e": lambda: last + "@example.com"}[kind]()
                if kind in "NGF":
                    start = len(text.encode())
                    gold.append((start, start + len(value.encode()), False))
                    last = ".".join(value.lower().split()) + (str(rng.randrange(100)) if rng.random() < 0.5 else "")
                text += value
                i += 3
            else:
                text += template[i]
                i += 1
        # Forms and headings are written large.
        if rng.random() < 0.08 and len(text.upper().encode()) == len(text.encode()):
            text = text.upper()
        yield text.encode(), gold


def sizes(program):
    out = subprocess.run([program, "blocks"], capture_output=True, text=True, check=True).stdout
    return [(l.split("\t")[0], int(l.split("\t")[1])) for l in out.splitlines()]


def train(data, n, rounds, l2, seed=7):
    """Weights for (features, label, weight, offset)."""
    w, g2 = [0.0] * n, [1e-6] * n
    order = list(range(len(data)))
    rng = random.Random(seed)
    for r in range(rounds):
        rng.shuffle(order)
        loss, rate = 0.0, 0.15 / (1 + 0.25 * r)
        for i in order:
            f, y, k, z = data[i]
            z += sum([w[j] for j in f])
            p = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
            loss -= k * math.log(max(1e-9, p if y else 1 - p))
            d = (p - y) * k
            for j in f:
                g = d + l2 * w[j]
                g2[j] += g * g
                w[j] -= rate * g / math.sqrt(g2[j])
        print(f"round {r + 1}: loss {loss / len(data):.4f}", file=sys.stderr)
    return w


def two_steps(texts, sizes, rounds, l2):
    """The weights of the first step, and those of the second, for which the first is trained on one half and asked about the other."""
    first = [b for b in sizes if b[0] not in ("chances", "kind.chance before", "kind.chance after")]
    n = sum(b[1] for b in first)
    rng = random.Random(1)
    seen = collections.Counter()
    for words in texts:
        fold = rng.randrange(2)
        for word in words:
            word.fold = fold
            seen.update(word.features)
    for words in texts:
        for word in words:
            word.features = [j for j in word.features if seen[j] >= 4]
    of = lambda folds: [(x.features, x.label, x.weight, 0.0) for words in texts for x in words if x.label is not None and x.fold in folds]
    halves = [train(of((1,)), n, rounds, l2), train(of((0,)), n, rounds, l2)]
    for words in texts:
        for word in words:
            w = halves[word.fold]
            word.first = sum(w[j] for j in word.features)
    data = []
    for words in texts:
        for i, word in enumerate(words):
            if word.label is not None:
                before = words[i - 1].first if i and word.adjacent else None
                after = words[i + 1].first if i + 1 < len(words) and words[i + 1].adjacent else None
                data.append((second(word.kind, word.first, before, after), word.label, word.weight, word.first))
    return train(of((0, 1)), n, rounds, l2), train(data, 8 * 7 * 7 + 12 * 7 + 12 * 7, rounds, max(l2, 1e-3))


def second(kind, mine, before, after):
    """As `second` in src/classify/names/features.rs."""
    step = lambda x: int(max(0.0, min(7.0, x / 1.5 + 4)))
    beside = lambda x: 0 if x is None else 1 + int(max(0.0, min(5.0, x / 1.5 + 3)))
    b, a = beside(before), beside(after)
    return [(step(mine) * 7 + b) * 7 + a, 392 + kind // 7 * 7 + b, 392 + 84 + kind // 7 * 7 + a]


def score(program, cases, least=0.4):
    """Precision, recall and F1 by overlap (IoU >= 50 %), greedy one to one."""
    tp = fp = fn = 0
    errors = collections.Counter()
    for (text, gold), line in zip(cases, run(program, "names", [c[0] for c in cases])):
        f = line.split()
        found = [(int(s), int(e)) for s, e, c in zip(f[0::3], f[1::3], f[2::3]) if float(c) >= least]
        spare = [g for g in gold if g[2]]
        found = [p for p in found if not any(p[0] < g[1] and g[0] < p[1] for g in spare)]
        left = [g[:2] for g in gold if not g[2]]
        for p in found:
            iou = lambda g: (min(g[1], p[1]) - max(g[0], p[0])) / (max(g[1], p[1]) - min(g[0], p[0]))
            best = max(left, key=iou, default=None)
            if best and iou(best) >= 0.5:
                left.remove(best)
                tp += 1
            else:
                fp += 1
                errors["+ " + text[max(0, p[0] - 25):p[0]].decode("utf-8", "replace") + "[" + text[p[0]:p[1]].decode("utf-8", "replace") + "]" + text[p[1]:p[1] + 15].decode("utf-8", "replace")] += 1
        fn += len(left)
        for g in left:
            errors["- " + text[max(0, g[0] - 25):g[0]].decode("utf-8", "replace") + "[" + text[g[0]:g[1]].decode("utf-8", "replace") + "]" + text[g[1]:g[1] + 15].decode("utf-8", "replace")] += 1
    p, r = tp / max(1, tp + fp), tp / max(1, tp + fn)
    return p, r, 2 * p * r / max(1e-9, p + r), tp, fp, fn, errors


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("cases", nargs="+")
    ap.add_argument("--held-out", default="")
    ap.add_argument("--lang", default="en")
    ap.add_argument("--rounds", type=int, default=8)
    ap.add_argument("--l2", type=float, default=1e-3)
    ap.add_argument("--technical", nargs="*", default=[], help="patterns of paths of technical texts")
    ap.add_argument("--synthetic", type=int, default=4000, help="how many texts to make from templates.txt")
    ap.add_argument("--measure", action="store_true", help="only measure the weights that are there")
    ap.add_argument("--errors", help="write the errors of the held-out texts here")
    a = ap.parse_args()
    held = [h for h in a.held_out.split(",") if h]
    program = build()
    trained, measured = {}, {}
    for path in a.cases:
        half = path.endswith("/2")
        name = os.path.basename(path.removesuffix("/2"))
        cases = list(load(path.removesuffix("/2"), a.lang))
        if any(h in name for h in held):
            measured[name] = cases
        elif half:
            trained[name + " (first of two)"], measured[name + " (second of two)"] = cases[0::2], cases[1::2]
        else:
            trained[name] = cases
    if not a.measure:
        texts = []

        def add(name, mine, bound, most):
            # No source is to drown the others: each counts as its words do, up to a bound.
            n = sum(x.label is not None for words in mine for x in words)
            weight = min(most, (bound / max(1, n)) ** 0.5)
            for words in mine:
                for x in words:
                    x.weight = weight
            texts.extend(mine)
            names = sum(x.label == 1 for words in mine for x in words)
            print(f"{name}: {len(mine)} texts, {n} words, {names} of names, weight {weight:.2f}", file=sys.stderr)

        for name, cases in trained.items():
            add(name, examples(program, cases), 8000, 1.0)
        add("made texts", examples(program, list(synthetic(a.synthetic))), 4000, 1.0)
        add("technical texts", technical(program, a.technical), 2000, 0.5)
        blocks = sizes(program)
        w, v = two_steps(texts, blocks, a.rounds, a.l2)
        w += v
        with open(os.path.join(HERE, "..", "..", "..", "src", "classify", "names", "weights.tsv"), "w") as out:
            start = 0
            for name, size in blocks:
                for k in range(size):
                    if abs(w[start + k]) >= 0.03:
                        out.write(f"{name}\t{k}\t{w[start + k]:.2f}\n")
                start += size
        program = build()
    errors = []
    total = [0, 0, 0]
    for kind, sets in (("trained", trained), ("held out", measured)):
        for name, cases in sets.items():
            p, r, f, tp, fp, fn, e = score(program, cases)
            print(f"{kind:9} {name:50} P {100 * p:5.1f} R {100 * r:5.1f} F1 {100 * f:5.1f}  ({tp} right, {fp} false, {fn} missed)")
            if kind == "held out":
                total = [x + y for x, y in zip(total, (tp, fp, fn))]
                errors += [f"{name}\t{n}\t{x!r}" for x, n in e.most_common()]
    tp, fp, fn = total
    if tp:
        print(f"held out, all: P {100 * tp / (tp + fp):.1f} R {100 * tp / (tp + fn):.1f} F1 {200 * tp / (2 * tp + fp + fn):.1f}")
    if a.errors:
        open(a.errors, "w").write("\n".join(errors) + "\n")


main()
