"""What changed in the API since the document of the last release, so that a client of then would break.

`python tools/api_changes.py` prints it; with --keep, today's document becomes that of the release. What counts: an
address, method, status, field or type that is gone, or a request that is taken no more (a new required field, a word or
range that is narrower). What is new beside the old is no break, nor is a new word in an answer: clients read what they
know. Shapes may be called otherwise: their names are not sent.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "docs" / "api" / "openapi.json"
CHANGELOG = ROOT / "CHANGELOG.md"
_METHODS = ("get", "put", "post", "delete", "patch")
_AT_MOST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_AT_LEAST = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def breaks(old, new):
    """What a client of the old document trips over in the new one: where, and what, a pair each."""
    comparison = _Comparison(old, new)
    comparison.operations("paths", answers_are_ours=True)
    comparison.operations("webhooks", answers_are_ours=False)
    return sorted(comparison.found.items())


def unnamed(found, changelog):
    """Those that the newest section of the changelog does not name, by where in backticks."""
    newest = re.split(r"^## ", changelog, flags=re.MULTILINE)[1]
    return [(where, what) for where, what in found if f"`{where}`" not in newest]


class _Comparison:
    """Both documents side by side; a shape that many operations use is compared once for each direction."""

    def __init__(self, old, new):
        self.old, self.new, self.found = old, new, {}
        self._compared = set()

    def operations(self, part, answers_are_ours):
        """Every operation of the paths, whose answers we give; or of the webhooks, whose requests we send."""
        for address, methods in self.old.get(part, {}).items():
            for method in set(methods) & set(_METHODS):
                where = f"{method.upper()} {address}" if part == "paths" else address
                now = self.new.get(part, {}).get(address, {}).get(method)
                if now is None:
                    self._broken(where, "is gone")
                else:
                    self._operation(where, methods[method], now, answers_are_ours)

    def _operation(self, where, old, new, answers_are_ours):
        for way in old.get("security", []):
            if way not in new.get("security", []):
                self._broken(f"{where} {' and '.join(way)}", "lets nobody in any more")
        self._parameters(where, old.get("parameters", []), new.get("parameters", []), not answers_are_ours)
        self._body(where, old.get("requestBody", {}), new.get("requestBody", {}), not answers_are_ours)
        for status, answer in old["responses"].items():
            now = new["responses"].get(status)
            if now is None:
                self._broken(f"{where} {status}", "is answered no more")
            else:
                self._contents(f"{where} {status}", answer, now, answers_are_ours)
                self._headers(f"{where} {status}", answer.get("headers", {}), now.get("headers", {}))

    def _parameters(self, where, old, new, ours):
        before, now = ({(each["in"], each["name"]): each for each in side} for side in (old, new))
        for key, parameter in before.items():
            if key in now:
                self._schema(f"{where} {key[1]}", parameter["schema"], now[key]["schema"], ours)
            else:
                self._broken(f"{where} {key[1]}", "is gone")
        for key, parameter in now.items():
            if parameter.get("required") and not before.get(key, {}).get("required") and not ours:
                self._broken(f"{where} {key[1]}", "is required now")

    def _body(self, where, old, new, ours):
        if new.get("required") and not old.get("required") and not ours:
            self._broken(f"{where} body", "is required now")
        self._contents(where, old, new, ours)

    def _contents(self, where, old, new, ours):
        for kind, content in old.get("content", {}).items():
            now = new.get("content", {}).get(kind)
            if now is None:
                self._broken(f"{where} {kind}", "is gone")
            else:
                self._schema(where, content.get("schema", {}), now.get("schema", {}), ours)

    def _headers(self, where, old, new):
        for name in set(old) - set(new):
            self._broken(f"{where} {name}", "is gone")

    def _schema(self, where, old, new, ours):
        """Where a client writes, old values must still be taken; where it reads (`ours`), new ones be understood."""
        name = old.get("$ref", "").rpartition("/")[2]
        if name:
            where = name
            if (name, new.get("$ref"), ours) in self._compared:
                return
            self._compared.add((name, new.get("$ref"), ours))
        before, now = _branches(self.old, old), _branches(self.new, new)
        self._types(where, before, now, ours)
        for branch in before:
            same = [each for each in now if _type(each) == _type(branch)]
            if same:
                self._branch(where, branch, _nearest(branch, same), ours)

    def _types(self, where, before, now, ours):
        old, new = {_type(each) for each in before}, {_type(each) for each in now}
        if "any" not in (old if ours else new):
            for kind in (new - old) if ours else (old - new):
                self._broken(where, f"may be {kind} now" if ours else f"is taken no more as {kind}")

    def _branch(self, where, old, new, ours):
        if not ours:
            self._narrowed(where, old, new)
        elif old.get("format") and new.get("format") != old["format"]:
            self._broken(where, f"is a {old['format']} no more")
        if "items" in old:
            self._schema(f"{where}[]", old["items"], new.get("items", {}), ours)
        if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
            self._schema(f"{where}.*", old["additionalProperties"], new["additionalProperties"], ours)
        self._fields(where, old, new, ours)

    def _fields(self, where, old, new, ours):
        before, now = old.get("properties", {}), new.get("properties", {})
        for name, schema in before.items():
            if name in now:
                self._schema(f"{where}.{name}", schema, now[name], ours)
            else:
                self._broken(f"{where}.{name}", "is gone")
        needed_before, needed_now = set(old.get("required", [])), set(new.get("required", []))
        if ours:
            for name in (needed_before - needed_now) & set(now):
                self._broken(f"{where}.{name}", "may be missing now")
        else:
            for name in needed_now - needed_before:
                self._broken(f"{where}.{name}", "is required now")

    def _narrowed(self, where, old, new):
        """Where a client writes: words, ranges and patterns that exclude what was taken."""
        words = _words(new)
        if words is not None:
            gone = [word for word in _words(old) or ["anything else"] if word not in words]
            if gone:
                self._broken(where, f"takes no more: {', '.join(map(str, gone))}")
        for key in (*_AT_MOST, *_AT_LEAST):
            limit, before = new.get(key), old.get(key)
            tighter = limit is not None and (before is None or (limit < before if key in _AT_MOST else limit > before))
            if tighter:
                self._broken(where, f"has the {key} {limit} now")
        for key in ("pattern", "format"):
            if new.get(key) and new[key] != old.get(key):
                self._broken(where, f"has another {key} now")
        if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
            self._broken(where, "takes no other fields now")

    def _broken(self, where, what):
        known = self.found.get(where)
        self.found[where] = what if known in (None, what) else f"{known}; {what}"


def _branches(document, schema):
    """The kinds of value that a schema allows, references followed."""
    if "$ref" in schema:
        return _branches(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return [branch for each in several for branch in _branches(document, each)]
    if isinstance(schema.get("type"), list):
        return [{**schema, "type": kind} for kind in schema["type"]]
    return [schema]


def _type(schema):
    words = _words(schema)
    if "type" in schema:
        return schema["type"]
    if words:
        return {str: "string", bool: "boolean", int: "integer", type(None): "null"}.get(type(words[0]), "any")
    return "object" if "properties" in schema else "any"


def _words(schema):
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _nearest(branch, candidates):
    """Of several objects, the one that shares most fields."""
    return max(candidates, key=lambda each: len(set(each.get("properties", {})) & set(branch.get("properties", {}))))


def today():
    """The document as this code serves it."""
    from importlib.metadata import version

    from webapp.api import all_endpoints
    from webapp.api.framework.openapi import document

    return document(all_endpoints(), version("escrow-desk"))


def main():
    """Exit 1 when a break is not in the changelog."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--keep", action="store_true", help="keep today's document as that of the release")
    if asked.parse_args().keep:
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(today(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
        return 0
    missing = unnamed(breaks(json.loads(KEPT.read_text()), today()), CHANGELOG.read_text())
    for where, what in missing:
        print(f"`{where}` {what}.")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
