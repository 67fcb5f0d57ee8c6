# Written for opsdeck; MIT like the rest of it. Runs inside ansible-playbook and ansible, core 2.16 and later.
"""Appends what happens in a run, one JSON line an event, to the file that OPSDECK_EVENTS names.

Rules: it never disturbs a run (every hook is guarded, a failure becomes a `dropped` event); one write a line, to a
file opened for appending, so that no line is ever half mixed with another; no value that may hold a secret on
purpose (module arguments, defaults of prompts, set_stats); large values are cut, and say so.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import signal
import sys
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: opsdeck
    type: notification
    short_description: appends a run's events to a file for opsdeck
    description: Does nothing unless the environment variable OPSDECK_EVENTS names the file.
"""

# A line up to here is written as it is; only longer ones are walked and cut.
LINE_MAX = 32 * 1024
# What is kept of a long text, at each end.
KEEP = 4 * 1024
# What is kept of a long list, at each end.
KEEP_ITEMS = 100
DEPTH_MAX = 16

# Never sent: module arguments may hold secrets, facts are huge, items of a loop were already sent one by one.
NEVER = frozenset(("invocation", "ansible_facts", "_ansible_parsed", "_ansible_no_log", "_ansible_item_result",
                   "_ansible_item_label", "_ansible_ignore_errors", "_ansible_delegated_vars", "_ansible_verbose_always",
                   "_ansible_verbose_override", "ansible_stats"))
DOUBLES = (("stdout", "stdout_lines"), ("stderr", "stderr_lines"))
# All that is told of a job in the background; its result comes as the task's own.
ASYNC = ("ansible_job_id", "started", "finished", "msg")

wall_ns = time.time_ns
steady_ns = time.monotonic_ns
encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"), default=repr).encode


def guarded(hook):
    """A hook that fails costs its event, which is reported, and nothing else."""

    @functools.wraps(hook)
    def run(self, *args, **kwargs):
        try:
            hook(self, *args, **kwargs)
        except Exception as problem:  # pylint: disable=broad-except
            self.drop(hook.__name__, problem)

    return run


def cut(value, keep, depth=0):
    """A copy of `value` that is small and that JSON can hold."""
    if isinstance(value, str):
        size = len(value)
        if size <= 2 * keep:
            return str(value)
        return "%s\n[opsdeck: %d of %d characters left out]\n%s" % (value[:keep], size - 2 * keep, size, value[-keep:])
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value == value and value not in (float("inf"), float("-inf")) else repr(value)
    if depth >= DEPTH_MAX:
        return "[opsdeck: nested too deep]"
    if isinstance(value, dict):
        pairs = itertools.islice(value.items(), 2 * KEEP_ITEMS)
        small = {cut(str(k), 256): cut(v, keep, depth + 1) for k, v in pairs}
        if len(value) > 2 * KEEP_ITEMS:
            small["[opsdeck]"] = "%d of %d keys left out" % (len(value) - 2 * KEEP_ITEMS, len(value))
        return small
    if isinstance(value, (list, tuple, set, frozenset)):
        items = list(value)
        if len(items) <= 2 * KEEP_ITEMS:
            return [cut(v, keep, depth + 1) for v in items]
        note = "[opsdeck: %d of %d items left out]" % (len(items) - 2 * KEEP_ITEMS, len(items))
        ends = items[:KEEP_ITEMS], items[-KEEP_ITEMS:]
        return [cut(v, keep, depth + 1) for v in ends[0]] + [note] + [cut(v, keep, depth + 1) for v in ends[1]]
    return cut(repr(value), keep, depth)


class TaskNote:
    """What is asked about a task again and again."""

    __slots__ = ("number", "loops", "wants_diff")

    def __init__(self, number, loops, wants_diff):
        self.number = number
        self.loops = loops
        self.wants_diff = wants_diff


class CallbackModule(CallbackBase):
    """See the module's own text."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "opsdeck"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        # Taken out of the environment: an ansible-playbook that a task starts must not write into our file.
        path = os.environ.pop("OPSDECK_EVENTS", None)
        self.stop_file = os.environ.pop("OPSDECK_STOP_FILE", None)
        self.disabled = not path
        if self.disabled:
            return
        self.pid = os.getpid()
        self.numbers = itertools.count(1)
        self.lost = 0
        self.torn = False
        self.tasks = {}
        self.task_count = 0
        self.lockstep = True
        self.item_diffs = set()
        self.diff = False
        self.stopping = False
        self.interrupted = False
        try:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self.fd = os.open(path, flags, 0o600)
        except OSError as problem:
            self.disabled = True
            self._display.warning("opsdeck cannot record this run's events in %s: %s" % (path, problem))
            return
        self.hello()
        self.chain_signals()

    # --- writing

    def emit(self, event, fields, whole=False):
        """Appends one event; `whole` for those made of names and counts only, which are never cut."""
        now = wall_ns() // 1000000
        steady = steady_ns() // 1000000
        number = next(self.numbers)
        record = {"n": number, "t": now, "m": steady, "e": event}
        record.update(fields)
        try:
            line = encode(record)
            if len(line) > LINE_MAX and not whole:
                line = encode(cut(record, KEEP))
        except (TypeError, ValueError, RecursionError):
            line = encode(cut(record, KEEP))
        if len(line) > 16 * LINE_MAX and not whole:
            line = encode(cut(record, 256))
        data = line.encode("utf-8", "replace") + b"\n"
        if self.torn:
            # The disk was full in the middle of a line: end that line, so that it spoils only itself.
            data = b"\n" + data
        try:
            written = os.write(self.fd, data)
        except OSError:
            self.lost += 1
            return
        self.torn = written != len(data)
        if self.torn:
            self.lost += 1
        elif self.lost:
            lost, self.lost = self.lost, 0
            self.emit("dropped", {"count": lost, "why": "the event file could not be written"})

    def drop(self, hook, problem):
        """Tells that an event was lost. Not the problem's text: it may quote values."""
        try:
            trace = problem.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            line = trace.tb_lineno if trace is not None else 0
            self.emit("dropped", {"count": 1, "why": "%s in %s (line %d)" % (type(problem).__name__, hook, line)})
        except Exception:  # pylint: disable=broad-except
            pass

    @guarded
    def hello(self):
        """First line: who writes here."""
        from ansible import constants, context
        from ansible.release import __version__ as core

        options = context.CLIARGS
        self.diff = bool(options.get("diff"))
        self.emit("hello", {
            "core": core,
            "pid": self.pid,
            "python": "%d.%d.%d" % sys.version_info[:3],
            "config": constants.CONFIG_FILE,
            "check": bool(options.get("check")),
            "diff": self.diff,
            "forks": options.get("forks"),
        })

    def chain_signals(self):
        """An interrupt leaves no recap: record it, then let Ansible's own handler do its work."""
        for signum in (signal.SIGINT, signal.SIGTERM):
            try:
                before = signal.getsignal(signum)
                if before is signal.SIG_IGN:
                    continue
                signal.signal(signum, functools.partial(self.on_signal, before))
            except Exception as problem:  # pylint: disable=broad-except
                self.drop("chain_signals", problem)

    def on_signal(self, before, signum, frame):
        """Runs in the main process, and in workers that inherited it: those stay silent."""
        if os.getpid() == self.pid:
            self.interrupted = True
            try:
                self.emit("interrupted", {"signal": int(signum)})
            except Exception:  # pylint: disable=broad-except
                pass
        if callable(before):
            before(signum, frame)
        else:
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)

    # --- plays and tasks

    @guarded
    def v2_playbook_on_start(self, playbook):
        plays = []
        for play in playbook.get_plays():
            plays.append({"name": str(play.get_name()), "hosts": pattern(play), "tasks": count_tasks(play)})
        self.emit("plan", {"plays": plays}, whole=True)

    @guarded
    def v2_playbook_on_play_start(self, play):
        self.tasks = {}
        self.item_diffs.clear()
        strategy = str(play.strategy or "linear")
        self.lockstep = not strategy.endswith(("free", "host_pinned"))
        inventory = play.get_variable_manager()._inventory
        names = [host.name for host in inventory.get_hosts(play.hosts, order=play.order)]
        fields = {"name": str(play.get_name()), "id": str(play._uuid), "hosts": names, "strategy": strategy}
        if play.serial:
            # This is one batch: on how many hosts will the play have run after the last one?
            fields["of"] = len(inventory.get_hosts(play.hosts, ignore_restrictions=True))
        self.emit("play", fields, whole=True)

    @guarded
    def begin_task(self, task, handler):
        uuid = task._uuid
        # Strategies that run hosts at their own pace announce a task once for each host: that is one task.
        if uuid in self.tasks and not self.lockstep:
            return
        loops = bool(getattr(task, "loop", None) or getattr(task, "loop_with", None))
        self.tasks[uuid] = TaskNote(self.task_count, loops, self.diff or bool(task.diff))
        fields = {"k": self.task_count, "name": str(task.get_name()).strip(), "action": str(task.action)}
        self.task_count += 1
        if handler:
            fields["handler"] = True
        path = task.get_path()
        if path:
            fields["path"] = path
        self.emit("task", fields)

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.obey_stop()
        self.begin_task(task, False)

    def v2_playbook_on_handler_task_start(self, task):
        self.obey_stop()
        self.begin_task(task, True)

    def obey_stop(self):
        """Ends the run here, between two tasks, if that was asked: what a first Ctrl-C does, at a better moment.

        An interrupt that arrives while a worker is being forked is lost (Python ignores exceptions of the functions that
        run around a fork): then at least nothing more starts.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        if self.stop_file is not None and os.path.exists(self.stop_file):
            if not self.stopping:
                self.stopping = True
                try:
                    finish_running_tasks()
                except Exception as problem:  # pylint: disable=broad-except
                    self.drop("obey_stop", problem)
                self.emit("stopped", {})
            raise KeyboardInterrupt

    @guarded
    def v2_playbook_on_no_hosts_matched(self):
        self.emit("no_hosts_matched", {})

    @guarded
    def v2_playbook_on_no_hosts_remaining(self):
        self.emit("no_hosts_remaining", {})

    @guarded
    def v2_playbook_on_vars_prompt(self, varname, private=True, prompt=None, encrypt=None, confirm=False,
                                   salt_size=None, salt=None, default=None, unsafe=None):
        # Not `default`: it may be a secret.
        self.emit("vars_prompt", {"name": varname, "private": bool(private), "prompt": str(prompt or "")})

    @guarded
    def v2_playbook_on_include(self, included_file):
        hosts = [host.name for host in included_file._hosts]
        self.emit("include", {"file": str(included_file._filename), "hosts": hosts}, whole=True)

    @guarded
    def v2_playbook_on_notify(self, handler, host):
        self.emit("notify", {"name": handler.get_name(), "h": getattr(host, "name", None) or str(host)})

    @guarded
    def v2_playbook_on_stats(self, stats):
        tallies = {}
        for host in sorted(stats.processed):
            one = stats.summarize(host)
            tallies[host] = [one["ok"], one["changed"], one["failures"], one["unreachable"], one["skipped"],
                             one["rescued"], one["ignored"]]
        self.emit("stats", {"hosts": tallies}, whole=True)

    # --- results

    @guarded
    def v2_runner_on_start(self, host, task):
        note = self.tasks.get(task._uuid)
        self.emit("start", {"k": note.number if note else None, "h": host.name})

    def result(self, event, result, ignored=False, item=False, keep=None):
        try:
            body, host, task = result.result, result.host, result.task
        except AttributeError:  # before core 2.19
            body, host, task = result._result, result._host, result._task
        note = self.tasks.get(task._uuid)
        number = note.number if note else None
        name = host.name
        fields = {"k": number, "h": name}
        if body.get("changed"):
            fields["changed"] = True
        if ignored or (event == "unreachable" and task.ignore_unreachable):
            fields["ignored"] = True
        hidden = body.get("_ansible_no_log") or "censored" in body
        delegated = body.get("_ansible_delegated_vars")
        if delegated:
            to = delegated.get("ansible_delegated_host") or delegated.get("ansible_host")
            if to and to != name:
                fields["to"] = str(to)
        if keep is None:
            small = {key: value for key, value in body.items() if key not in NEVER}
        else:
            small = {key: body[key] for key in keep if key in body}
        for kept, double in DOUBLES:
            if kept in small:
                small.pop(double, None)
        if note is None or note.loops:
            small.pop("results", None)
        shows_diff = small.get("diff") and (note.wants_diff if note else self.diff)
        if not shows_diff:
            small.pop("diff", None)
        if item:
            if shows_diff:
                self.item_diffs.add((number, name))
            variable = body.get("ansible_loop_var", "item")
            label = body.get("_ansible_item_label", body.get(variable))
            fields["item"] = "(hidden by no_log)" if hidden else cut(label if isinstance(label, str) else encode(cut(label, 256)), 256)
            small.pop(variable, None)
            small.pop("ansible_loop_var", None)
        elif shows_diff or (number, name) in self.item_diffs:
            fields["diff"] = True
            self.item_diffs.discard((number, name))
        if note is None:
            fields["task"] = str(task.get_name())
        fields["r"] = small
        self.emit(event, fields)

    @guarded
    def v2_runner_on_ok(self, result):
        self.result("ok", result)

    @guarded
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.result("failed", result, ignored=bool(ignore_errors))

    @guarded
    def v2_runner_on_unreachable(self, result):
        self.result("unreachable", result)

    @guarded
    def v2_runner_on_skipped(self, result):
        self.result("skipped", result)

    @guarded
    def v2_runner_item_on_ok(self, result):
        self.result("item_ok", result, item=True)

    @guarded
    def v2_runner_item_on_failed(self, result):
        self.result("item_failed", result, item=True)

    @guarded
    def v2_runner_item_on_skipped(self, result):
        self.result("item_skipped", result, item=True)

    @guarded
    def v2_runner_retry(self, result):
        self.result("retry", result)

    @guarded
    def v2_runner_on_async_poll(self, result):
        self.result("async_poll", result, keep=ASYNC)

    @guarded
    def v2_runner_on_async_ok(self, result):
        self.result("async_ok", result, keep=ASYNC)

    @guarded
    def v2_runner_on_async_failed(self, result):
        self.result("async_failed", result, keep=ASYNC)


def finish_running_tasks():
    """Waits for the tasks that run now and reports their results; starts no other.

    In lockstep none runs between two tasks. Under `free` and `host_pinned` other hosts are in the middle of theirs: the
    strategy's own way of waiting at the end of a play is used. It reports results, for which it needs the lock that is
    held while a callback runs.
    """
    frame = sys._getframe(1)
    while frame is not None:
        strategy, iterator = frame.f_locals.get("self"), frame.f_locals.get("iterator")
        if iterator is not None and hasattr(strategy, "_wait_on_pending_results"):
            break
        frame = frame.f_back
    else:
        return
    if strategy._pending_results > 0:
        lock = strategy._tqm._callback_lock
        lock.release()
        try:
            strategy._wait_on_pending_results(iterator)
        finally:
            lock.acquire()


def pattern(play):
    """A play's host pattern as one text."""
    hosts = play.hosts
    return ",".join(str(host) for host in hosts) if isinstance(hosts, (list, tuple)) else str(hosts)


def count_tasks(play):
    """How many tasks a play will announce, as far as is known before it runs; None if that cannot be said."""
    try:
        from ansible import constants, context

        options = context.CLIARGS
        only = list(options.get("tags") or ["all"])
        skip = list(options.get("skip_tags") or [])
        chooses = bool(skip) or only != ["all"]

        def chosen(task):
            if getattr(task, "implicit", False) or task.action in ("meta", "ansible.builtin.meta", "ansible.legacy.meta"):
                return 0
            return 1 if not chooses or task.evaluate_tags(only, skip, {}) else 0

        def in_blocks(blocks):
            total = 0
            for entry in blocks or ():
                if hasattr(entry, "block"):
                    total += in_blocks(entry.block) + in_blocks(entry.always)
                else:
                    total += chosen(entry)
            return total

        def in_role(role):
            return sum(in_role(other) for other in role.get_direct_dependencies()) + in_blocks(role._task_blocks)

        gathers = play.gather_facts
        if gathers is None:
            gathers = constants.DEFAULT_GATHERING != "explicit"
        elif isinstance(gathers, str):  # not yet converted at this point
            gathers = gathers.lower() not in ("no", "n", "false", "f", "off", "0")
        total = 1 if gathers else 0
        total += in_blocks(play.pre_tasks) + in_blocks(play.tasks) + in_blocks(play.post_tasks)
        return total + sum(in_role(role) for role in play.roles if not role.from_include)
    except Exception:  # pylint: disable=broad-except
        return None
