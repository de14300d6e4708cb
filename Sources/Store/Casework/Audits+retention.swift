import Foundation
import Postgres

extension Audits {
    /// What retention would take tonight, by kind, sort and month, and what legal holds keep of it:
    /// ``Retention/preview(organisation:now:)``.
    package func retention(organisation: Int32, now: Date = Date()) async throws -> AuditAnswer {
        let previews = try await Retention(database: database).preview(
            organisation: organisation, now: now)
        var answer = AuditAnswer("retention")
        answer.columns = ["kind", "kept for days", "what", "month", "due", "held"]
        for preview in previews {
            let name = preview.kind.rawValue
            let days = preview.days.map(String.init) ?? "for ever"
            if preview.parts.isEmpty { answer.rows.append([name, days, "-", "-", "0", "0"]) }
            for part in preview.parts {
                answer.rows.append(
                    [name, days, part.source, part.month, "\(part.due)", "\(part.held)"])
            }
            if preview.days != nil { answer.counts[name] = preview.due }
        }
        return answer
    }
}
