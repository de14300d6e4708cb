"""Number patterns become tables of states, so that no pattern is interpreted while the gateway runs.

The patterns of libphonenumber are regular over ten digits and bounded in length. Each becomes an
ordered list of threads, as in Pike's matcher; the list after every possible digit is a state, and
states with equal futures are stored once, whatever pattern they came from.
"""

try:
    from re import _parser as grammar
except ImportError:  # Python 3.10 and older
    import sre_parse as grammar

DIGITS = range(10)
ALL = (1 << 10) - 1
MAX_DIGITS = 24  # nothing in the metadata accepts more; longer input is refused before


class Pattern:
    """A pattern as a graph of instructions: digit sets, ordered splits, group marks, end, match."""

    def __init__(self, text, whole):
        self.code = []
        self.groups = 0
        tree = grammar.parse(text)
        match = self._emit(("match",))
        start = self._emit(("end", match)) if whole else match
        self.start = self._sequence(tree, start)
        self.groups = tree.state.groups - 1

    def _emit(self, instruction):
        self.code.append(instruction)
        return len(self.code) - 1

    def _sequence(self, items, following):
        for operation, value in reversed(list(items)):
            following = self._item(str(operation), value, following)
        return following

    def _item(self, operation, value, following):
        if operation == "LITERAL":
            return self._emit(("digit", 1 << int(chr(value)), following))
        if operation == "IN":
            return self._emit(("digit", digit_set(value), following))
        if operation == "BRANCH":
            ways = [self._sequence(way, following) for way in value[1]]
            return self._emit(("split", ways))
        if operation == "SUBPATTERN":
            group, _, _, items = value
            if group is None:
                return self._sequence(items, following)
            closing = self._emit(("mark", 2 * group - 1, following))
            return self._emit(("mark", 2 * group - 2, self._sequence(items, closing)))
        if operation == "MAX_REPEAT":
            least, most, items = value
            leave = following
            for _ in range(min(int(most), MAX_DIGITS) - least):
                # More is preferred to less, as in every greedy repetition.
                following = self._emit(("split", [self._sequence(items, following), leave]))
            for _ in range(least):
                following = self._sequence(items, following)
            return following
        if operation == "AT":
            return self._emit(("end", following))
        raise ValueError(f"no rule for {operation} in a number pattern")

    def closure(self, entry, marks, depth, at_end, threads, seen):
        """Appends the threads reachable from `entry`; tells whether one of them has matched."""
        if entry in seen:
            return None
        seen.add(entry)
        instruction = self.code[entry]
        kind = instruction[0]
        if kind == "match":
            return (depth, marks)
        if kind == "digit":
            threads.append((entry, marks))
            return None
        if kind == "mark":
            marked = list(marks)
            marked[instruction[1]] = depth
            return self.closure(instruction[2], tuple(marked), depth, at_end, threads, seen)
        if kind == "split":
            for way in instruction[1]:
                matched = self.closure(way, marks, depth, at_end, threads, seen)
                if matched:
                    return matched
            return None
        if at_end:
            return self.closure(instruction[1], marks, depth, at_end, threads, seen)
        threads.append((entry, marks))
        return None

    def first(self):
        """The state before any digit: (threads in order of preference, best match so far)."""
        threads = []
        best = self.closure(self.start, (None,) * (2 * self.groups), 0, False, threads, set())
        return (tuple(threads), best)

    def next(self, state, digit, depth):
        """The state after one more digit, `depth` counting it."""
        threads, seen = [], set()
        for entry, marks in state[0]:
            instruction = self.code[entry]
            if instruction[0] != "digit" or not instruction[1] >> digit & 1:
                continue
            matched = self.closure(instruction[2], marks, depth, False, threads, seen)
            if matched:  # what comes after is less preferred
                return (tuple(threads), matched)
        return (tuple(threads), state[1])

    def outcome(self, state, depth):
        """The match if the digits end here: (length, marks), or None."""
        seen = set()
        for entry, marks in state[0]:
            if self.code[entry][0] == "end":
                matched = self.closure(entry, marks, depth, True, [], seen)
                if matched:
                    return matched
        return state[1]


def digit_set(items):
    """A character class as ten bits."""
    bits = 0
    for operation, value in items:
        if str(operation) == "LITERAL":
            bits |= 1 << int(chr(value))
        elif str(operation) == "RANGE":
            for code in range(value[0], value[1] + 1):
                bits |= 1 << int(chr(code))
        else:
            bits |= ALL  # \d
    return bits


class Nodes:
    """All states of all automata, each distinct future once; node 0 accepts nothing, ever."""

    def __init__(self):
        self.nodes = [(0, (0,) * 10)]
        self.index = {self.nodes[0]: 0}

    def add(self, output, children):
        node = (output, children)
        if node not in self.index:
            self.index[node] = len(self.nodes)
            self.nodes.append(node)
        return self.index[node]

    def build(self, patterns, output):
        """The root for several patterns read side by side.

        `output(outcomes, depth)` turns their outcomes, if the digits end there, into a small
        number; 0 means nothing.
        """
        known = {}

        def visit(states, depth):
            live = any(state[0] for state in states)
            key = (states, depth)
            if key in known:
                return known[key]
            value = output([p.outcome(s, depth) for p, s in zip(patterns, states)], depth)
            children = (0,) * 10
            if live and depth < MAX_DIGITS:
                children = tuple(
                    visit(tuple(p.next(s, d, depth + 1) for p, s in zip(patterns, states)), depth + 1)
                    for d in DIGITS
                )
            elif not live and value:
                # A prefix has been found, and no further digit changes that: stay here.
                settled = [state[1] for state in states]
                assert all(output(settled, d) == value for d in range(depth, MAX_DIGITS))
                children = "stay"
            known[key] = self.add(value, children)
            return known[key]

        return visit(tuple(p.first() for p in patterns), 0)

    def resolved(self):
        """The nodes with every `stay` replaced by the node's own number."""
        return [
            (output, (number,) * 10 if children == "stay" else children)
            for number, (output, children) in enumerate(self.nodes)
        ]
