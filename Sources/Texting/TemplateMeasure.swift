/// Measures the merged texts of a whole list without building them.
///
/// The script's own words are summed up once; a row costs a walk over its values. Rows are given
/// as columns in a fixed order, as an import reads them.
package struct TemplateMeasure: Sendable {
    private let steps: [Step]

    private enum Step: Sendable {
        case piece(MeasuredPiece)
        case column(Int?, fallback: MeasuredPiece?)
        /// Goes on at `next` unless the column's presence is as wanted.
        case skip(Int?, unlessPresent: Bool, next: Int)
        case jump(Int)
    }

    /// - Parameter columns: headings of the list, in the order of the rows to come.
    package init(_ template: Template, columns: [String]) {
        var index: [String: Int] = [:]
        for (position, heading) in columns.enumerated().reversed() {
            index[Template.fieldName(heading)] = position
        }
        var steps: [Step] = []
        Self.compile(template.nodes, index, into: &steps)
        self.steps = steps
    }

    /// The measure of one person's text; a column beyond the end of the row is missing.
    package func measure(_ row: [String]) -> Measure {
        var counter = MeasureCounter()
        var position = 0
        while position < steps.count {
            switch steps[position] {
            case .piece(let piece): counter.add(piece)
            case .column(let column, let fallback):
                if let column, Self.isPresent(row, column) {
                    counter.add(row[column])
                } else if let fallback {
                    counter.add(fallback)
                }
            case .skip(let column, let wanted, let next):
                let isPresent = column.map { Self.isPresent(row, $0) } ?? false
                if isPresent != wanted {
                    position = next
                    continue
                }
            case .jump(let next):
                position = next
                continue
            }
            position += 1
        }
        return counter.measure
    }

    /// As ``Template/isPresent(_:)``, with a quick answer for values that begin with ASCII.
    private static func isPresent(_ row: [String], _ column: Int) -> Bool {
        guard column < row.count, let first = row[column].utf8.first else { return false }
        return first > 0x20 && first < 0x80 || Template.isPresent(row[column])
    }

    private static func compile(
        _ nodes: [Template.Node], _ index: [String: Int], into steps: inout [Step]
    ) {
        for node in nodes {
            switch node {
            case .text(let text): steps.append(.piece(MeasuredPiece(text)))
            case .field(let name, let fallback):
                steps.append(.column(index[name], fallback: fallback.map(MeasuredPiece.init)))
            case .condition(let name, let wanted, let then, let otherwise):
                let test = steps.count
                steps.append(.jump(0))
                compile(then, index, into: &steps)
                let leave = steps.count
                steps.append(.jump(0))
                steps[test] = .skip(index[name], unlessPresent: wanted, next: steps.count)
                compile(otherwise, index, into: &steps)
                steps[leave] = .jump(steps.count)
            }
        }
    }
}
