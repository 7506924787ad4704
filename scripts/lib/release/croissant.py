"""A data set's Croissant metadata, version 1.0: its files with their digests, and what is in them.

Written as JSON-LD here, because the format's own library (mlcroissant) is no package of the study's
environments: there it would be in the keys of all trainings. The tests read it with that library.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

TERMS = (
    "citeAs column examples extract field fileObject fileProperty fileSet format includes "
    "isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace "
    "separator source subField transform equivalentProperty samplingRate"
)
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    **{term: f"cr:{term}" for term in TERMS.split()},
} | {"examples": {"@id": "cr:examples", "@type": "@json"}}
FORMATS = {".parquet": "application/x-parquet", ".csv": "text/csv", ".md": "text/markdown"}


class Field(NamedTuple):
    """A column: its name, its type in schema.org (Text, Integer, Float, Boolean), its meaning."""

    name: str
    type: str
    meaning: str


class Records(NamedTuple):
    """A table: what it is called, the pattern or path of its files, and its columns."""

    name: str
    files: str
    fields: Sequence[Field]


def metadata(
    about: Mapping[str, Any], digests: Mapping[str, str], tables: Sequence[Records]
) -> dict[str, Any]:
    """Return the JSON-LD of a data set.

    `about` has schema.org's name, description, license, version and datePublished, and citeAs;
    `digests` is {relative path: sha256} of the files.
    """
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        **about,
        "distribution": [
            *(_file(path, digest) for path, digest in digests.items()),
            *(_file_set(table) for table in tables if "*" in table.files),
        ],
        "recordSet": [_record_set(table) for table in tables],
    }


def _file(path: str, digest: str) -> dict[str, Any]:
    ending = path[path.rindex(".") :]
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "encodingFormat": FORMATS.get(ending, "text/plain"),
        "sha256": digest,
    }


def _file_set(table: Records) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"{table.name}-files",
        "name": f"{table.name}-files",
        "encodingFormat": FORMATS[".parquet"],
        "includes": table.files,
    }


def _record_set(table: Records) -> dict[str, Any]:
    source: dict[str, Any] = {"fileObject": {"@id": table.files}}
    if "*" in table.files:
        source = {"fileSet": {"@id": f"{table.name}-files"}}
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{table.name}/{field.name}",
                "name": field.name,
                "description": field.meaning,
                "dataType": f"sc:{field.type}",
                "source": source | {"extract": {"column": field.name}},
            }
            for field in table.fields
        ],
    }
