"""A model of a disk that loses its power: follows the writes and syncs of a traced program, and derives the files that a
crash may leave.

The trace is of strace (`-f -y -xx`), and concerns one folder. In the model, a completed `fsync` keeps the content that its
file had when it began, and a folder's `fsync` keeps the names created and removed until then. At a crash, every other write
may be lost, kept or torn independently, and the latest changes of names may be lost. Memory-mapped files are not traced.
"""

import dataclasses
import random
import re

SECTOR = 512
LINE = re.compile(rb"^(\d+) +([\d.]+) (?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")
RESULT = re.compile(rb"^(.*)\) += (-?\d+|\?)(.*)$")
HELD = rb" <unfinished ...>"
TEXT = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
FILE = re.compile(rb"^(-?\d+|AT_FDCWD)(?:<((?:\\x[0-9a-f]{2})*)>)?")


@dataclasses.dataclass
class Call:
    """A system call: the lines of the trace at which it began and ended."""

    name: str
    path: str  # of its file descriptor
    texts: list  # its texts and buffers
    rest: bytes  # its unparsed arguments from the trace
    began: int
    ended: int
    result: int

    def last_number(self):
        """Returns the last argument: an offset or a length."""
        return int(self.rest.rsplit(b",", 1)[1])

    def is_sync(self):
        """Returns whether the call makes earlier writes durable."""
        return self.name in ("fsync", "fdatasync")


def unescape(text):
    """Returns the bytes of an escaped text."""
    return bytes.fromhex(text.replace(b"\\x", b"").decode())


def calls(lines):
    """Returns the calls of a trace, ordered by the time at which they count: a write when it began, since a crash may leave a
    part of it, and a sync when it ended. A call that never ended has the result -1."""
    return sorted(all_calls(lines), key=lambda call: call.ended if call.is_sync() else call.began)


def all_calls(lines):
    """Returns the calls of a trace."""
    held = {}
    at = -1
    for at, line in enumerate(lines):
        match = LINE.match(line)
        if not match:
            continue
        thread, _, name, text, resumed, rest = match.groups()
        if resumed:
            if thread not in held:
                continue
            name, text, began = held.pop(thread)
            text += rest
        elif text.endswith(HELD):
            held[thread] = (name, text[: -len(HELD)], at)
            continue
        else:
            began = at
        yield parsed(name, text, began, at)
    for name, text, began in held.values():
        yield parsed(name, text + b") = ?", began, at + 1)


def parsed(name, text, began, ended):
    """Parses a call."""
    arguments, result, _ = RESULT.match(text).groups()
    file = FILE.match(arguments)
    path = unescape(file[2]).decode() if file and file[2] else ""
    texts = [unescape(text) for text in TEXT.findall(arguments)]
    return Call(name.decode(), path, texts, arguments, began, ended, -1 if result == b"?" else int(result))


@dataclasses.dataclass
class Change:
    """An unsynced change of a file: bytes at an offset, or a new length."""

    began: int
    offset: int
    data: bytes | None  # `None` cuts the file to `offset`


class File:
    """A file: its durable content, and its unsynced changes."""

    def __init__(self):
        self.durable = bytearray()
        self.pending = []

    def sync(self, began):
        """Makes the changes durable that were made before an `fsync` began."""
        for change in self.pending:
            if change.began < began:
                apply(self.durable, change)
        self.pending = [change for change in self.pending if change.began >= began]


def apply(content, change):
    """Applies a change to the content of a file."""
    if change.data is None:
        del content[change.offset :]
    content.extend(bytes(max(0, change.offset - len(content))))
    if change.data is not None:
        content[change.offset : change.offset + len(change.data)] = change.data


def tear(content, change, chance):
    """Applies some sectors of a change. Applies a truncation completely or not at all."""
    if change.data is None:
        apply(content, change)
        return
    first = change.offset - change.offset % SECTOR
    for start in range(first, change.offset + len(change.data), SECTOR):
        begin, end = max(start, change.offset), min(start + SECTOR, change.offset + len(change.data))
        if chance.random() < 0.5:
            part = change.data[begin - change.offset : end - change.offset]
            apply(content, Change(change.began, begin, part))


class Disk:
    """The files of a folder, as the calls of a trace change them."""

    def __init__(self, folder, content=None):
        self.folder = folder
        self.names = {}  # as running programs see them
        self.durable_names = {}
        self.pending_names = []  # (began, name, file or None)
        for name, data in (content or {}).items():
            self.names[name] = File()
            self.names[name].durable[:] = data
        self.durable_names.update(self.names)

    def name(self, path):
        """Returns the name of a path in the folder, or `None` for a path outside and for SQLite's index, which is in memory."""
        name = path.removeprefix(self.folder + "/").removeprefix("./")
        return None if "/" in name or not name or name.endswith("-shm") else name

    def put(self, call, name, file):
        """Gives a name to a file, or removes it."""
        if file is None:
            self.names.pop(name, None)
        else:
            self.names[name] = file
        self.pending_names.append((call.began, name, file))

    def take(self, call):
        """Follows a call. Returns whether it changed the states that a crash may leave."""
        if call.result < 0 and call.name not in ("pwrite64", "write"):
            return False
        if call.name in ("openat", "open"):
            name = self.name(call.texts[0].decode())
            if name and b"O_CREAT" in call.rest and name not in self.names:
                self.put(call, name, File())
                return True
            if name and b"O_TRUNC" in call.rest and name in self.names:
                self.names[name].pending.append(Change(call.began, 0, None))
                return True
            return False
        if call.name in ("unlink", "unlinkat"):
            name = self.name(call.texts[0].decode())
            if name in self.names:
                self.put(call, name, None)
                return True
            return False
        if call.name in ("rename", "renameat", "renameat2", "link", "linkat"):
            old, new = (self.name(text.decode()) for text in call.texts)
            if old not in self.names or not new:
                return False
            self.put(call, new, self.names[old])
            if call.name.startswith("rename"):
                self.put(call, old, None)
            return True
        return self.change(call)

    def change(self, call):
        """Follows a call on an open file."""
        if call.path == self.folder:
            if call.is_sync():
                self.sync_names(call)
            return call.is_sync()
        file = self.names.get(self.name(call.path))
        if file is None:
            return False
        if call.name == "pwrite64":
            data = call.texts[0] if call.result < 0 else call.texts[0][: call.result]
            file.pending.append(Change(call.began, call.last_number(), data))
        elif call.name == "write":
            length = max([len(file.durable)] + [change.offset + len(change.data or b"") for change in file.pending])
            file.pending.append(Change(call.began, length, call.texts[0]))
        elif call.name == "ftruncate":
            file.pending.append(Change(call.began, call.last_number(), None))
        elif call.is_sync():
            file.sync(call.began)
        else:
            return False
        return True

    def sync_names(self, call):
        """Makes the changes of names durable that were made before a folder's `fsync` began."""
        for began, name, file in self.pending_names:
            if began < call.began:
                give(self.durable_names, name, file)
        self.pending_names = [change for change in self.pending_names if change[0] >= call.began]

    def left(self, how, seed=0):
        """Returns the files after a crash: with none of the unsynced changes (`lost`), all (`kept`) or a random part
        (`torn`)."""
        chance = random.Random(seed)
        count = len(self.pending_names)
        kept = {"lost": 0, "kept": count, "torn": chance.randint(0, count)}[how]
        names = dict(self.durable_names)
        for _, name, file in self.pending_names[:kept]:
            give(names, name, file)
        return {name: self.content(file, how, chance) for name, file in sorted(names.items())}

    @staticmethod
    def content(file, how, chance):
        """Returns the bytes that a crash leaves of a file."""
        content = bytearray(file.durable)
        if how == "lost":
            return content
        for change in file.pending:
            fate = "kept" if how == "kept" else chance.choice(("lost", "kept", "torn"))
            if fate == "kept":
                apply(content, change)
            elif fate == "torn":
                tear(content, change, chance)
        return content


def give(names, name, file):
    """Gives a name to a file, or removes it."""
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file
