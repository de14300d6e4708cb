"""Numbering plans of all countries, from the metadata of the package `phonenumbers`."""

import re

from phonenumbers import phonemetadata, phonenumberutil
from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as REGIONS

from automaton import Nodes, Pattern
from binary import Table

# The order of the types in `PhoneNumber.Kind`; 0 is unknown.
KINDS = [
    "unknown", "fixed_line", "mobile", "fixed_line_or_mobile", "toll_free", "premium_rate",
    "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail",
]
# A number that fits several types is the first of these.
PRECEDENCE = [
    "premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan",
    "voicemail",
]
NOWHERE = 0xFF


class Plan:
    """The metadata of one region."""

    def __init__(self, calling_code, region):
        load = phonemetadata.PhoneMetadata.metadata_for_region_or_calling_code
        self.data = load(calling_code, region)
        self.region = region
        self.calling_code = calling_code
        self.descriptions = {}
        for kind in ["general_desc", "fixed_line", "mobile"] + PRECEDENCE:
            description = getattr(self.data, kind)
            if description is not None and description.national_number_pattern:
                lengths = [n for n in description.possible_length if n > 0]
                self.descriptions[kind] = (description.national_number_pattern, lengths)

    def kind(self, accepted):
        """The type of a number of which the kinds `accepted` say that it is theirs."""
        if "general_desc" not in accepted:
            return "unknown"
        for kind in PRECEDENCE:
            if kind in accepted:
                return kind
        either = self.data.same_mobile_and_fixed_line_pattern
        if "fixed_line" in accepted:
            return "fixed_line_or_mobile" if either or "mobile" in accepted else "fixed_line"
        return "mobile" if "mobile" in accepted and not either else "unknown"


class Templates:
    """Ways of writing digits anew: letters as they are, ranges as 0x80 + start, end (0xFF: all)."""

    def __init__(self):
        self.list = [b""]

    def number(self, pieces):
        encoded = bytes(pieces)
        if encoded not in self.list:
            self.list.append(encoded)
        return self.list.index(encoded)

    def filled(self, rule, marks):
        """The pieces of a rule such as `(0\\1) \\2` once the groups are known."""
        pieces = []
        for part in re.findall(r"\\\d|.", rule):
            if len(part) == 1:
                pieces += part.encode("ascii")
                continue
            group = 2 * int(part[1]) - 2
            if marks[group] is not None:
                pieces += [0x80 | marks[group], marks[group + 1]]
        return pieces


def mask(lengths):
    return sum(1 << n for n in lengths if n > 0)


def verdict_root(nodes, plans, verdicts):
    """The automaton that tells region and type of a national number of one calling code."""
    patterns, readers = [], []
    known = {}

    def reader(text, whole):
        if (text, whole) not in known:
            known[(text, whole)] = len(patterns)
            patterns.append(Pattern(text, whole))
        return known[(text, whole)]

    for plan in plans:
        leading = plan.data.leading_digits
        readers.append((
            plan,
            None if leading is None else reader(leading, False),
            [(kind, reader(text, True), lengths)
             for kind, (text, lengths) in plan.descriptions.items()],
        ))

    def output(outcomes, depth):
        viable, region, kind = 0, NOWHERE, "unknown"
        for bit, (plan, leading, kinds) in enumerate(readers):
            accepted = {
                name for name, index, lengths in kinds
                if outcomes[index] and (not lengths or depth in lengths)
            }
            general = [index for name, index, _ in kinds if name == "general_desc"]
            if general and outcomes[general[0]]:
                viable |= 1 << bit
            if region != NOWHERE:
                continue
            own = plan.kind(accepted)
            led = leading is not None and outcomes[leading] is not None
            if len(plans) == 1 or led or (leading is None and own != "unknown"):
                region, kind = bit, own
        if region == NOWHERE and not viable:
            return 0
        verdict = (region, KINDS.index(kind), viable)
        if verdict not in verdicts:
            verdicts[verdict] = len(verdicts)
        return verdicts[verdict]

    return nodes.build(patterns, output)


def prefix_root(nodes, plan, templates):
    """The automaton that rewrites a number dialled within the country into its national number."""
    text = plan.data.national_prefix_for_parsing
    if not text:
        return 0
    pattern = Pattern(text, False)
    rule = plan.data.national_prefix_transform_rule

    def output(outcomes, depth):
        if outcomes[0] is None:
            return 0
        end, marks = outcomes[0]
        pieces = []
        if rule and marks and marks[-1] is not None:
            pieces = templates.filled(rule, marks)
        return templates.number(pieces + [0x80 | end, 0xFF])

    return nodes.build([pattern], output)


def exit_root(nodes, plan):
    """The automaton that finds the length of an international prefix, plus one."""
    text = plan.data.international_prefix
    if not text:
        return 0
    return nodes.build([Pattern(text, False)], lambda out, _: out[0][0] + 1 if out[0] else 0)


def format_root(nodes, plan, templates):
    """The automaton that picks the way a national number is written at home."""
    patterns, formats = [], []
    for form in plan.data.number_format:
        leading = form.leading_digits_pattern
        leading_index = None
        if leading:
            leading_index = len(patterns)
            patterns.append(Pattern(leading[-1], False))
        rule = form.format
        if form.national_prefix_formatting_rule:
            # As published, `$1` in the rule stands for the first group of the format.
            first = form.national_prefix_formatting_rule
            rule = re.sub(r"\\\d", lambda m: first.replace("\\1", m[0]), rule, count=1)
        formats.append((leading_index, len(patterns), rule))
        patterns.append(Pattern(form.pattern, True))

    def output(outcomes, _):
        for leading, whole, rule in formats:
            if (leading is None or outcomes[leading]) and outcomes[whole]:
                return templates.number(templates.filled(rule, outcomes[whole][1]))
        return 0

    return nodes.build(patterns, output) if patterns else 0


def tables(heading):
    """The bytes of `phone-numbers.bin`."""
    nodes, templates, verdicts = Nodes(), Templates(), {(NOWHERE, 0, 0): 0}
    regions, codes = [], []
    for calling_code, names in sorted(REGIONS.items()):
        plans = [Plan(calling_code, name) for name in names]
        first = len(regions)
        for bit, plan in enumerate(plans):
            general = plan.data.general_desc
            regions.append((
                b"\0\0" if plan.region == "001" else plan.region.encode(), calling_code,
                exit_root(nodes, plan), prefix_root(nodes, plan, templates), bit,
                mask(general.possible_length), mask(general.possible_length_local_only),
            ))
        geographic = calling_code in phonenumberutil._GEO_MOBILE_COUNTRIES
        codes.append((
            calling_code, verdict_root(nodes, plans, verdicts),
            format_root(nodes, plans[0], templates), first, len(plans), int(geographic),
        ))
    table = Table(*heading)
    table.nodes(nodes)
    for template in table.count(templates.list):
        table.text(template)
    for region, kind, viable in table.count(list(verdicts)):
        table.values("BBI", region, kind, viable)
    for name, *values in table.count(regions):
        table.bytes += name
        table.values("HHHBII", *values)
    for values in table.count(codes):
        table.values("HHHHBB", *values)
    return table.bytes, len(nodes.nodes)
