#!/usr/bin/env python3
"""Verifies a proof bundle of Barnstorm with nothing but the bundle and the public key.

    python3 verify_bundle.py BUNDLE PUBLIC_KEY [ANCHORS]

BUNDLE is a folder with proof.json and manifest.json, or one proof.json; PUBLIC_KEY is 64 hexadecimal
digits that reached you by another way. ANCHORS, a file of heads that you kept (one JSON object a
line, as they were mailed), shows that the bundle belongs to the log of those days. Exit code 0:
everything verifies; 1: it does not.

Standard library only, and no code in common with the program that makes bundles: hashes and paths
follow RFC 9162 section 2.1, signatures RFC 8032 section 5.1.7.
"""

import hashlib
import json
import pathlib
import sys

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


class Refused(Exception):
    """The bundle does not verify; says why."""


# Ed25519 on points in extended coordinates (X, Y, Z, T), x = X/Z, y = Y/Z, xy = T/Z.

def add(one, two):
    a = (one[1] - one[0]) * (two[1] - two[0]) % P
    b = (one[1] + one[0]) * (two[1] + two[0]) % P
    c = 2 * one[3] * two[3] * D % P
    d = 2 * one[2] * two[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same(one, two):
    return (one[0] * two[2] - two[0] * one[2]) % P == 0 \
        and (one[1] * two[2] - two[1] * one[2]) % P == 0


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def decode_point(octets):
    y = int.from_bytes(octets, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def is_signed(public, message, signature):
    """RFC 8032 5.1.7."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, point = decode_point(public), decode_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or point is None or scalar >= ORDER:
        return False
    challenge = hashlib.sha512(signature[:32] + public + message).digest()
    factor = int.from_bytes(challenge, "little") % ORDER
    return same(multiply(scalar, BASE), add(point, multiply(factor, key)))


# RFC 9162

def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def check_inclusion(leaf, index, size, path, root):
    """Section 2.1.3.2."""
    if not 0 <= index < size:
        raise Refused("a line's number is outside the log")
    node, last, result = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise Refused("a path is longer than its tree")
        if node & 1 or node == last:
            result = node_hash(step, result)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            result = node_hash(result, step)
        node, last = node >> 1, last >> 1
    if last or result != root:
        raise Refused("a line does not stand in the log whose head is signed")


def check_consistency(old, old_size, new, new_size, proof):
    """Section 2.1.4.2."""
    if not 0 < old_size <= new_size:
        raise Refused("an earlier head is larger than the later one: the log was cut off")
    if old_size == new_size:
        if proof or old != new:
            raise Refused("two heads of one size differ: the log was rewritten")
        return
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old)
    if not path:
        raise Refused("a proof of growth is empty")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path.pop(0)
    for step in path:
        if last == 0:
            raise Refused("a proof of growth is longer than its tree")
        if node & 1 or node == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, step)
        node, last = node >> 1, last >> 1
    if last or first != old or second != new:
        raise Refused("the log is not the one of an earlier head: it was rewritten or cut off")


# The bundle

def check_head(head, public):
    statement = "barnstorm ledger head, version 1\n{}\n{}\n{}\n{}\n".format(
        int(head["organisation"]), int(head["size"]), head["root"], head["signed_at"])
    if head["key_id"] != hashlib.sha256(public).hexdigest()[:16]:
        raise Refused("a head names another key than the one that was given")
    if not is_signed(public, statement.encode(), bytes.fromhex(head["signature"])):
        raise Refused("the signature of a head is wrong")


def check_lines(proof):
    head = proof["head"]
    root, size = bytes.fromhex(head["root"]), int(head["size"])
    seen = set()
    for line in proof["lines"]:
        seq = int(line["seq"])
        entry = line["entry"].encode()
        check_inclusion(leaf_hash(entry), seq - 1, size, [bytes.fromhex(h) for h in line["path"]],
                        root)
        words = json.loads(line["entry"])
        if words["seq"] != seq or words["organisation"] != head["organisation"]:
            raise Refused(f"line {seq} says that it is another one")
        if seq in seen:
            raise Refused(f"line {seq} stands twice")
        seen.add(seq)
    return seen


def check_proof(proof, public):
    if proof["format"] != "barnstorm proof, version 1":
        raise Refused("this verifier knows version 1 only")
    check_head(proof["head"], public)
    lines = check_lines(proof)
    if not lines:
        raise Refused("no line is in it")
    head = proof["head"]
    for growth in proof["earlier"]:
        old = growth["head"]
        check_head(old, public)
        if old["organisation"] != head["organisation"]:
            raise Refused("an earlier head is of another organisation")
        check_consistency(bytes.fromhex(old["root"]), int(old["size"]),
                          bytes.fromhex(head["root"]), int(head["size"]),
                          [bytes.fromhex(h) for h in growth["proof"]])
    return lines


def check_manifest(folder):
    """Every file of the manifest is there and unchanged, and no other."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    if manifest.pop("format", None) != "barnstorm manifest, version 1":
        raise Refused("the manifest is of an unknown version")
    found = {path.name for path in folder.iterdir()} - {"manifest.json"}
    if found != set(manifest):
        raise Refused("files are missing or were added: "
                      + ", ".join(sorted(found ^ set(manifest))))
    for name, digest in manifest.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            raise Refused(f"{name} was changed")


def check_copies(folder, proof):
    """What stands beside the proof for reading says the same."""
    path = folder / "lines.jsonl"
    if path.exists():
        copies = path.read_text(encoding="utf-8").splitlines()
        if copies != [line["entry"] for line in proof["lines"]]:
            raise Refused("lines.jsonl does not hold the proven lines: some were removed or added")


def check_anchors(path, proof, public):
    """The newest kept head before the bundle's is one that the bundle's log grew from."""
    head = proof["head"]
    kept = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()
            if line.startswith("{")]
    kept = [one for one in kept if one["organisation"] == head["organisation"]
            and one["signed_at"] <= head["signed_at"]]
    if not kept:
        raise Refused("no kept head is of this organisation and older than the bundle")
    for one in kept:
        check_head(one, public)
    newest = max(kept, key=lambda one: one["signed_at"])
    if newest != head and newest not in [growth["head"] for growth in proof["earlier"]]:
        raise Refused(f"the bundle does not know the head that you kept of {newest['signed_at']}")


def verify(path, public, anchors=None):
    folder = path if path.is_dir() else None
    if folder:
        check_manifest(folder)
    file = folder / "proof.json" if folder else path
    proof = json.loads(file.read_text(encoding="utf-8"))
    lines = check_proof(proof, public)
    if folder:
        check_copies(folder, proof)
    if anchors:
        check_anchors(anchors, proof, public)
    return proof, lines


def main(arguments):
    if len(arguments) not in (3, 4):
        print(__doc__.strip(), file=sys.stderr)
        return 64
    try:
        public = bytes.fromhex(arguments[2])
        anchors = pathlib.Path(arguments[3]) if len(arguments) == 4 else None
        proof, lines = verify(pathlib.Path(arguments[1]), public, anchors)
    except Refused as refusal:
        print(f"REFUSED: {refusal}.")
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"REFUSED: the bundle or the key cannot be read ({type(error).__name__}: {error}).")
        return 1
    head = proof["head"]
    print(f"Verified: {len(lines)} lines of the log of organisation {head['organisation']}, "
          f"{head['size']} lines long at {head['signed_at']}; "
          f"{len(proof['earlier'])} earlier anchored heads are its beginning.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
