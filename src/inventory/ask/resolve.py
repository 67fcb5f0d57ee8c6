# Answers, in the operator's own Ansible, what an inventory holds: order, groups, the values that a connection needs, and
# which source failed. One JSON object in, one out; whatever Ansible or a plugin prints goes to stderr.
#
# Only what is asked by name leaves it, of secret names only that they are set. No lookup runs: a value that needs one is
# declined with its name.
#
# Tried with ansible-core 2.16 to 2.19. Taken from its sources: `inventory/manager.py` (parse_sources), `cli/__init__.py`
# (_play_prereqs), `vars/manager.py` (get_vars).
import io
import json
import os
import sys

VERSION = 1


def main():
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    ask = json.load(sys.stdin)
    try:
        answer = resolve(ask)
    except Exception as e:  # a plugin may raise anything
        answer = {"version": VERSION, "error": words(e)}
    json.dump(answer, out)
    out.flush()


def words(e):
    return " ".join(str(getattr(e, "message", None) or e).split()) or type(e).__name__


def compiled_once():
    # Thousands of hosts share a few templates, and Ansible compiles each anew for each host.
    import jinja2

    compiling, known = jinja2.Environment.compile, {}

    def compile(self, source, name=None, filename=None, raw=False, defer_init=False):
        if not isinstance(source, str):
            return compiling(self, source, name, filename, raw, defer_init)
        signs = (self.variable_start_string, self.block_start_string, self.comment_start_string)
        key = (type(self), signs, self.trim_blocks, self.lstrip_blocks, source, name, filename, raw, defer_init)
        if key not in known:
            known[key] = compiling(self, source, name, filename, raw, defer_init)
        return known[key]

    jinja2.Environment.compile = compile


def resolve(ask):
    # A source that fails is told here; the setting would end all at the first.
    os.environ.pop("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", None)
    from ansible import constants as C
    from ansible import release
    from ansible.cli import CLI
    from ansible.errors import AnsibleError
    from ansible.inventory.manager import InventoryManager
    from ansible.parsing.dataloader import DataLoader
    from ansible.plugins.loader import init_plugin_loader, lookup_loader
    from ansible.template import Templar
    from ansible.utils.display import Display
    from ansible.vars.hostvars import HostVars
    from ansible.vars.manager import VariableManager

    try:
        init_plugin_loader()
    except Exception as e:
        print("warning: %s" % words(e), file=sys.stderr)
    loader = DataLoader()
    # Nobody is there who could answer a prompt.
    ids = [v for v in C.DEFAULT_VAULT_IDENTITY_LIST if not v.rsplit("@", 1)[-1].startswith("prompt")]
    try:
        loader.set_vault_secrets(CLI.setup_vault_secrets(loader, vault_ids=ids, auto_prompt=False))
    except AnsibleError as e:
        print("warning: vault: %s" % words(e), file=sys.stderr)

    # What is said of a source stays in its lines.
    Display().columns = 1 << 20
    sources = []

    class Manager(InventoryManager):
        def parse_source(self, source, cache=False):
            own, sys.stderr = sys.stderr, io.StringIO()
            parsed, why = False, ""
            try:
                parsed = super().parse_source(source, cache=cache)
            except AnsibleError as e:
                why = words(e)
            finally:
                said, sys.stderr = sys.stderr.getvalue(), own
            inside = os.path.isdir(source) and any(s["source"].startswith(source.rstrip("/") + "/") for s in sources)
            if not inside:
                sources.append({"source": source, "parsed": bool(parsed), "said": why or said})
            elif said.strip():
                print(said, file=sys.stderr)
            return parsed

    inventory = Manager(loader, sources=ask["sources"] or C.DEFAULT_HOST_LIST)
    groups, hosts = inventory.groups, inventory.hosts
    answer = {"_meta": {"hostvars": {}}}
    for name, group in groups.items():
        answer[name] = {
            "hosts": [host.name for host in group.hosts],
            "children": [child.name for child in group.child_groups],
        }
    told = {
        "version": VERSION,
        "core": release.__version__,
        "sources": sources,
        "groups": list(groups),
        "hosts": list(hosts),
        "declined": {},
        "inventory": answer,
    }
    if not ask["names"]:
        return told

    asked = []

    def deny(name, *args, **kwargs):
        asked.append(name)
        raise AnsibleError("lookup")

    lookup_loader.get = deny
    names, hidden = ask["names"], ask["hidden"]
    manager = VariableManager(loader=loader, inventory=inventory)
    HostVars(inventory=inventory, variable_manager=manager, loader=loader)
    wanted = set(ask["hosts"]) if ask.get("hosts") is not None else None

    def plain(value):
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, (int, float)):
            return value + 0
        if isinstance(value, str):
            return "".join(value)
        return Ellipsis

    compiled_once()
    templar = Templar(loader=loader)

    def one(variables):
        templar.available_variables = variables
        found = {}
        for name in names:
            if name in variables:
                del asked[:]
                try:
                    value = plain(templar.template(variables[name]))
                except Exception as e:
                    if not asked:
                        raise ValueError("%s: %s" % (name, words(e)))
                if asked:
                    raise ValueError("%s needs lookup(%r), which is not evaluated for a look" % (name, asked[0]))
                if value is Ellipsis:
                    raise ValueError("%s is neither text nor a number" % name)
                found[name] = value
        for name in hidden:
            if variables.get(name) is not None:
                found[name] = "set"
        return found

    for host in hosts.values():
        if wanted is not None and host.name not in wanted:
            continue
        try:
            variables = manager.get_vars(host=host, include_hostvars=False)
            try:
                found = one(variables)
            except ValueError:
                # It may speak of other hosts.
                found = one(manager.get_vars(host=host, include_hostvars=True))
            answer["_meta"]["hostvars"][host.name] = found
        except Exception as e:
            told["declined"][host.name] = words(e)
    return told


main()
