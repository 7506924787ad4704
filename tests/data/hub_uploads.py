"""What the hub on loopback answers to an upload: repository, files announced, sent, committed.

The protocol is that of huggingface_hub without Xet: `preupload` says which files are large, Git LFS
takes these by their sha256, and a commit holds the others and names the large ones.
"""

import base64
import hashlib
import json

import yaml

KINDS = {"model": "models", "dataset": "datasets"}


class Uploads:
    """The part of a request handler that writes; `of_hub` is the hub."""

    def is_upload(self, parts):
        """Say whether a request belongs to an upload."""
        return (
            parts[:3] == ["api", "repos", "create"]
            or parts[:2] == ["api", "validate-yaml"]
            or parts[0] == "lfs"
            or parts[-3:] == ["lfs", "objects", "batch"]
            or (parts[0] == "api" and len(parts) > 4 and parts[4] in ("preupload", "commit"))
        )

    def upload(self, parts):
        """Answer one request of an upload."""
        if parts[0] == "lfs":  # an address with a signature needs no token
            return self.store(parts[1])
        if self.headers.get("Authorization") != f"Bearer {self.of_hub.writer}":
            return self.answer(401, json.dumps({"error": "Invalid token"}).encode())
        if parts[1] == "repos":
            return self.create(json.loads(self.body))
        if parts[1] == "validate-yaml":
            return self.validate(json.loads(self.body))
        if parts[-1] == "batch":
            return self.batch(json.loads(self.body))
        key = (parts[1], "/".join(parts[2:4]))
        return getattr(self, parts[4])(key)

    def create(self, asked):
        self.of_hub.created.append(asked)
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        key = (KINDS[asked.get("type", "model")], name)
        address = f"{self.of_hub.endpoint}/{name}"
        if key in self.of_hub.commits:
            return self.answer(409, json.dumps({"error": "exists", "url": address}).encode())
        self.of_hub.add(name, {".gitattributes": b"*.safetensors filter=lfs\n"}, kind=key[0])
        return self.json({"url": address, "visibility": asked.get("visibility")})

    def validate(self, asked):
        """Refuse metadata that is no YAML or lacks what the hub wants."""
        found = yaml.safe_load(asked["content"].split("---")[1])
        errors = [] if isinstance(found, dict) and found.get("license") else ["no license"]
        body = {"errors": [{"message": text} for text in errors], "warnings": []}
        return self.answer(400 if errors else 200, json.dumps(body).encode())

    def preupload(self, key):
        there = list(self.of_hub.commits[key].values())[-1]
        self.json(
            {"files": [self.mode_of(of["path"], there) for of in json.loads(self.body)["files"]]}
        )

    def mode_of(self, path, there):
        large = path.endswith((".parquet", ".safetensors"))
        found = {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        if path in there:
            content = there[path]
            git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            found["oid"] = hashlib.sha256(content).hexdigest() if large else git
        return found

    def batch(self, asked):
        objects = []
        for of in asked["objects"]:
            answer = {"oid": of["oid"], "size": of["size"]}
            if of["oid"] not in self.of_hub.stored:
                href = f"{self.of_hub.endpoint}/lfs/{of['oid']}?signature=secret"
                answer["actions"] = {"upload": {"href": href}}
            objects.append(answer)
        self.json({"transfer": "basic", "objects": objects})

    def store(self, oid):
        assert hashlib.sha256(self.body).hexdigest() == oid
        self.of_hub.stored[oid] = self.body
        self.answer(200)

    def commit(self, key):
        files = dict(list(self.of_hub.commits[key].values())[-1])
        for line in map(json.loads, self.body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.of_hub.stored[value["oid"]]
        oid = self.of_hub.add(key[1], files, kind=key[0])
        self.json({"commitUrl": f"{self.of_hub.endpoint}/{key[1]}/commit/{oid}", "commitOid": oid})
