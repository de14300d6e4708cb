/// What a list leaves blank in a script; shown before launch.
package struct TemplateReport: Equatable, Sendable {
    /// Rows looked at.
    package private(set) var rows = 0
    /// Per field that would leave a hole (no fallback, not guarded by a condition): rows lacking it.
    package private(set) var missing: [String: Int] = [:]
    /// Per such field, the first rows that lack it, counted from 1; at most ``examplesMax`` each.
    package private(set) var examples: [String: [Int]] = [:]
    /// Rows with at least one hole.
    package private(set) var rowsWithHoles = 0

    package static let examplesMax = 10
    private let template: Template

    package init(_ template: Template) { self.template = template }

    /// Counts one person's values, by normalised field name.
    package mutating func add(_ values: [String: String]) {
        rows += 1
        let holes = template.holes(values)
        if !holes.isEmpty { rowsWithHoles += 1 }
        for name in holes {
            missing[name, default: 0] += 1
            if examples[name, default: []].count < Self.examplesMax {
                examples[name, default: []].append(rows)
            }
        }
    }
}

extension Template {
    /// Fields that this person's text would show as nothing at all.
    package func holes(_ values: [String: String]) -> Set<String> {
        var holes: Set<String> = []
        Self.collectHoles(nodes, values, into: &holes)
        return holes
    }

    /// Fields the script reads that no column of the list provides, in order of appearance.
    package func fieldsMissing(from columns: [String]) -> [String] {
        let known = Set(columns.map(Self.fieldName))
        return fields.filter { !known.contains($0) }
    }

    /// What `rows` leave blank; see ``TemplateReport``.
    package func report(over rows: some Sequence<[String: String]>) -> TemplateReport {
        var report = TemplateReport(self)
        for row in rows { report.add(row) }
        return report
    }

    private static func collectHoles(
        _ nodes: [Node], _ values: [String: String], into holes: inout Set<String>
    ) {
        for node in nodes {
            switch node {
            case .text: break
            case .field(let name, let fallback):
                if fallback == nil, !isPresent(values[name]) { holes.insert(name) }
            case .condition(let name, let wanted, let then, let otherwise):
                let branch = isPresent(values[name]) == wanted ? then : otherwise
                collectHoles(branch, values, into: &holes)
            }
        }
    }
}
