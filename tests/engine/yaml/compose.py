"""Composes each text of a JSON list on stdin as Ansible's loader does (libyaml), and prints what came of each: a JSON list of
trees `[line, column, kind, tag, plain, content]`, of errors `{"error": ...}`, or null where there is no document."""

import json
import sys

import yaml

if not yaml.__with_libyaml__:
    sys.exit("this PyYAML has no libyaml")


def tree(node):
    at = [node.start_mark.line + 1, node.start_mark.column + 1]
    if isinstance(node, yaml.ScalarNode):
        return at + ["scalar", node.tag, node.style is None or node.style == "", node.value]
    if isinstance(node, yaml.SequenceNode):
        return at + ["sequence", node.tag, False, [tree(item) for item in node.value]]
    return at + ["mapping", node.tag, False, [[tree(key), tree(value)] for key, value in node.value]]


def composed(text):
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        return None if node is None else tree(node)
    except yaml.YAMLError as e:
        return {"error": str(e)}
    except RecursionError:
        return {"error": "a node that contains itself"}


json.dump([composed(text) for text in json.load(sys.stdin)], sys.stdout)
