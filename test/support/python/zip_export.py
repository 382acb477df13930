# Writes a zip archive as others write it: files named in JSON on standard input, {name: base64}. Arguments: the archive, and how:
# plain, streamed (sizes behind the data, as Java writes), zip64 (sizes in the extra field of each entry), stored (not compressed).
import base64, json, sys, zipfile

class Unseekable:
    def __init__(self, file):
        self.file = file
    def write(self, data):
        return self.file.write(data)
    def flush(self):
        self.file.flush()

path, how = sys.argv[1], sys.argv[2]
files = json.load(sys.stdin)
with open(path, "wb") as raw:
    target = Unseekable(raw) if how == "streamed" else raw
    method = zipfile.ZIP_STORED if how == "stored" else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(target, "w", method, allowZip64=True) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
            info.compress_type = method
            with archive.open(info, "w", force_zip64=how == "zip64") as entry:
                entry.write(base64.b64decode(content))
