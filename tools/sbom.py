"""The bill of materials of what is installed in production, as CycloneDX, and the page that lists its licences.

`make sbom` writes dist/sbom.cdx.json and docs/security/licences.md. What tests and tools need is not shipped, and not
in it: deploy/image/requirements.lock says what is. OWASP's own writer looks at the packages that are installed here.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "deploy" / "image" / "requirements.lock"
BILL = ROOT / "dist" / "sbom.cdx.json"
PAGE = ROOT / "docs" / "security" / "licences.md"
_HEAD = """# Licences of what is installed in production

Written by `make sbom` from what the packages say of themselves. Versions are in the bill of materials of a release
(`sbom.cdx.json`), versions and hashes in `deploy/image/requirements.lock`.

| Library | Licence |
| --- | --- |
"""
# They say it in their texts alone.
_SAID_IN_TEXT = {"pymupdf-fonts": "OFL-1.1", "pyrage": "MIT", "uharfbuzz": "Apache-2.0"}
_BY_HAND = {"mit license": "MIT", "bsd license": "BSD", "apache software license": "Apache-2.0"}


def plain(name: str) -> str:
    """A package's name as an index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def shipped(lock: str) -> set[str]:
    """The packages that are installed in production."""
    return {plain(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.M)}


def bill(environment: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """What the environment has, without what is not shipped."""
    kept = [each for each in environment["components"] if plain(each["name"]) in names]
    refs = {each["bom-ref"] for each in kept} | {environment["metadata"].get("component", {}).get("bom-ref")}
    edges = [
        edge | {"dependsOn": sorted(set(edge.get("dependsOn", ())) & refs)}
        for edge in environment.get("dependencies", ())
        if edge["ref"] in refs
    ]
    return environment | {"components": kept, "dependencies": edges}


def licence(component: dict[str, Any]) -> str:
    """As the package says it: an expression, identifiers, or names."""
    said = component.get("licenses", ())
    found = [each.get("expression") or _one(each.get("license", {})) for each in said]
    text = ", ".join(dict.fromkeys(filter(None, found)))
    return text or _SAID_IN_TEXT.get(plain(component["name"]), "not said")


def _one(given: dict[str, Any]) -> str:
    name = str(given.get("id") or given.get("name") or "").partition("\n")[0]
    name = name.rpartition("::")[2].strip()
    name = "" if name.startswith("declared license") else name
    return _BY_HAND.get(name.lower(), name)


def page(components: list[dict[str, Any]]) -> str:
    """The table, in the order of names."""
    rows = sorted((plain(each["name"]), licence(each)) for each in components)
    return _HEAD + "".join(f"| {name} | {text} |\n" for name, text in rows)


def main() -> None:
    """Write both."""
    words = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", str(ROOT / "pyproject.toml")]
    done = subprocess.run([*words, "--output-reproducible", "--of", "JSON", "-o", "-"], capture_output=True, check=True)
    made = bill(json.loads(done.stdout), shipped(LOCK.read_text()))
    BILL.parent.mkdir(exist_ok=True)
    BILL.write_text(json.dumps(made, indent=2) + "\n")
    PAGE.write_text(page(made["components"]))
    print(f"{BILL.relative_to(ROOT)}: {len(made['components'])} libraries; their licences: {PAGE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
