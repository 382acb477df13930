# Reads a report of delivery with Python's email package, strictly, and says what it found as JSON. Input: the message.
import email
import email.policy
import json
import sys

message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)


def defects(part):
    found = [type(defect).__name__ for defect in part.defects]
    for value in part.values():
        found += [type(defect).__name__ for defect in value.defects]
    return found + [name for one in part.iter_parts() for name in defects(one)] if part.is_multipart() and part.get_content_maintype() == "multipart" else found


def fields(part):
    """Blocks of fields, each under its name in small letters."""
    if part.get_content_type() == "message/delivery-status":
        return [{name.lower(): str(value) for name, value in block.items()} for block in part.get_payload()]
    # Python knows no message/global-delivery-status; its fields are UTF-8 (RFC 6533).
    payload = part.get_payload()
    inner = payload if isinstance(payload, list) else [part]
    text = b"".join(
        one.as_bytes(policy=email.policy.SMTPUTF8) if isinstance(payload, list) else one.get_payload(decode=True)
        for one in inner
    )
    blocks = text.decode("utf-8").replace("\r\n", "\n").strip().split("\n\n")
    read = []
    for block in blocks:
        pairs = {}
        for line in block.replace("\n ", " ").split("\n"):
            name, _, value = line.partition(": ")
            pairs[name.lower()] = value.strip()
        read.append(pairs)
    return read


parts = list(message.iter_parts())
text, status = parts[0], parts[1]
returned = parts[2] if len(parts) > 2 else None
print(
    json.dumps(
        {
            "type": message.get_content_type(),
            "reportType": message.get_param("report-type"),
            "header": {name.lower(): str(value) for name, value in message.items()},
            "defects": defects(message),
            "text": text.get_content().replace("\r\n", "\n"),
            "statusType": status.get_content_type(),
            "status": fields(status),
            "returnedType": returned.get_content_type() if returned is not None else None,
            "returned": returned.as_bytes().partition(b"\n\n")[2].decode("latin1")
            if returned is not None
            else None,
        }
    )
)
