#!/usr/bin/env python3
"""check-layers.py ROOT: includes between layers only as tools/layers.txt allows, and no cycle between modules, ever."""
import os
import re
import sys

root = sys.argv[1]
allowed = {}
with open(os.path.join(root, "tools/layers.txt"), encoding="utf-8") as f:
    for line in f:
        if line.strip() and not line.startswith("#"):
            layer, _, rest = line.partition(":")
            allowed[layer.strip()] = set(rest.split()) | {layer.strip()}

edges, bad = {}, []
src = os.path.join(root, "src")
for folder, _, names in os.walk(src):
    for name in names:
        if not name.endswith((".c", ".h")):
            continue
        path = os.path.relpath(os.path.join(folder, name), src)
        layer = path.split(os.sep)[0]
        module = os.path.splitext(path)[0]
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                found = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
                if not found:
                    continue
                target = found.group(1)
                if not os.path.exists(os.path.join(src, target)):
                    bad.append(f"src/{path}:{number}: '{target}' is not in src/")
                    continue
                if target.split("/")[0] not in allowed.get(layer, set()):
                    bad.append(f"src/{path}:{number}: layer '{layer}' may not use '{target}'")
                edges.setdefault(module, set()).add(os.path.splitext(target)[0])

state = {}


def visit(module, way):
    if state.get(module) == "done":
        return
    if module in way:
        bad.append("cycle: " + " -> ".join(way[way.index(module):] + [module]))
        return
    for target in sorted(edges.get(module, ())):
        if target != module:
            visit(target, way + [module])
    state[module] = "done"


for start in sorted(edges):
    visit(start, [])
print("\n".join(bad))
sys.exit(1 if bad else 0)
