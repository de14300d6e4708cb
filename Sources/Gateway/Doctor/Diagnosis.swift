/// What one check of `doctor` found: fine, or wrong with the cure.
struct Diagnosis: Sendable, Encodable, Equatable {
    /// What was looked at, in the words of the house.
    var check: String
    var isFine: Bool
    /// What was found, as a sentence or a figure.
    var found: String
    /// What to do about it; nil where nothing has to be done.
    var cure: String?

    static func fine(_ check: String, _ found: String) -> Self {
        Self(check: check, isFine: true, found: found, cure: nil)
    }

    static func wrong(_ check: String, _ found: String, cure: String) -> Self {
        Self(check: check, isFine: false, found: found, cure: cure)
    }

    /// One line for people.
    var line: String {
        let mark = isFine ? "ok   " : "WRONG"
        return "\(mark)  \(check): \(found)" + (cure.map { " \($0)" } ?? "")
    }

    enum CodingKeys: String, CodingKey { case check, isFine = "ok", found, cure }
}
