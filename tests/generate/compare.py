#!/usr/bin/env python3
"""The people that Python's readers find in the files of `tests/it/everywhere.rs`, beside those that piimap finds in them.

    PIIMAP_KEEP_WRITTEN=/tmp/written cargo test --test it -- everywhere
    pip install pyarrow openpyxl pypdf python-docx fastavro pyorc olefile xlrd brotli
    tests/generate/compare.py target/debug/piimap /tmp/written

Prints a line for each file: its name, how many of the thousand addresses Python found, and how many people piimap found by
their addresses. Ends with status 1 where piimap found fewer. A library or a program that is not installed (`pg_restore`),
and a format or a packing that none reads, is a line with `-`.
"""

import bz2, csv, email, gzip, importlib, io, json, lzma, mailbox, os, re, sqlite3, subprocess, sys, tarfile, tempfile, zipfile

ADDRESS = re.compile(rb"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")


def lib(name):
    return importlib.import_module(name)


def texts_of(*values):
    return "\n".join(str(v) for v in values if v is not None).encode("utf-8", "replace")


def rows(table):
    return texts_of(*(v for row in table for v in row))


def nested(value):
    if isinstance(value, dict):
        return b"\n".join(nested(v) for v in value.values())
    if isinstance(value, (list, tuple)):
        return b"\n".join(nested(v) for v in value)
    return texts_of(value)


def arrow(data):
    return nested(lib("pyarrow.parquet").read_table(io.BytesIO(data)).to_pylist())


def workbook(data):
    book = lib("openpyxl").load_workbook(io.BytesIO(data), read_only=True)
    return b"\n".join(rows(sheet.iter_rows(values_only=True)) for sheet in book)


def old_workbook(data):
    book = lib("xlrd").open_workbook(file_contents=data)
    return b"\n".join(rows(sheet.get_rows()) for sheet in book.sheets())


def pdf(data):
    return texts_of(*(page.extract_text() for page in lib("pypdf").PdfReader(io.BytesIO(data)).pages))


def word(data):
    # The files of the tests hold the least that readers ask for; python-docx asks for more.
    xml = zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml").decode()
    parts = lib("docx.oxml").parse_xml(xml).xpath("//w:t")
    return "".join(p.text or "" for p in parts).encode().replace(b"Write to", b" Write to")


def sqlite(data):
    with tempfile.NamedTemporaryFile(suffix=".db") as f:
        f.write(data)
        f.flush()
        con = sqlite3.connect(f.name)
        names = [r[0] for r in con.execute("select name from sqlite_master where type = 'table'")]
        return b"\n".join(rows(con.execute(f'select * from "{n}"')) for n in names)


def mbox(data):
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        return b"\n".join(mail(m.as_bytes()) for m in mailbox.mbox(f.name))


def mail(data):
    m = email.message_from_bytes(data)
    parts = [p.get_payload(decode=True) or b"" for p in m.walk() if not p.is_multipart()]
    return texts_of(*m.values()) + b"\n" + b"\n".join(parts)


def mails(data):
    z = zipfile.ZipFile(io.BytesIO(data))
    return b"\n".join(mail(z.read(n)) for n in z.namelist())


def opened(data):
    z = zipfile.ZipFile(io.BytesIO(data))
    return re.sub(rb"<[^>]*>", b" ", b"\n".join(z.read(n) for n in z.namelist() if n.endswith(("xml", "html"))))


def inner(data, member):
    t = tarfile.open(fileobj=io.BytesIO(data), mode="r:gz")
    z = zipfile.ZipFile(io.BytesIO(t.extractfile("x/y.zip").read()))
    return READERS[member.rsplit(".", 1)[1]](z.read(member))


def compound(data):
    ole = lib("olefile").OleFileIO(io.BytesIO(data))
    streams = [ole.openstream(n).read() for n in ole.listdir() if not n[-1].startswith("__prop")]
    return b"\n".join(s + b"\n" + s.decode("utf-16-le", "ignore").encode("utf-8", "ignore") for s in streams)


def restored(data):
    with tempfile.NamedTemporaryFile() as f:
        f.write(data)
        f.flush()
        return subprocess.run(["pg_restore", "-f", "-", f.name], check=True, capture_output=True).stdout


def plain(data):
    for page in ("utf-8-sig", "latin-1"):
        try:
            return data.decode(page).encode()
        except UnicodeDecodeError:
            pass
    return data


READERS = {
    "csv": lambda d: rows(csv.reader(io.StringIO(plain(d).decode()))),
    "jsonl": lambda d: b"\n".join(nested(json.loads(l)) for l in d.splitlines()),
    "json": lambda d: d,
    "txt": plain,
    "sql": plain,
    "html": plain,
    "xml": plain,
    "fixed": plain,
    "parquet": arrow,
    "orc": lambda d: nested(list(lib("pyorc").Reader(io.BytesIO(d)))),
    "avro": lambda d: nested(list(lib("fastavro").reader(io.BytesIO(d)))),
    "sqlite": sqlite,
    "xlsx": workbook,
    "xls": old_workbook,
    "ods": lambda d: opened(d),
    "odt": lambda d: opened(d),
    "epub": lambda d: opened(d),
    "pptx": lambda d: opened(d),
    "docx": word,
    "pdf": pdf,
    "mbox": mbox,
    "eml": mail,
    "zip": mails,
    "doc": compound,
    "ppt": compound,
    "msg": compound,
    "dump": restored,
    "gz": gzip.decompress,
    "bz2": bz2.decompress,
    "xz": lzma.decompress,
    "br": lambda d: lib("brotli").decompress(d),
}

SPECIAL = {
    "utf16.csv": lambda d: d.decode("utf-16-le").encode(),
    "utf16.txt": lambda d: d.decode("utf-16-le").encode(),
    "utf16be.csv": lambda d: d.decode("utf-16").encode(),
    "utf32.csv": lambda d: d.decode("utf-32").encode(),
    "a.parquet.gz": lambda d: arrow(gzip.decompress(d)),
    "deep.tgz": lambda d: inner(d, "deep/people.csv"),
    "deep2.tgz": lambda d: inner(d, "people.parquet"),
}


def main():
    program, folder = sys.argv[1], sys.argv[2]
    with open(os.path.join(folder, "a.csv"), newline="") as f:
        people = {r["email"].encode() for r in csv.DictReader(f)}
    work = tempfile.mkdtemp()
    with open(os.path.join(work, "piimap.toml"), "w") as f:
        f.write('[[table]]\nuri = "**/a.fixed"\nfixed_width = "name:40,email:60,ssn:11,phone:20"\n')

    def run(*args):
        # A key for this comparison alone.
        env = {**os.environ, "PIIMAP_KEY": "00" * 32}
        done = subprocess.run([os.path.abspath(program), *args], cwd=work, capture_output=True, env=env)
        if done.returncode != 0:
            sys.exit(done.stderr.decode())
        return done.stdout

    run("scan", os.path.abspath(folder))
    found = {}
    answer = json.loads(run("find", "--format", "json", *(p.decode() for p in sorted(people))))
    for p in answer["places"]:
        if p["classifier"] == "generic.email":
            found.setdefault(os.path.basename(p["uri"]), set()).add(p["consumer"])
    fewer = 0
    print("file\tpython\tpiimap")
    for name in sorted(os.listdir(folder)):
        data = open(os.path.join(folder, name), "rb").read()
        read = SPECIAL.get(name) or READERS.get(name.rsplit(".", 1)[1])
        ours = len(found.get(name, ()))
        try:
            theirs = len(people & set(ADDRESS.findall(read(data)))) if read else None
        except (ImportError, FileNotFoundError, NotImplementedError, subprocess.CalledProcessError):
            theirs = None
        print(f"{name}\t{'-' if theirs is None else theirs}\t{ours}", flush=True)
        fewer += theirs is not None and ours < theirs
    return 1 if fewer else 0


if __name__ == "__main__":
    sys.exit(main())
