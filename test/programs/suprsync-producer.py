"""A producer of SupRsync rows, in the form of the original, and a reader of them.

It knows nothing of hotdir: what it writes is what SQLAlchemy emits for the original's classes, and what it prints is
what stands in the file. Orders are lines of JSON on standard input, answers lines of JSON on standard output.

    suprsync-producer.py DATABASE

    {"do": "create"}                                       both tables, where they are missing
    {"do": "add", "files": [{"local_path", "remote_path", "archive_name", ...}]}   in one transaction
    {"do": "set", "id": 1, "values": {"ignore": true}}     as somebody at a prompt would
    {"do": "finish", "timecode": 16750, "archive_name": "smurf"}    as the original does once a directory is final
    {"do": "rows"} / {"do": "timecodes"}                   all that is there
    {"do": "lock", "seconds": 2}                           holds the writer's lock for so long
"""

import hashlib
import json
import os
import sqlite3
import sys
import time

TABLES = (
    """
CREATE TABLE supersync_v0 (
\tid INTEGER NOT NULL, 
\tlocal_path VARCHAR NOT NULL, 
\tlocal_md5sum VARCHAR NOT NULL, 
\tarchive_name VARCHAR NOT NULL, 
\tremote_path VARCHAR NOT NULL, 
\ttimestamp FLOAT NOT NULL, 
\tremote_md5sum VARCHAR, 
\tcopied FLOAT, 
\tremoved FLOAT, 
\tfailed_copy_attempts INTEGER, 
\tdeletable BOOLEAN, 
\t"ignore" BOOLEAN, 
\tPRIMARY KEY (id)
)
""",
    """
CREATE TABLE timecode_dirs_v0 (
\tid INTEGER NOT NULL, 
\ttimecode INTEGER NOT NULL, 
\tarchive_name VARCHAR NOT NULL, 
\tcompleted BOOLEAN, 
\tsynced BOOLEAN, 
\tfinalized BOOLEAN, 
\tfinalize_file_id INTEGER, 
\tPRIMARY KEY (id), 
\tFOREIGN KEY(finalize_file_id) REFERENCES supersync_v0 (id)
)
""",
)


def create(db):
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for name, statement in zip(("supersync_v0", "timecode_dirs_v0"), TABLES):
        if name not in there:
            db.execute(statement)
    db.commit()
    return {"created": True}


def md5_of(path):
    digest = hashlib.md5()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(65536), b""):
            digest.update(block)
    return digest.hexdigest()


def timecode_of(remote_path):
    first = os.path.normpath(remote_path).strip("/").split("/")[0]
    try:
        timecode = int(first)
    except ValueError:
        return None
    return timecode if len(str(timecode)) == 5 else None


def add(db, files):
    ids = []
    for file in files:
        md5 = file.get("local_md5sum") or md5_of(file["local_path"])
        timecode = timecode_of(file["remote_path"])
        if timecode is not None:
            known = db.execute(
                "SELECT timecode_dirs_v0.id FROM timecode_dirs_v0 WHERE timecode_dirs_v0.timecode = ? AND timecode_dirs_v0.archive_name = ?",
                (timecode, file["archive_name"]),
            ).fetchone()
            if known is None:
                db.execute(
                    "INSERT INTO timecode_dirs_v0 (timecode, archive_name, completed, synced, finalized, finalize_file_id) VALUES (?, ?, ?, ?, ?, ?)",
                    (timecode, file["archive_name"], 0, 0, 0, None),
                )
        timestamp = file.get("timestamp")
        cursor = db.execute(
            'INSERT INTO supersync_v0 (local_path, local_md5sum, archive_name, remote_path, timestamp, remote_md5sum, copied, removed, failed_copy_attempts, deletable, "ignore") '
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                file["local_path"],
                md5,
                file["archive_name"],
                file["remote_path"],
                float(time.time() if timestamp is None else timestamp),
                file.get("remote_md5sum"),
                file.get("copied"),
                file.get("removed"),
                file.get("failed_copy_attempts", 0),
                1 if file.get("deletable", True) else 0,
                1 if file.get("ignore", False) else 0,
            ),
        )
        ids.append(cursor.lastrowid)
    db.commit()
    return {"ids": ids}


def change(db, row, values):
    for column, value in values.items():
        stored = int(value) if isinstance(value, bool) else value
        db.execute('UPDATE supersync_v0 SET "%s"=? WHERE supersync_v0.id = ?' % column.replace('"', '""'), (stored, row))
    db.commit()
    return {"changed": row}


def finish(db, timecode, archive):
    """As the original marks a directory whose finalization file it has written."""
    db.execute(
        "UPDATE timecode_dirs_v0 SET completed=?, synced=?, finalized=? WHERE timecode_dirs_v0.timecode = ? AND timecode_dirs_v0.archive_name = ?",
        (1, 1, 1, timecode, archive),
    )
    db.commit()
    return {"finished": timecode}


def everything(db, table):
    cursor = db.execute("SELECT * FROM %s ORDER BY id" % table)
    columns = [column[0] for column in cursor.description]
    return {"rows": [dict(zip(columns, row)) for row in cursor]}


def lock(db, seconds):
    db.execute("BEGIN IMMEDIATE")
    print(json.dumps({"locked": True}), flush=True)
    time.sleep(seconds)
    db.rollback()
    return {"locked": False}


def answer(db, order):
    do = order["do"]
    if do == "create":
        return create(db)
    if do == "add":
        return add(db, order["files"])
    if do == "set":
        return change(db, order["id"], order["values"])
    if do == "finish":
        return finish(db, order["timecode"], order["archive_name"])
    if do == "rows":
        return everything(db, "supersync_v0")
    if do == "timecodes":
        return everything(db, "timecode_dirs_v0")
    if do == "lock":
        return lock(db, order["seconds"])
    raise ValueError("there is no order %r" % do)


def main():
    db = sqlite3.connect(sys.argv[1], timeout=30)
    db.execute("PRAGMA journal_mode=WAL")
    for line in sys.stdin:
        print(json.dumps(answer(db, json.loads(line))), flush=True)
    db.close()


main()
