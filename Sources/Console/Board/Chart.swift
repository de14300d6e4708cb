import Foundation

/// The lines and letters of a chart, computed here: browsers get finished SVG.
///
/// Units are those of the view box, 360 × 170; the axis starts at zero.
struct Chart: Sendable {
    static let size = (width: 360.0, height: 170.0)
    private static let edge = (left: 44.0, right: 8.0, top: 12.0, bottom: 26.0)

    let values: [Double]
    let top: Double
    /// A line across, e.g. the limit of a rate.
    let limit: Double?

    init(_ values: [Double], limit: Double? = nil) {
        self.values = values
        self.limit = limit
        top = Self.nice(max(values.max() ?? 0, (limit ?? 0) * 1.15))
    }

    /// What is drawn: a level line where there is only one value yet, since a point shows nothing.
    private var points: [Double] { values.count == 1 ? values + values : values }

    /// The path of the values, from left to right.
    var path: String {
        points.enumerated().map { place, value in
            "\(place == 0 ? "M" : "L")\(Self.text(x(place))) \(Self.text(y(value)))"
        }.joined()
    }

    /// The same closed along the axis, to be filled.
    var area: String {
        guard !values.isEmpty else { return "" }
        let floor = Self.text(y(0))
        return path + "L\(Self.text(x(points.count - 1))) \(floor)L\(Self.text(x(0))) \(floor)Z"
    }

    var limitY: String? { limit.map { Self.text(y($0)) } }

    /// Zero, half and top, with where they lie.
    var ticks: [(y: String, value: Double)] {
        [0, top / 2, top].map { (Self.text(y($0)), $0) }
    }

    /// Where the first and the last value stand.
    var ends: (first: String, last: String) {
        (Self.text(Self.edge.left), Self.text(Self.size.width - Self.edge.right))
    }

    private func x(_ place: Int) -> Double {
        let room = Self.size.width - Self.edge.left - Self.edge.right
        let steps = Double(max(1, values.count - 1))
        return Self.edge.left + room * Double(place) / steps
    }

    private func y(_ value: Double) -> Double {
        let room = Self.size.height - Self.edge.top - Self.edge.bottom
        return Self.size.height - Self.edge.bottom - room * min(1, value / top)
    }

    /// The next of 1, 2, 4, 5, 10, 20, … that holds a value: halves stay round.
    private static func nice(_ value: Double) -> Double {
        guard value > 0 else { return 1 }
        let power = pow(10, (log10(value)).rounded(.down))
        return [1, 2, 4, 5, 10].map { $0 * power }.first { $0 >= value } ?? value
    }

    private static func text(_ value: Double) -> String {
        String(Double((value * 10).rounded() / 10))
    }
}
