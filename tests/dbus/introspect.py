#!/usr/bin/env python3
"""introspect.py XML OBJECT: fails where an object on the bus is not what the contract says.

Compares the interfaces of dbus/*.xml with what the running service tells of itself: names,
signatures, names and directions of arguments, access, and when a change is told.
"""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET

SERVICE = "org.ambit.Ambit1"
EMITS = "org.freedesktop.DBus.Property.EmitsChangedSignal"


def introspect(path):
    answer = subprocess.run(
        ["busctl", "--user", "--json=short", "call", SERVICE, path,
         "org.freedesktop.DBus.Introspectable", "Introspect"],
        check=True, capture_output=True, text=True)
    return json.loads(answer.stdout)["data"][0]


def arguments(member, default):
    return [f"{a.get('direction', default)} {a.get('type')} {a.get('name')}"
            for a in member.findall("arg")]


def annotations(member):
    return {a.get("name"): a.get("value") for a in member.findall("annotation")}


def describe(interface):
    """One line a member, by its kind and name."""
    lines = {}
    for method in interface.findall("method"):
        lines["method " + method.get("name")] = ", ".join(
            arguments(method, "in") + sorted(map(str, annotations(method).items())))
    for signal in interface.findall("signal"):
        lines["signal " + signal.get("name")] = ", ".join(arguments(signal, "out"))
    for prop in interface.findall("property"):
        emits = annotations(prop).get(EMITS, "true")
        lines["property " + prop.get("name")] = (
            f"{prop.get('type')}, {prop.get('access')}, change told: {emits}")
    return lines


def interfaces(text):
    return {i.get("name"): describe(i) for i in ET.fromstring(text).findall("interface")}


def differences(contract, object_path):
    actual = interfaces(introspect(object_path))
    for name, wanted in contract.items():
        if name not in actual:
            yield f"{object_path} has no interface {name}"
            continue
        for member in sorted(wanted.keys() | actual[name].keys()):
            want, got = wanted.get(member), actual[name].get(member)
            if want != got:
                yield f"{name} {member}: the contract has ({want}), the object ({got})"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        contract = interfaces(file.read())
    if not contract:
        sys.exit(f"{sys.argv[1]} has no interface")
    found = list(differences(contract, sys.argv[2]))
    print("\n".join(found) or f"{', '.join(contract)}: the same")
    sys.exit(1 if found else 0)


main()
