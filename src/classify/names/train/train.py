#!/usr/bin/env python3
"""Trains the weights of ../weights.tsv: logistic regression over the capitalised words of labelled texts. Standard library only.

  train.py [--held-out NAME,NAME] [--write] [--rounds 12] CASES.jsonl ...

A case: {"id", "text", "lang"?, "expect": [{"start", "end", "type"}], "labelled": [type, ...]} with byte offsets. Texts that do
not label persons throughout are passed over. Files whose name holds one of --held-out, and every second text of files named
with `/2`, are not trained on but measured. Needs rustc, to compile features.rs beside this file.
"""
import argparse, collections, json, math, os, random, subprocess, sys, tempfile

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


def examples(program, cases, weight):
    """(features, label, weight) of every capitalised word."""
    for (text, gold), line in zip(cases, run(program, "features", [c[0] for c in cases])):
        f = line.split()
        for s, e, numbers in zip(f[0::3], f[1::3], f[2::3]):
            s, e = int(s), int(e)
            hit = [g for g in gold if g[0] < e and s < g[1]]
            if not any(g[2] for g in hit):
                yield [int(n) for n in numbers.split(",")], 1.0 if hit else 0.0, weight


def train(data, n, rounds, l2, seed=7):
    w, g2 = [0.0] * n, [1e-6] * n
    order = list(range(len(data)))
    rng = random.Random(seed)
    for r in range(rounds):
        rng.shuffle(order)
        loss, rate = 0.0, 0.15 / (1 + 0.25 * r)
        for i in order:
            f, y, k = data[i]
            z = sum([w[j] for j in f])
            p = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
            loss -= k * math.log(max(1e-9, p if y else 1 - p))
            d = (p - y) * k
            for j in f:
                g = d + l2 * w[j]
                g2[j] += g * g
                w[j] -= rate * g / math.sqrt(g2[j])
        print(f"round {r + 1}: loss {loss / len(data):.4f}", file=sys.stderr)
    return w


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
    ap.add_argument("--rounds", type=int, default=10)
    ap.add_argument("--l2", type=float, default=2e-5)
    ap.add_argument("--write", action="store_true")
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
        data = []
        for name, cases in trained.items():
            # No source is to drown the others: each counts as its words do, up to a bound.
            mine = list(examples(program, cases, 1.0))
            weight = min(1.0, (8000 / max(1, len(mine))) ** 0.5)
            data += [(f, y, weight) for f, y, _ in mine]
            print(f"{name}: {len(cases)} texts, {len(mine)} words, {sum(y for _, y, _ in mine):.0f} of names, weight {weight:.2f}", file=sys.stderr)
        blocks = [l.split("\t") for l in subprocess.run([program, "blocks"], capture_output=True, text=True).stdout.splitlines()]
        n = sum(int(b[1]) for b in blocks)
        seen = collections.Counter(j for f, _, _ in data for j in set(f))
        data = [([j for j in f if seen[j] >= 4], y, k) for f, y, k in data]
        w = train(data, n, a.rounds, a.l2)
        with open(os.path.join(HERE, "..", "weights.tsv"), "w") as out:
            start = 0
            for name, size in blocks:
                for k in range(int(size)):
                    if abs(w[start + k]) >= 0.03:
                        out.write(f"{name}\t{k}\t{w[start + k]:.2f}\n")
                start += int(size)
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
