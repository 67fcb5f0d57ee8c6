"""Answers questions about inventories with the real Ansible, many in one process.

Reads one JSON object a line from stdin, writes one JSON object a line to stdout:
  {"op": "list", "cwd": DIR, "sources": [..]}                        -> {"ok": TEXT} | {"error": TEXT}
  {"op": "hosts", "cwd": DIR, "sources": [..], "queries": [[PATTERN, LIMIT|null], ..]} -> {"ok": [{"hosts": [..]} | {"error": TEXT}, ..]}
  {"op": "literal", "texts": [..]}                                   -> {"ok": [JSON text | null, ..]}
  {"op": "yaml", "texts": [..]}                                      -> {"ok": [JSON text | null, ..]}

Each question is answered in a fork, so that Ansible's caches hold nothing of another. It calls the same classes as the commands `ansible-inventory --list` and `ansible PATTERN --list-hosts`; the test
compares some of its answers with those commands, so that it is itself proven. Run with the Python of `ansible`.
"""

import json
import os
import sys

out = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)  # nothing else may write to the answers
sys.stdout = sys.stderr

from ansible.cli.inventory import InventoryCLI  # noqa: E402
from ansible.cli.adhoc import AdHocCLI  # noqa: E402
from ansible import context  # noqa: E402
from ansible import constants as C  # noqa: E402
from ansible.errors import AnsibleError  # noqa: E402
from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.plugins.loader import init_plugin_loader, inventory_loader, vars_loader  # noqa: E402
from ansible.utils.display import Display  # noqa: E402

init_plugin_loader()
for name in C.INVENTORY_ENABLED:  # imported once, here, so that each fork finds them
    inventory_loader.get(name)
for _loaded in vars_loader.all(class_only=True):
    pass
vars_loader.get("host_group_vars")
Display.display = lambda *args, **kwargs: None


def cli(cls, args):
    it = cls(args)
    it.parse()
    return it


def listed(question):
    os.chdir(question["cwd"])
    args = ["ansible-inventory", "--list"]
    for source in question["sources"]:
        args += ["-i", source]
    it = cli(InventoryCLI, args)
    it.loader, it.inventory, it.vm = it._play_prereqs()
    return it.dump(it.json_inventory(it._get_group("all")))


def hosts(question):
    os.chdir(question["cwd"])
    args = ["ansible", "all", "--list-hosts"]
    for source in question["sources"]:
        args += ["-i", source]
    it = cli(AdHocCLI, args)
    answers = []
    loader, manager, _vm = it._play_prereqs()
    for pattern, limit in question["queries"]:
        manager.clear_caches()
        manager._inventory.localhost = next((h for n, h in manager.hosts.items() if n in C.LOCALHOST), None)
        try:
            found = it.get_host_list(manager, limit, pattern)
            answers.append({"hosts": [str(h) for h in found]})
        except AnsibleError as error:
            answers.append({"error": str(error)} if limit else {"hosts": []})
        except Exception as error:  # the command would crash
            answers.append({"error": "crash: %r" % error})
        manager.subset(None)
    return answers


def dumped(value):
    from ansible._internal._json._profiles import _inventory_legacy

    hostvars = {"_meta": {"hostvars": {"h": {"v": value}}}}
    text = json.dumps(hostvars, cls=_inventory_legacy.Encoder, sort_keys=True)
    return json.dumps(json.loads(text)["_meta"]["hostvars"]["h"]["v"], sort_keys=True, ensure_ascii=False)


def literals(question):
    from ansible.plugins.inventory.ini import InventoryModule
    from ansible._internal._datatag._tags import Origin

    module = InventoryModule()
    module._origin = Origin(path="/x", line_num=1)
    return [attempt(lambda: dumped(module._parse_value(text))) for text in question["texts"]]


def yamls(question):
    from ansible._internal._datatag._tags import Origin, TrustedAsTemplate

    def one(text):
        tagged = Origin(path="/x").tag(TrustedAsTemplate().tag(text))
        return dumped(DataLoader().load(tagged))

    return [attempt(lambda text=text: one(text)) for text in question["texts"]]


def attempt(do):
    try:
        return do()
    except Exception:
        return None


OPS = {"list": listed, "hosts": hosts, "literal": literals, "yaml": yamls}

def answer(line):
    asked = json.loads(line)
    try:
        said = {"ok": OPS[asked["op"]](asked)}
    except (Exception, SystemExit) as error:
        said = {"error": "%s: %s" % (type(error).__name__, error)}
    out.write(json.dumps(said) + "\n")
    out.flush()


for line in sys.stdin:
    # each question in a process of its own: nothing that Ansible remembers reaches the next
    pid = os.fork()
    if pid == 0:
        answer(line)
        os._exit(0)
    if os.waitpid(pid, 0)[1] != 0:
        out.write(json.dumps({"error": "crash"}) + "\n")
        out.flush()
