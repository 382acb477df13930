# Asks for settings as exchangelib does it (POX autodiscover): XML made and read by Python's own parser. Environment: URL, EMAIL.
# Prints what the answer says as JSON. With PROFILE (a file), prints the property list in it in place of that.
import json
import os
import plistlib
import urllib.request
from xml.etree import ElementTree

env = os.environ
REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
ROOT = "{http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006}"
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

if "PROFILE" in env:
    with open(env["PROFILE"], "rb") as file:
        print(json.dumps(plistlib.load(file)))
    raise SystemExit

payload = ElementTree.Element(f"{{{REQUEST}}}Autodiscover")
request = ElementTree.SubElement(payload, f"{{{REQUEST}}}Request")
ElementTree.SubElement(request, f"{{{REQUEST}}}EMailAddress").text = env["EMAIL"]
ElementTree.SubElement(request, f"{{{REQUEST}}}AcceptableResponseSchema").text = OUTLOOK
asked = urllib.request.Request(
    env["URL"],
    data=ElementTree.tostring(payload, encoding="utf-8", xml_declaration=True),
    headers={"Content-Type": "text/xml; charset=utf-8"},
)
with urllib.request.urlopen(asked, timeout=15) as answer:
    root = ElementTree.fromstring(answer.read())
assert root.tag == f"{ROOT}Autodiscover", root.tag
account = root.find(f"{{{OUTLOOK}}}Response/{{{OUTLOOK}}}Account")
if account is None:
    error = root.find(f"{ROOT}Response/{ROOT}Error")
    print(json.dumps({"error": error.find(f"{ROOT}ErrorCode").text}))
    raise SystemExit
print(
    json.dumps(
        [
            {field.tag.split("}")[1]: field.text for field in protocol}
            for protocol in account.findall(f"{{{OUTLOOK}}}Protocol")
        ]
    )
)
