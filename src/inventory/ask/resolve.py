# Answers, in the operator's own Ansible, what an inventory holds: order, groups, the values that a connection needs, and
# which source failed. It stays: a line of JSON asks, a line answers, and what has changed on disk is read again; whatever
# Ansible or a plugin prints goes to stderr. It ends when its input does, with everything that it has started.
#
# Only what is asked by name leaves it, of secret names only that they are set. No lookup runs: a value that needs one is
# declined with its name.
#
# Tried with ansible-core 2.16 to 2.21. Taken from its sources: `inventory/manager.py` (parse_sources), `cli/__init__.py`
# (_play_prereqs), `vars/manager.py` (get_vars).
import fcntl
import io
import json
import os
import queue
import signal
import sys
import termios
import threading
import time

VERSION = 1
# Plugins that say the same as long as their file does.
STATIC = ("ini", "yaml", "toml", "host_list", "advanced_host_list")


def end():
    # Inventory scripts and password programs are of this group.
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def listen(asking, questions):
    # Before all else: whoever asked may be gone while an inventory script hangs.
    while True:
        line = asking.readline()
        if not line.endswith(b"\n"):
            end()
        questions.put(line)


def main(asking):
    # No terminal that somebody could be prompted on.
    try:
        fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), termios.TIOCNOTTY)
    except OSError:
        pass
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="replace")
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdin = open(os.devnull)
    questions = queue.Queue()
    threading.Thread(target=listen, args=(asking, questions), daemon=True).start()
    resolver = None
    while True:
        ask = json.loads(questions.get())
        try:
            resolver = resolver or Resolver(ask["sources"])
            answer = resolver.answer(ask)
        except Exception as e:  # a plugin may raise anything
            answer = {"version": VERSION, "error": words(e)}
        except SystemExit as e:
            answer = {"version": VERSION, "error": words(e)}
        json.dump(answer, out)
        out.write("\n")
        out.flush()


def words(e):
    return " ".join(str(getattr(e, "message", None) or e).split()) or type(e).__name__


def compiled_once():
    # Thousands of hosts share a few templates, and Ansible compiles each anew for each host. Gives what is remembered.
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
    return known


def stamps(path, found, depth=0):
    # What a path is like now; of a folder, all that lies in it.
    try:
        seen = os.stat(path)
        found.append((path, seen.st_mtime_ns, seen.st_size, seen.st_ino))
        if os.path.isdir(path) and depth < 8:
            for name in sorted(os.listdir(path)):
                if not name.startswith("."):
                    stamps(os.path.join(path, name), found, depth + 1)
    except OSError as e:
        found.append((path, e.errno))


class Resolver:
    def __init__(self, sources):
        # A source that fails is told here; the setting would end all at the first.
        os.environ.pop("ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED", None)
        from ansible import constants as C
        from ansible import release
        from ansible.cli import CLI
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
        self.C, self.CLI, self.Loader, self.Manager = C, CLI, DataLoader, InventoryManager
        self.Templar, self.HostVars, self.Variables = Templar, HostVars, VariableManager
        self.core = release.__version__
        # Since 2.19 the secrets of the process are made once.
        self.secrets, self.once = [], {}
        try:
            from ansible.parsing.vault import VaultSecretsContext

            VaultSecretsContext.initialize(VaultSecretsContext(self.secrets))
            self.once = {"initialize_context": False}
        except ImportError:
            pass
        # What is said of a source stays in its lines.
        Display().columns = 1 << 20
        self.sources = sources or C.DEFAULT_HOST_LIST
        self.compiled = compiled_once()
        self.asked, self.looking = [], False
        get = lookup_loader.get

        def lookup(name, *args, **kwargs):
            # What a source's own configuration needs is evaluated as Ansible does; what a look would, is not.
            if self.looking:
                self.asked.append(name)
                raise ValueError("lookup")
            return get(name, *args, **kwargs)

        lookup_loader.get = lookup
        self.config = self.configured()
        self.files, self.inventory, self.at, self.dynamic = None, None, 0, False

    def configured(self):
        found = []
        if self.C.CONFIG_FILE:
            stamps(str(self.C.CONFIG_FILE), found)
        return found

    def on_disk(self):
        # All files that the answers come from.
        found, folders = [], [os.getcwd()]
        for source in self.sources:
            source = os.path.abspath(os.path.expanduser(str(source)))
            stamps(source, found)
            if not os.path.isdir(source):
                folders.append(os.path.dirname(source))
        for folder in dict.fromkeys(folders):
            stamps(os.path.join(folder, "group_vars"), found)
            stamps(os.path.join(folder, "host_vars"), found)
        secrets = [v.rsplit("@", 1)[-1] for v in self.C.DEFAULT_VAULT_IDENTITY_LIST]
        for path in secrets + [self.C.DEFAULT_VAULT_PASSWORD_FILE or ""]:
            if path:
                stamps(os.path.expanduser(str(path)), found)
        return found

    def load(self, oldest):
        # Reads the inventory, where anything has changed since, or a script or plugin spoke more than `oldest` seconds ago.
        files = self.on_disk()
        now = time.monotonic()
        if self.inventory and files == self.files and not (self.dynamic and now - self.at >= oldest):
            return
        self.inventory = None
        self.compiled.clear()
        own, sys.stderr = sys.stderr, io.StringIO()
        try:
            self.read()
        finally:
            self.said, sys.stderr = sys.stderr.getvalue(), own
        self.files, self.at = files, now

    def read(self):
        loader = self.Loader()
        # Nobody is there who could answer a prompt.
        ids = [v for v in self.C.DEFAULT_VAULT_IDENTITY_LIST if not v.rsplit("@", 1)[-1].startswith("prompt")]
        self.secrets[:] = []
        try:
            self.secrets[:] = self.CLI.setup_vault_secrets(loader, vault_ids=ids, auto_prompt=False, **self.once)
        except Exception as e:
            print("warning: vault: %s" % words(e), file=sys.stderr)
        loader.set_vault_secrets(self.secrets)
        sources, took = [], []

        class Manager(self.Manager):
            def _fetch_inventory_plugins(self):
                plugins = super()._fetch_inventory_plugins()
                for plugin in plugins:
                    watch(plugin)
                return plugins

            def parse_source(self, source, cache=False):
                own, sys.stderr = sys.stderr, io.StringIO()
                parsed, why = False, ""
                try:
                    parsed = super().parse_source(source, cache=cache)
                except Exception as e:
                    why = words(e)
                finally:
                    said, sys.stderr = sys.stderr.getvalue(), own
                inside = os.path.isdir(source) and any(s["source"].startswith(source.rstrip("/") + "/") for s in sources)
                if not inside:
                    sources.append({"source": source, "parsed": bool(parsed), "said": why or said})
                elif said.strip():
                    print(said, file=sys.stderr)
                return parsed

        def watch(plugin):
            parse, name = plugin.parse, str(getattr(plugin, "_load_name", "")).rsplit(".", 1)[-1]

            def parsed(*args, **kwargs):
                parse(*args, **kwargs)
                took.append(name)

            plugin.parse = parsed

        self.inventory = Manager(loader, sources=list(self.sources))
        self.told, self.loader = sources, loader
        failed = not all(source["parsed"] for source in sources)
        self.dynamic = failed or any(name not in STATIC for name in took)
        self.manager = self.Variables(loader=loader, inventory=self.inventory)
        self.HostVars(inventory=self.inventory, variable_manager=self.manager, loader=loader)
        self.templar = self.Templar(loader=loader)

    def answer(self, ask):
        if self.configured() != self.config:
            # Ansible reads it once a process.
            return {"version": VERSION, "again": True}
        self.load(ask["oldest"])
        groups, hosts, vars = self.inventory.groups, self.inventory.hosts, {}
        answer = {"_meta": {"hostvars": vars}}
        for name, group in groups.items():
            answer[name] = {
                "hosts": [host.name for host in group.hosts],
                "children": [child.name for child in group.child_groups],
            }
        declined = {}
        wanted = set(ask["hosts"]) if ask.get("hosts") is not None else None
        for host in hosts.values() if ask["names"] else ():
            if wanted is None or host.name in wanted:
                try:
                    vars[host.name] = self.host(host, ask["names"], ask["hidden"])
                except Exception as e:
                    declined[host.name] = words(e)
        return {
            "version": VERSION,
            "core": self.core,
            "sources": self.told,
            "said": self.said,
            "groups": list(groups),
            "hosts": list(hosts),
            "declined": declined,
            "inventory": answer,
        }

    def host(self, host, names, hidden):
        try:
            return self.values(self.manager.get_vars(host=host, include_hostvars=False), names, hidden)
        except ValueError:
            # It may speak of other hosts.
            return self.values(self.manager.get_vars(host=host, include_hostvars=True), names, hidden)

    def values(self, variables, names, hidden):
        self.templar.available_variables = variables
        found = {}
        for name in names:
            if name not in variables:
                continue
            del self.asked[:]
            self.looking, value = True, None
            try:
                value = plain(self.templar.template(variables[name]))
            except Exception as e:
                if not self.asked:
                    raise ValueError("%s: %s" % (name, words(e)))
            finally:
                self.looking = False
            # Also where the template would go on without it.
            if self.asked:
                raise ValueError("%s needs lookup(%r), which is not evaluated for a look" % (name, self.asked[0]))
            if value is Ellipsis:
                raise ValueError("%s is neither text nor a number" % name)
            found[name] = value
        for name in hidden:
            if variables.get(name) is not None:
                found[name] = "set"
        return found


def plain(value):
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return value + 0
    if isinstance(value, str):
        return "".join(value)
    return Ellipsis


main(asking)  # noqa: F821 (whoever loads this hands it over)
